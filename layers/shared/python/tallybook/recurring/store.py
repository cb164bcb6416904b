"""A client's recurring invoices: made, read, changed, paused, resumed and deleted."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.errors import InvalidField, RecurringInvoiceEnded, RecurringInvoiceNotPaused
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.ledger.books import Books, look_up
from tallybook.models import merged_into
from tallybook.money import amount_text
from tallybook.recurring.entering import (
    must_be_of_our_times,
    must_not_be_too_many,
    must_run,
    write_up,
)
from tallybook.recurring.mapping import (
    key,
    next_of,
    place,
    resume,
    skip,
    stored_request,
    to_recurring,
)
from tallybook.recurring.models import (
    NewRecurringInvoice,
    RecurringInvoice,
    RecurringInvoicePatch,
    RecurringPause,
    RecurringResumption,
)
from tallybook.recurring.reading import with_recurring
from tallybook.recurring.records import RecurringRecord
from tallybook.table import absent, differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

_WORKFLOW = "template.workflow_id"


def create(
    client_id: str, new: NewRecurringInvoice, *, by: By, at: datetime, once: Once
) -> RecurringInvoice:
    """One BatchGetItem and one transaction.

    Raises `ClientNotFound`, and `InvalidFields` when no invoice could be made of it.
    """
    found = look_up(client_id, at=at)
    recurring_id, made = new_id(at), timestamp(at)
    record = RecurringRecord(*key(client_id, recurring_id), updated_at=made, made=0, version=1)
    record.row = {"client_id": client_id, "recurring_id": recurring_id, "created_at": made}
    record.listing_pk, record.listing_sk = "RECURRING", recurring_id
    write_up(record, new, found, at=at)
    must_run(record)
    must_be_of_our_times(record, found.today)
    must_not_be_too_many(record, found.today, "start_date")
    result = to_recurring(record)
    transaction = Transaction()
    once.claim(transaction, result)
    transaction.put(record, absent(RecurringRecord))
    presence.stays(transaction, client_id)
    if new.template.workflow_id:
        must_exist(transaction, new.template.workflow_id, field=_WORKFLOW)
    amount = amount_text(Decimal(record.row["total"]), result.currency)
    _tell(
        transaction, record, f"made: {amount} {result.currency} {new.frequency}", "created", by, at
    )
    transaction.commit()
    return result


def get(client_id: str, recurring_id: str, *, at: datetime) -> RecurringInvoice:
    """One BatchGetItem. Raises `ClientNotFound` and `RecurringInvoiceNotFound`."""
    _, record = with_recurring(client_id, recurring_id, at=at)
    return to_recurring(record)


def change(
    client_id: str,
    recurring_id: str,
    patch: RecurringInvoicePatch,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
) -> RecurringInvoice:
    """Merge `patch`; it counts from the next run on. Raises `StaleVersion` and `InvalidFields`."""
    document = patch.model_dump(mode="json", exclude_unset=True)

    def attempt() -> RecurringInvoice:
        found, before = with_recurring(client_id, recurring_id, at=at)
        must_match(if_match, etag(int(before.version)))
        stored = stored_request(before)
        new = merged_into(NewRecurringInvoice, stored, document)
        after = read(RecurringRecord, before.serialize())
        write_up(after, new, found, at=at)
        if stored_request(after) == stored:
            return to_recurring(before)
        if after.schedule["start_date"] != before.schedule["start_date"]:
            must_be_of_our_times(after, found.today)
        if after.schedule != before.schedule and not after.paused:
            _goes_on(before, after, found)
            must_not_be_too_many(after, found.today, "start_date")
        transaction = Transaction()
        workflow_id = new.template.workflow_id
        if workflow_id and workflow_id != before.template.get("workflow_id"):
            must_exist(transaction, workflow_id, field=_WORKFLOW)
        changed = stored_request(after)
        names = [n for n in sorted({*stored, *changed}) if stored.get(n) != changed.get(n)]
        what = f"changed: {', '.join(names)}"
        return _commit(transaction, before, after, what, "changed", by, at)

    return until_unchanged(attempt)


def _goes_on(before: RecurringRecord, after: RecurringRecord, found: Books) -> None:
    """A changed schedule makes nothing of days that are over, unless they were due before it."""
    if before.last_date is None:  # nothing was made yet: it is as if entered anew
        return
    waiting = next_of(before)
    if waiting is None or waiting > found.today:
        skip(after, found.today)
        place(after, found.settings.time_zone)


def pause(
    client_id: str,
    recurring_id: str,
    how: RecurringPause,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> RecurringInvoice:
    """Pause it, or pause it otherwise. Raises `RecurringInvoiceEnded` and `StaleVersion`.

    And `InvalidField` when it would go on today, or before.
    """

    def attempt() -> RecurringInvoice:
        found, before = with_recurring(client_id, recurring_id, at=at)
        must_match(if_match, etag(int(before.version)))
        if before.row["status"] == "ended":
            raise RecurringInvoiceEnded
        if how.until and how.until <= found.today:
            raise InvalidField("until", "It must lie ahead.")
        after = read(RecurringRecord, before.serialize())
        after.paused = how.model_dump(mode="json", exclude_none=True) | {
            "at": timestamp(at),
            "by": by.model_dump(),
        }
        place(after, found.settings.time_zone)
        what = f"paused until {how.until}" if how.until else "paused"
        return _commit(Transaction(), before, after, what, "paused", by, at, once)

    return until_unchanged(attempt)


def start_again(
    client_id: str,
    recurring_id: str,
    how: RecurringResumption,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> RecurringInvoice:
    """End its pause. Raises `RecurringInvoiceNotPaused` and `StaleVersion`.

    And `InvalidField` when more would be made up for than anybody means.
    """

    def attempt() -> RecurringInvoice:
        found, before = with_recurring(client_id, recurring_id, at=at)
        must_match(if_match, etag(int(before.version)))
        if not before.paused:
            raise RecurringInvoiceNotPaused
        catch_up = before.paused["catch_up"] if how.catch_up is None else how.catch_up
        after = read(RecurringRecord, before.serialize())
        resume(after, found.today, catch_up=catch_up)
        must_not_be_too_many(after, found.today, "catch_up")
        place(after, found.settings.time_zone)
        what = "resumed; what was left out is made" if catch_up else "resumed"
        return _commit(Transaction(), before, after, what, "resumed", by, at, once)

    return until_unchanged(attempt)


def delete(
    client_id: str, recurring_id: str, *, by: By, at: datetime, if_match: str | None
) -> None:
    """Delete it; the invoices that it made stay. Raises `StaleVersion`."""

    def attempt() -> None:
        _, record = with_recurring(client_id, recurring_id, at=at)
        must_match(if_match, etag(int(record.version)))
        transaction = Transaction()
        is_as_read = RecurringRecord.version == record.version
        transaction.delete(record, is_as_read, version_changed)
        presence.stays(transaction, client_id)
        _tell(transaction, record, "deleted", "deleted", by, at)
        transaction.commit()

    until_unchanged(attempt)


def _commit(
    transaction: Transaction,
    before: RecurringRecord,
    after: RecurringRecord,
    text: str,
    what: str,
    by: By,
    at: datetime,
    once: Once | None = None,
) -> RecurringInvoice:
    after.version, after.updated_at = int(before.version) + 1, timestamp(at)
    result = to_recurring(after)
    if once:
        once.claim(transaction, result)
    is_as_read = RecurringRecord.version == before.version
    transaction.update(before, differences(before, after), is_as_read, version_changed)
    presence.stays(transaction, result.client_id)
    _tell(transaction, after, text, what, by, at)
    transaction.commit()
    return result


def _tell(
    transaction: Transaction, record: RecurringRecord, text: str, what: str, by: By, at: datetime
) -> None:
    row: dict[str, Any] = record.row
    name = f"Recurring invoice {row['name']!r}" if "name" in row else "Recurring invoice"
    told = {"recurring_id": row["recurring_id"], "what": f"recurring_{what}"}
    transaction.put(entry(row["client_id"], "invoice", at=at, by=by, text=f"{name} {text}", **told))
