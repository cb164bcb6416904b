"""Clients in the table: one read to read one, one transaction to change one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from functools import cache
from typing import Any

from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from tallybook.clients.index import favourite, guard, numbers, tokenize
from tallybook.clients.mapping import enter, entered, new_record, partition, to_client
from tallybook.clients.models import Client, ClientPatch, Latest, NewClient, Overview
from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp
from tallybook.errors import Busy, ClientHasInvoices, ClientNotFound, InvalidField, NumberTaken
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.models import merged_into
from tallybook.settings import store as settings_store
from tallybook.staff.guard import must_be_active
from tallybook.table import (
    Item,
    Transaction,
    absent,
    decode,
    differences,
    find,
    query_prefix,
    read,
)
from tallybook.telephones import normalise
from tallybook.versions import VersionChanged, etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

type Edit = Callable[[ClientRecord], None]

LATEST = {
    "invoices": "INVOICE#",
    "estimates": "ESTIMATE#",
    "recurring": "RECURRING#",
    "payments": "PAYMENT#",
    "emails": "EMAIL#",
}
_SHOWN = 5
_RACES = 3


def create(new: NewClient, *, by: str, at: datetime, once: Once) -> Client:
    """Create a client; without a number it gets the next one of the sequence.

    One transaction, on the condition that the settings and the sequence are as this container
    remembers them. Who loses that race a few times reads the settings and reserves a number first.
    Raises `NumberTaken`, `EmailTaken`, and `InvalidField` for an unknown AR specialist or workflow.
    """
    client_id = new_id(at)
    lost = skipped = 0  # races; numbers of the sequence that were given by hand

    def attempt() -> Client:
        nonlocal lost, skipped
        alone = lost >= _RACES
        settings = settings_store.get() if alone else settings_store.remembered()
        pattern = settings.numbering.client
        number = new.number or numbers.draw(pattern, skip=skipped, alone=alone)
        record = _new_record(client_id, new, number, settings.currency, at=at)
        client = to_client(record, by)
        transaction = Transaction()
        once.claim(transaction, client)
        if not alone:
            settings_store.unchanged(transaction, settings)
        following = numbers.take(transaction, pattern, number)
        _check_references(transaction, None, record)
        transaction.put(record, absent(ClientRecord))
        guard(transaction, None, record)
        tokenize(transaction, None, record)
        try:
            transaction.commit()
        except NumberTaken:
            if new.number:
                raise
            skipped = 2 * skipped + 1
            raise VersionChanged from None
        except Busy:
            if alone:
                raise
            lost = _RACES
            raise VersionChanged from None
        except VersionChanged:
            lost += 1
            raise
        numbers.remember(following)
        return client

    return until_unchanged(attempt)


def get(client_id: str, *, by: str) -> Client:
    return to_client(current(client_id), by)


def current(client_id: str) -> ClientRecord:
    """The client's record, read consistently. Raises `ClientNotFound`, also while it is removed."""
    record = find(ClientRecord, partition(client_id), "CLIENT") if is_ulid(client_id) else None
    if record is None or record.removed_at:
        raise ClientNotFound
    return record


def change(
    client_id: str, patch: ClientPatch, *, by: str, at: datetime, if_match: str | None
) -> Client:
    """Merge `patch` into the client. Raises what `create` raises, and `StaleVersion`."""
    document = patch.model_dump(exclude_unset=True)
    for always in ("number", "currency"):
        if always in document and document[always] is None:
            raise InvalidField(always, "A client always has one; it cannot be cleared.")

    def edit(record: ClientRecord) -> None:
        merged = merged_into(NewClient, entered(record), document)
        enter(record, _normalised(merged))

    return _edit(client_id, edit, by=by, at=at, if_match=if_match)


def suspend(client_id: str, reason: str | None, *, by: str, at: datetime, once: Once) -> Client:
    """Suspend the client; one that is suspended stays as it is."""

    def edit(record: ClientRecord) -> None:
        if record.suspended is None:
            record.suspended = {"at": timestamp(at), "by": by, "reason": reason}
            record.row.status = "suspended"

    return _edit(client_id, edit, by=by, at=at, once=once)


def activate(client_id: str, *, by: str, at: datetime, once: Once) -> Client:
    def edit(record: ClientRecord) -> None:
        record.suspended = record.row.status = None

    return _edit(client_id, edit, by=by, at=at, once=once)


def flag(
    client_id: str, reason: str | None, *, by: str, at: datetime, if_match: str | None
) -> Client:
    """Flag the client with a reason, or clear its flag (None)."""

    def edit(record: ClientRecord) -> None:
        flagged = {"reason": reason, "by": by, "at": timestamp(at)}
        record.row.flag = flagged if reason is not None else None

    return _edit(client_id, edit, by=by, at=at, if_match=if_match)


