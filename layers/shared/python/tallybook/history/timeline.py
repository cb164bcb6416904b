"""A client's history, newest first, whole or only some kinds of it.

A list of some kinds is picked out of the whole, so how much there is to look at has nothing to do
with how much there is to show. It reads on until the page is full, but in steps and not for ever:
a page that is not full then says where to go on.
"""

from collections.abc import Collection
from typing import Any

from tallybook.clients.presence import of_client
from tallybook.errors import InvalidField
from tallybook.history.mapping import PREFIX, partition, to_entry
from tallybook.history.models import KINDS, HistoryEntry
from tallybook.history.records import HistoryRecord
from tallybook.table import Item, query, read

STEP = 500  # entries that one query looks at
STEPS = 8  # queries for one page; at 1 MB each at most, that is well below a second
LARGEST = 1_000_000  # characters of a page: an answer has 6 MB, and a character up to four bytes

type Entries = tuple[list[HistoryEntry], str | None]


def kinds_of(wanted: str | None) -> list[str]:
    """The kinds that a comma-separated list names; none: all. Raises `InvalidField`."""
    if wanted is None:
        return []
    kinds = sorted({kind.strip() for kind in wanted.split(",")})
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        message = f"{unknown[0][:60]!r} is no type. Types are {', '.join(KINDS)}."
        raise InvalidField("type", message)
    return kinds


def page(client_id: str, *, kinds: Collection[str], limit: int, after: str | None) -> Entries:
    """The newest entries behind the id `after`, and the id that the next page begins behind.

    One query when all kinds are wanted, at most `STEPS` otherwise, and a read of the client beside
    them. Raises `ClientNotFound`.
    """
    return of_client(client_id, lambda: _page(client_id, kinds, limit, after))


def _page(client_id: str, kinds: Collection[str], limit: int, after: str | None) -> Entries:
    found: list[HistoryEntry] = []
    size = 0
    for _ in range(STEPS):
        items, last = _step(client_id, kinds, STEP if kinds else limit + 1, after)
        for item in items:
            found.append(to_entry(read(HistoryRecord, item)))
            size += len(str(item))
            if len(found) > limit:
                return found[:limit], found[limit - 1].entry_id
            if size > LARGEST:
                return found, found[-1].entry_id
        if last is None:
            return found, None
        after = last["sk"]["S"].removeprefix(PREFIX)
    return found, after


def _step(
    client_id: str, kinds: Collection[str], count: int, after: str | None
) -> tuple[list[Item], Item | None]:
    values = {":pk": {"S": partition(client_id)}, ":prefix": {"S": PREFIX}}
    more: dict[str, Any] = {}
    if after:
        more["ExclusiveStartKey"] = {"pk": values[":pk"], "sk": {"S": PREFIX + after}}
    if kinds:
        names = {f":kind{number}": {"S": kind} for number, kind in enumerate(kinds)}
        values |= names
        more["FilterExpression"] = f"kind IN ({', '.join(names)})"
    return query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=count,
        **more,
    )
