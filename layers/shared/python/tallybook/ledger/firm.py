"""The books of the whole firm, as its indexes show them: within a second of what is booked."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from tallybook.table import Item, decode, query

type Row = dict[str, Any]

_AT_ONCE = 8


def rows(index: str, partition: str) -> Iterator[Row]:
    """The `row` of each item of a partition, in order."""
    return (decode(item["row"]) for item in items(index, partition))


def items(index: str, partition: str, *, behind: str | None = None) -> Iterator[Item]:
    """The items of a partition, in order: all, or those behind a sort key."""
    condition, values = f"{index}_pk = :partition", {":partition": {"S": partition}}
    if behind is not None:
        condition += f" AND {index}_sk > :behind"
        values[":behind"] = {"S": behind}
    more: dict[str, Any] = {}
    while True:
        found, last = query(
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            **more,
        )
        yield from found
        if last is None:
            return
        more = {"ExclusiveStartKey": last}


def months(first: date, count: int) -> list[str]:
    """So many months from that of the first day on: "2026-10", "2026-11" …"""
    numbers = range(first.year * 12 + first.month - 1, first.year * 12 + first.month - 1 + count)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]


def side_by_side[A, B](look: Callable[[A], B], asked: Iterable[A]) -> list[B]:
    """What `look` finds for each. No read goes on afterwards, when the container is frozen."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
        return list(readers.map(look, asked))
