"""Clients that an import writes: found many at a time, each written by a transaction that the
import packs together with others.

`imported` on a client says which import wrote its version: who changed it since is told from that.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tallybook.clients import attention
from tallybook.clients.account import without_books
from tallybook.clients.deletion import hide
from tallybook.clients.index import guard, guard_key, tokenize
from tallybook.clients.mapping import enter, entered, id_of, new_record, partition
from tallybook.clients.models import NewClient
from tallybook.clients.records import ClientRecord, UniqueRecord
from tallybook.models import merged_into
from tallybook.table import Item, absent, differences, find_all, query, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

type Known = ClientRecord
"""A client as the table has it; imports pass it on and do not look into it."""

_COUNTS = ("contacts", "open_invoices", "open_projects", "files", "finalized_invoices")


class AlreadyThere(Exception):
    """The client was created before, by this very row."""


def claims(number: str | None, emails: Sequence[str]) -> dict[str, str]:
    """The keys of what only one client can have: its number, its first address ("email")."""
    values = {"number": number, "email": emails[0] if emails else None}
    return {field: guard_key(field, value)[0] for field, value in values.items() if value}


def owners(claimed: Iterable[str], *, consistent: bool) -> dict[str, str]:
    """Which client has each of the claims; those that are free are left out."""
    keys = [(pk, UniqueRecord.KEY[1]) for pk in dict.fromkeys(claimed)]
    found = find_all(keys, consistent=consistent)
    return {item["pk"]["S"]: item["client_id"]["S"] for item in found}


def records(client_ids: Iterable[str]) -> dict[str, ClientRecord]:
    """The clients with these ids; those that are missing or being removed are left out."""
    keys = [(partition(each), "CLIENT") for each in dict.fromkeys(client_ids)]
    found = [read(ClientRecord, item) for item in find_all(keys, consistent=True)]
    return {id_of(record): record for record in found if not record.removed_at}


def existing(client_ids: Iterable[str]) -> set[str]:
    """Those of the clients that were made, the ones that are being removed again among them."""
    keys = [(partition(each), "CLIENT") for each in client_ids]
    return {item["pk"]["S"].removeprefix("CLIENT#") for item in find_all(keys, consistent=True)}


def creation(new: NewClient, client_id: str, *, at: str, by: str) -> Transaction:
    """The transaction that creates the client for the import `by`.

    Its commit raises `AlreadyThere`, `NumberTaken`, `EmailTaken`.
    """
    record = new_record(client_id, new, at=at)
    record.imported = _mark(by, 1)
    transaction = Transaction()
    transaction.put(record, absent(ClientRecord), lambda _: AlreadyThere())
    guard(transaction, None, record)
    tokenize(transaction, None, record)
    return transaction


def change(
    before: ClientRecord, document: dict[str, Any], *, at: str, by: str
) -> tuple[Transaction, dict[str, Any]] | None:
    """The transaction that merges `document` into the client, and the document that undoes it.

    None when nothing differs. Raises `InvalidFields`; its commit raises `NumberTaken`,
    `EmailTaken` and `VersionChanged`.
    """
    after = changed(before, document)
    if not differences(before, after):
        return None
    had, has = entered(before), entered(after)
    return _written(before, after, at=at, by=by), _reversal(had, has)


def naming(record: ClientRecord) -> tuple[str, str]:
    """The number and the business name of a client."""
    return record.row.number, record.row.business_name


def changed(record: Known, document: dict[str, Any]) -> Known:
    """The client with `document` merged into it, written nowhere. Raises `InvalidFields`."""
    after = read(ClientRecord, record.serialize())
    enter(after, merged_into(NewClient, entered(record), document))
    return after


def made(new: NewClient, client_id: str, *, at: str) -> Known:
    """The client that creating it would give."""
    return new_record(client_id, new, at=at)


def claims_of(record: Known) -> set[str]:
    """The keys of what the client has for itself."""
    return set(claims(record.row.number, record.row.emails or []).values())


def written_by(record: ClientRecord) -> str | None:
    """The import that was the last to change what was entered about the client, if one was."""
    by, _, version = (record.imported or "").rpartition("#")
    return by if version == str(record.version) else None


def with_company(client_id: str) -> tuple[ClientRecord | None, bool]:
    """The client, and whether it has got anything since: contacts, notes, invoices, files.

    One Query of at most two items.
    """
    items, _ = query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition(client_id)}},
        ConsistentRead=True,
        Limit=2,
    )
    own: list[Item] = [item for item in items if item["sk"]["S"] == "CLIENT"]
    record = read(ClientRecord, own[0]) if own else None
    if record is None or record.removed_at:
        return None, False
    counted = any(getattr(record, name) for name in _COUNTS)
    return record, counted or bool(record.row.favourites) or len(items) > 1


def removal(record: ClientRecord, *, at: str) -> Transaction:
    """The transaction that deletes a client that nobody touched, as `deletion.delete` does.

    Its commit raises `VersionChanged` when somebody did meanwhile.
    """
    transaction = Transaction()
    untouched = (ClientRecord.version == record.version) & without_books()
    for name in _COUNTS:
        count = getattr(ClientRecord, name)
        untouched &= count.does_not_exist() | (count == 0)
    hide(transaction, record, untouched, at=at)
    guard(transaction, record, None)
    tokenize(transaction, record, None)
    return transaction


def restoration(record: ClientRecord, document: dict[str, Any], *, at: str, by: str) -> Transaction:
    """The transaction that puts the values in `document` back. Raises as `change` does."""
    return _written(record, changed(record, document), at=at, by=by)


def _written(before: ClientRecord, after: ClientRecord, *, at: str, by: str) -> Transaction:
    after.version, after.updated_at = int(before.version) + 1, at
    after.imported = _mark(by, int(after.version))
    if attention.decides(before, after):
        attention.call(after, datetime.fromisoformat(at))
        after.attention = after.imported  # whoever imports it again writes the same
    transaction = Transaction()
    is_unchanged = ClientRecord.version == before.version
    transaction.update(before, differences(before, after), is_unchanged, version_changed)
    guard(transaction, before, after)
    tokenize(transaction, before, after)
    return transaction


def _mark(by: str, version: int) -> str:
    return f"{by}#{version}"


def _reversal(had: dict[str, Any], has: dict[str, Any]) -> dict[str, Any]:
    """The merge patch that leads from `has` back to `had`."""
    patch: dict[str, Any] = {}
    for name in had.keys() | has.keys():
        old, new = had.get(name), has.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := _reversal(old, new):
                patch[name] = inner
        elif old != new:
            patch[name] = old
    return patch
