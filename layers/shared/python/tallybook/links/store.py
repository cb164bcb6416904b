"""A client's payment links, as staff see and revoke them."""

from datetime import datetime
from functools import partial

from tallybook.authors import By
from tallybook.clients.presence import current_with, of_client, stays
from tallybook.dates import timestamp
from tallybook.errors import PaymentLinkNotFound
from tallybook.history.entries import entry
from tallybook.ids import is_ulid
from tallybook.links.mapping import to_link
from tallybook.links.models import PaymentLink
from tallybook.links.records import PREFIX, LinkRecord, key
from tallybook.listings import newest_below
from tallybook.table import present, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def page(
    client_id: str, *, limit: int, after: str | None, at: datetime
) -> tuple[list[PaymentLink], str | None]:
    """The newest links behind the id `after`, and where the next page begins. One query.

    Raises `ClientNotFound`.
    """
    look = partial(newest_below, f"CLIENT#{client_id}", PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_link(read(LinkRecord, item), at) for item in items], position


def get(client_id: str, link_id: str, *, at: datetime) -> PaymentLink:
    """Raises `ClientNotFound` and `PaymentLinkNotFound`."""
    return to_link(_current(client_id, link_id), at)


def tag(link: PaymentLink) -> str:
    """The ETag: uses are counted without a new version."""
    return etag(link.version)


def revoke(client_id: str, link_id: str, *, by: By, at: datetime, if_match: str | None) -> None:
    """End the link; one that is revoked stays as it is. One transaction.

    Raises `ClientNotFound`, `PaymentLinkNotFound` and `StaleVersion`.
    """

    def attempt() -> None:
        record = _current(client_id, link_id)
        must_match(if_match, etag(int(record.version)))
        if record.revoked is not None:
            return
        told = {"link_id": link_id, "invoice_id": record.invoice_id}
        event = "payment_link.revoked"
        text = "Revoked a payment link"
        transaction = Transaction()
        transaction.update(
            LinkRecord(*key(client_id, link_id)),
            [
                LinkRecord.revoked.set({"at": timestamp(at), "by": by.model_dump()}),
                LinkRecord.version.set(int(record.version) + 1),
            ],
            present(LinkRecord) & (LinkRecord.version == record.version),
            version_changed,
        )
        stays(transaction, client_id)
        transaction.put(entry(client_id, "payment", at=at, by=by, text=text, event=event, **told))
        transaction.commit()

    until_unchanged(attempt)


def _current(client_id: str, link_id: str) -> LinkRecord:
    sk = f"{PREFIX}{link_id}"
    _, items = current_with(client_id, *((sk,) if is_ulid(link_id) else ()))
    if sk not in items:
        raise PaymentLinkNotFound("The client has no payment link with this id.")
    return read(LinkRecord, items[sk])
