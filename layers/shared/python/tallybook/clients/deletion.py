"""Deleting a client: hiding it at once. What it leaves behind is removed later (`removal`)."""

from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook.authors import By
from tallybook.clients import account
from tallybook.clients.index import guard, tokenize
from tallybook.clients.mapping import to_client
from tallybook.clients.presence import current
from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp
from tallybook.errors import ClientHasInvoices
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def delete(
    client_id: str,
    *,
    by: By,
    at: datetime,
    erase: bool = False,
    if_match: str | None = None,
    once: Once | None = None,
) -> None:
    """Hide the client and free its number, address and search tokens, all at once.

    Its other items are removed by the `removals` function. Books, be it only a payment, block it
    (`ClientHasInvoices`) unless `erase`, which then keeps them.
    """

    def attempt() -> None:
        record = current(client_id)
        must_match(if_match, etag(int(record.version)))
        has_books = account.has_books(record)
        if has_books and not erase:
            raise ClientHasInvoices
        transaction = Transaction()
        if once:
            once.claim(transaction, to_client(record, by.staff_id, at))
        condition = ClientRecord.version == record.version
        if not has_books:
            condition &= account.without_books()
        hide(transaction, record, condition, at=timestamp(at), erase=has_books)
        guard(transaction, record, None)
        tokenize(transaction, record, None)
        text = "Deleted; the books stay" if has_books else "Deleted"
        event = "client.deleted"
        transaction.put(entry(client_id, "client", at=at, by=by, text=text, event=event))
        transaction.commit()

    until_unchanged(attempt)


def hide(
    transaction: Transaction,
    record: ClientRecord,
    condition: Condition,
    *,
    at: str,
    erase: bool = False,
) -> None:
    """Add the update that takes the client out of every list, for `removals` to finish."""
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
            ClientRecord.agenda_pk,
            ClientRecord.agenda_sk,
        )
    ]
    if erase:
        changes.append(ClientRecord.erased.set(1))
    transaction.update(record, changes, condition, version_changed)
