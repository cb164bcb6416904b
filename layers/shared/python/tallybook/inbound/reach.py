"""Where contacts are reached, kept in step with them: so that what they send finds its client.

A client's own addresses and number need nothing of this: its search tokens find them.
"""

from collections.abc import Iterable

from tallybook.inbound.records import ReachRecord
from tallybook.inbound.rules import reached_at
from tallybook.table import Item, query
from tallybook.transactions import Transaction


def move(
    transaction: Transaction,
    client_id: str,
    contact_id: str,
    before: Iterable[str | None],
    after: Iterable[str | None],
) -> bool:
    """Add to `transaction` what changes between a contact's addresses and numbers.

    Returns whether anything does.
    """
    had, has = _places(before), _places(after)
    for place in sorted(had - has):
        transaction.delete(ReachRecord(*key(place, client_id, contact_id)))
    for place in sorted(has - had):
        transaction.put(ReachRecord(*key(place, client_id, contact_id)))
    return had != has


def keys(client_id: str, contact_id: str, ways: Iterable[str | None]) -> list[Item]:
    """The keys of a contact's items, to remove them with its client."""
    pairs = (key(place, client_id, contact_id) for place in sorted(_places(ways)))
    return [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in pairs]


def contacts_at(place: str) -> list[tuple[str, str]]:
    """The client id and contact id of every contact reached there; clients may be gone."""
    found: list[tuple[str, str]] = []
    start: dict[str, Item] = {}
    while True:
        items, last = query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REACH#{place}"}},
            ConsistentRead=True,
            **start,
        )
        for item in items:
            client_id, _, contact_id = item["sk"]["S"].partition("#")
            found.append((client_id, contact_id))
        if last is None:
            return found
        start = {"ExclusiveStartKey": last}


def key(place: str, client_id: str, contact_id: str) -> tuple[str, str]:
    return f"REACH#{place}", f"{client_id}#{contact_id}"


def _places(ways: Iterable[str | None]) -> set[str]:
    return {place for way in ways if way and (place := reached_at(way))}
