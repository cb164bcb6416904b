"""Removing what a deleted client leaves behind. Can be repeated from anywhere: it ends the same."""

from pynamodb.expressions.operand import Path

from tallybook.clients import erasure
from tallybook.clients.erasure import NAMES, PROJECTION
from tallybook.clients.index import favourite
from tallybook.clients.mapping import partition
from tallybook.clients.records import ClientRecord
from tallybook.documents import bucket as papers
from tallybook.inbound import bucket, reach
from tallybook.portal.standing import memberships, own
from tallybook.table import Item, decode, delete_all, find, query
from tallybook.transactions import Transaction


def remove(client_id: str) -> int:
    """Remove every item of a deleted client, its own item last. Returns how many went.

    A client that is not being deleted is left alone. Of an erased client the books and a stub
    without personal data stay.
    """
    record = find(ClientRecord, partition(client_id), "CLIENT")
    if record is None or not record.removed_at:
        return 0
    removed = 0
    last: Item | None = None
    while True:
        items, last = _items(client_id, last)
        kept, doomed = _sorted(items, erased=bool(record.erased))
        # First what only an item of the client's leads to.
        delete_all(key for item in doomed for key in _led_to(client_id, item))
        for item in doomed:
            _remove_mail(item)
        delete_all({"pk": item["pk"], "sk": item["sk"]} for item in doomed)
        for item in kept:
            if item["sk"]["S"] != "CLIENT":
                erasure.depersonalise(item)
        removed += len(doomed)
        if last is None:
            break
    papers.delete_all_of(client_id)
    delete_all(memberships(client_id, [own(record)]))
    for staff_id in record.row.favourites:
        transaction = Transaction()
        transaction.delete(favourite(staff_id, client_id))
        transaction.commit()
    _finish(record)
    return removed + 1


def _items(client_id: str, start: Item | None) -> tuple[list[Item], Item | None]:
    more = {"ExclusiveStartKey": start} if start else {}
    return query(
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition(client_id)}},
        # Of contacts: where they are reached. Of the history: where a mail lies that came in.
        # Of the books: what of them is personal.
        ProjectionExpression=f"pk, sk, emails, telephone, portal, details.s3_key, {PROJECTION}",
        ExpressionAttributeNames=NAMES,
        ConsistentRead=True,
        **more,
    )


def _led_to(client_id: str, item: Item) -> list[Item]:
    """The keys of the items that say where a contact is reached, and that it may use the portal."""
    kind, _, contact_id = item["sk"]["S"].partition("#")
    if kind != "CONTACT":
        return []
    emails = decode(item["emails"]) if "emails" in item else []
    telephone = decode(item["telephone"]) if "telephone" in item else None
    users = memberships(client_id, [decode(item["portal"])]) if "portal" in item else []
    return reach.keys(client_id, contact_id, [*emails, telephone]) + users


def _remove_mail(item: Item) -> None:
    """Remove the mail that an entry of the history was made from, as it came in."""
    details = decode(item["details"]) if "details" in item else {}
    if key := details.get("s3_key"):
        bucket.delete(key)


def _sorted(items: list[Item], *, erased: bool) -> tuple[list[Item], list[Item]]:
    """What stays, and what goes."""
    kept, doomed = list[Item](), list[Item]()
    for item in items:
        (kept if _remains(item, erased=erased) else doomed).append(item)
    return kept, doomed


def _remains(item: Item, *, erased: bool) -> bool:
    """The client's own item until everything else is done; and the books of an erased client."""
    return item["sk"]["S"] == "CLIENT" or (erased and erasure.stays(item))


def _finish(record: ClientRecord) -> None:
    transaction = Transaction()
    if record.erased:
        _to_stub(transaction, record)
    else:
        transaction.delete(record, ClientRecord.removed_at.exists())
    transaction.commit()


def _to_stub(transaction: Transaction, record: ClientRecord) -> None:
    """Leave of the client's item what the books refer to: number, currency and totals."""
    personal = (
        *("business_name", "first_name", "last_name", "emails", "telephone", "country"),
        *("flag", "tags", "portal_status", "portal_invited_at"),
    )
    removals = [getattr(ClientRecord.row, name).remove() for name in personal]
    whole = (
        *("shipping_address", "suspended", "portal", "suppressed"),
        *("vat_id", "registration", "buyer_reference"),
    )
    removals += [getattr(ClientRecord, name).remove() for name in whole]
    removals += [
        Path(["billing_address"]).set({"M": {}}),
        Path(["row", "favourites"]).set({"M": {}}),
    ]
    transaction.update(record, removals, ClientRecord.removed_at.exists())