def set_favourite(client_id: str, *, by: str, on: bool, if_match: str | None) -> Client:
    """Mark or unmark the client as a favourite of `by`. Others' view of it does not change."""
    record = current(client_id)
    must_match(if_match, etag(int(record.version)))
    mark = Path(["row", "favourites", by])
    transaction = Transaction()
    transaction.update(
        record,
        [mark.set({"N": "1"}) if on else mark.remove()],
        ClientRecord.pk.exists() & ClientRecord.removed_at.does_not_exist(),
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
    return to_client(record, by)


def delete(
    client_id: str,
    *,
    at: datetime,
    erase: bool = False,
    if_match: str | None = None,
    once: Once | None = None,
) -> None:
    """Hide the client and free its number, address and search tokens, all at once.

    Its other items are removed by the `removals` function. Finalized invoices block it
    (`ClientHasInvoices`) unless `erase`, which keeps the ledger.
    """

    def attempt() -> None:
        record = current(client_id)
        must_match(if_match, etag(int(record.version)))
        if record.finalized_invoices and not erase:
            raise ClientHasInvoices
        transaction = Transaction()
        if once:
            once.claim(transaction, to_client(record, ""))
        _hide(transaction, record, at=timestamp(at), erase=erase)
        guard(transaction, record, None)
        tokenize(transaction, record, None)
        transaction.commit()

    until_unchanged(attempt)


def overview(client_id: str, *, by: str) -> Overview:
    """The client and the newest five of each list: six small reads side by side."""
    reads = _readers()
    lists = {
        name: reads.submit(_latest, client_id, prefix)
        for name, prefix in LATEST.items()
        if is_ulid(client_id)
    }
    try:
        client = get(client_id, by=by)
    finally:  # no read may go on when the container is frozen
        wait(lists.values())
    latest = {name: answer.result() for name, answer in lists.items()}
    return Overview.model_construct(client=client, latest=Latest(**latest))


def _edit(
    client_id: str,
    edit: Edit,
    *,
    by: str,
    at: datetime,
    if_match: str | None = None,
    once: Once | None = None,
) -> Client:
    """Read the client, let `edit` change the record, and write what differs in one transaction."""

    def attempt() -> Client:
        before, after = _twice(current(client_id))
        must_match(if_match, etag(int(before.version)))
        edit(after)
        changes = differences(before, after)
        transaction = Transaction()
        if changes:
            after.version, after.updated_at = int(before.version) + 1, timestamp(at)
            changes = differences(before, after)
        client = to_client(after, by)
        if once:
            once.claim(transaction, client)
        if changes:
            is_unchanged = ClientRecord.version == before.version
            transaction.update(before, changes, is_unchanged, version_changed)
        _check_references(transaction, before, after)
        guard(transaction, before, after)
        tokenize(transaction, before, after)
        transaction.commit()
        return client

    return until_unchanged(attempt)


def _twice(record: ClientRecord) -> tuple[ClientRecord, ClientRecord]:
    """The record and a copy of it to change."""
    return record, read(ClientRecord, record.serialize())


def _check_references(
    transaction: Transaction, before: ClientRecord | None, after: ClientRecord
) -> None:
    """Make `transaction` fail when the client newly names a member or workflow that is missing."""
    specialist, workflow = after.row.ar_specialist, after.workflow_id
    if specialist and (before is None or specialist != before.row.ar_specialist):
        must_be_active(transaction, specialist, field="ar_specialist")
    if workflow and (before is None or workflow != before.workflow_id):
        must_exist(transaction, workflow)


def _hide(transaction: Transaction, record: ClientRecord, *, at: str, erase: bool) -> None:
    changes: list[Action] = [
        ClientRecord.removed_at.set(at),
        ClientRecord.version.set(int(record.version) + 1),
    ]
    changes += [
        attribute.remove()
        for attribute in (
            ClientRecord.listing_pk,
            ClientRecord.listing_sk,
            ClientRecord.by_date_pk,
            ClientRecord.by_date_sk,
        )
    ]
    condition = ClientRecord.version == record.version
    if erase:
        changes.append(ClientRecord.erased.set(1))
    else:  # an invoice finalized since the read adds to this count and not to the version
        condition &= ClientRecord.finalized_invoices.does_not_exist() | (
            ClientRecord.finalized_invoices == 0
        )
    transaction.update(record, changes, condition, version_changed)


def _new_record(
    client_id: str, new: NewClient, number: str, currency: str, *, at: datetime
) -> ClientRecord:
    given = {"number": number, "currency": new.currency or currency}
    complete = _normalised(new.model_copy(update=given))
    return new_record(client_id, complete, at=timestamp(at))


def _normalised(new: NewClient) -> NewClient:
    if not new.telephone:
        return new
    number = normalise(new.telephone, new.billing_address.country)
    return new.model_copy(update={"telephone": number})


def _latest(client_id: str, prefix: str) -> list[dict[str, Any]]:
    """The newest items of one kind, as lists show them (their `row`)."""
    items, _ = query_prefix(partition(client_id), prefix, ScanIndexForward=False, Limit=_SHOWN)
    return [_row(item) for item in items]


def _row(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = decode(item["row"])
    return row


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2 * len(LATEST))
