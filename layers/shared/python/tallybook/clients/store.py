"""Clients in the table: one read to read one, one transaction to change one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from tallybook.authors import By
from tallybook.clients import attention, numbers
from tallybook.clients.index import favourite, guard, tokenize
from tallybook.clients.mapping import enter, entered, id_of, to_client
from tallybook.clients.models import Client, ClientPatch, NewClient
from tallybook.clients.presence import current
from tallybook.clients.records import ClientRecord, is_there
from tallybook.clients.rules import changed_fields
from tallybook.contacts.household import household
from tallybook.dates import timestamp
from tallybook.errors import ClientNotFound, InvalidField
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.models import merged_into
from tallybook.portal.rules import is_withdrawn
from tallybook.portal.standing import own, withdraw
from tallybook.staff.guard import must_be_active
from tallybook.table import differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

type Edit = Callable[[ClientRecord], None]


@dataclass(frozen=True)
class Told:
    """What the client's history says of a change, and the event that it is for others."""

    text: str
    event: str | None = None


def get(client_id: str, *, by: str, at: datetime) -> Client:
    return to_client(current(client_id), by, at)


def change(
    client_id: str, patch: ClientPatch, *, by: By, at: datetime, if_match: str | None
) -> Client:
    """Merge `patch` into the client. Raises what `create` raises, and `StaleVersion`."""
    document = patch.model_dump(exclude_unset=True)
    for always in ("number", "currency"):
        if always in document and document[always] is None:
            raise InvalidField(always, "A client always has one; it cannot be cleared.")

    def edit(record: ClientRecord) -> None:
        merged = merged_into(NewClient, entered(record), document)
        enter(record, merged)

    return _edit(client_id, edit, None, by=by, at=at, if_match=if_match)


def suspend(client_id: str, reason: str | None, *, by: By, at: datetime, once: Once) -> Client:
    """Suspend the client; one that is suspended stays as it is."""

    def edit(record: ClientRecord) -> None:
        if record.suspended is None:
            record.suspended = {"at": timestamp(at), "by": by.staff_id, "reason": reason}
            record.row.status = "suspended"

    what = Told(f"Suspended: {reason}" if reason else "Suspended", "client.suspended")
    return _edit(client_id, edit, what, by=by, at=at, once=once)


def activate(client_id: str, *, by: By, at: datetime, once: Once) -> Client:
    def edit(record: ClientRecord) -> None:
        record.suspended = record.row.status = None

    what = Told("Activated", "client.activated")
    return _edit(client_id, edit, what, by=by, at=at, once=once)


def flag(
    client_id: str, reason: str | None, *, by: By, at: datetime, if_match: str | None
) -> Client:
    """Flag the client with a reason, or clear its flag (None)."""

    def edit(record: ClientRecord) -> None:
        flagged = {"reason": reason, "by": by.staff_id, "at": timestamp(at)}
        record.row.flag = flagged if reason is not None else None

    what = Told("Flag cleared" if reason is None else f"Flagged: {reason}")
    return _edit(client_id, edit, what, by=by, at=at, if_match=if_match)


def set_favourite(
    client_id: str, *, by: str, at: datetime, on: bool, if_match: str | None
) -> Client:
    """Mark or unmark the client as a favourite of `by`. Others' view of it does not change."""
    record = current(client_id)
    must_match(if_match, etag(int(record.version)))
    mark = Path(["row", "favourites", by])
    transaction = Transaction()
    transaction.update(
        record,
        [mark.set({"N": "1"}) if on else mark.remove()],
        is_there(),
        lambda _: ClientNotFound(),
    )
    if on:
        transaction.put(favourite(by, client_id))
    else:
        transaction.delete(favourite(by, client_id))
    transaction.commit()
    if on:
        record.row.favourites[by] = 1
    else:
        record.row.favourites.pop(by, None)
    return to_client(record, by, at)


def _edit(
    client_id: str,
    edit: Edit,
    what: Told | None,
    *,
    by: By,
    at: datetime,
    if_match: str | None = None,
    once: Once | None = None,
) -> Client:
    """Read the client, let `edit` change the record, and write what differs in one transaction.

    The client's history is told `what` was done; None: which of its fields were changed.
    """

    def attempt() -> Client:
        before, after = _twice(current(client_id))
        must_match(if_match, etag(int(before.version)))
        edit(after)
        following, transaction = Transaction(), Transaction()
        if is_changed := bool(differences(before, after)):
            condition = _follow(following, before, after, what, by=by, at=at)
        client = to_client(after, by.staff_id, at)
        if once:
            once.claim(transaction, client)
        if is_changed:
            transaction.update(before, differences(before, after), condition, version_changed)
        transaction.extend(following)
        check_references(transaction, before, after)
        guard(transaction, before, after)
        tokenize(transaction, before, after)
        if after.row.number == before.row.number:
            transaction.commit()
        else:
            sequence = numbers.take_by_hand(transaction, after.row.number)
            transaction.commit()
            numbers.remember(sequence)
        return client

    return until_unchanged(attempt)


def _follow(
    transaction: Transaction,
    before: ClientRecord,
    after: ClientRecord,
    what: Told | None,
    *,
    by: By,
    at: datetime,
) -> Condition:
    """Add what follows from a change of the client: its entry in the history, and the end of the
    portal access of a client that was invited at an address it has no longer.

    Returns the condition on which the change is written.
    """
    after.version, after.updated_at = int(before.version) + 1, timestamp(at)
    if attention.decides(before, after):
        attention.call(after, at)
    client_id = id_of(before)
    if what is None:
        fields = changed_fields(entered(before), entered(after))
        what = Told(f"Changed: {', '.join(fields)}" if fields else "Changed")
    told = entry(client_id, "client", at=at, by=by, text=what.text, event=what.event)
    transaction.put(told)
    condition: Condition = ClientRecord.version == before.version
    if is_withdrawn(own(before), after.row.emails or []):
        found = household(client_id)  # all contacts decide how the client stands
        condition &= withdraw(transaction, found, None, after, by=by, at=at)
    return condition


def _twice(record: ClientRecord) -> tuple[ClientRecord, ClientRecord]:
    """The record and a copy of it to change."""
    return record, read(ClientRecord, record.serialize())


def check_references(
    transaction: Transaction, before: ClientRecord | None, after: ClientRecord
) -> None:
    """Make `transaction` fail when the client newly names a member or workflow that is missing."""
    specialist, workflow = after.row.ar_specialist, after.workflow_id
    if specialist and (before is None or specialist != before.row.ar_specialist):
        must_be_active(transaction, specialist, field="ar_specialist")
    if workflow and (before is None or workflow != before.workflow_id):
        must_exist(transaction, workflow)
