"""Lists of the newest first, where ids are the sort keys."""

from typing import Annotated, Any

from pydantic import Field

from tallybook.forms import form
from tallybook.table import Item, decode, query, query_prefix

Month = Annotated[
    str,
    form(r"^[0-9]{4}-(0[1-9]|1[0-2])$", "This must be a month such as 2026-11."),
    Field(examples=["2026-11"], description="A month."),
]
type Rows = list[tuple[str, dict[str, Any]]]
"""The id and the row of each item."""


def newest_below(
    pk: str, prefix: str, *, limit: int, after: str | None
) -> tuple[list[Item], str | None]:
    """Items of a partition, `prefix` and an id their sort keys: those behind the id `after`.

    With the id that the next page begins behind. One Query: of long items, as many as 1 MB holds.
    """
    more: dict[str, Any] = {}
    if after is not None:
        more["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": f"{prefix}{after}"}}
    items, last = query_prefix(
        pk, prefix, ScanIndexForward=False, ConsistentRead=True, Limit=limit + 1, **more
    )
    shown, is_more = items[:limit], last is not None or len(items) > limit
    return shown, shown[-1]["sk"]["S"].removeprefix(prefix) if is_more else None


def newest(listing: str, *, limit: int, after: str | None) -> tuple[Rows, str | None]:
    """The items behind the id `after`, and the id that the next page begins behind. One Query."""
    condition, values = "listing_pk = :listing", {":listing": {"S": listing}}
    if after is not None:
        condition += " AND listing_sk < :after"
        values[":after"] = {"S": after}
    items, last = query(
        IndexName="listing",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        Limit=limit,
    )
    rows = [(item["listing_sk"]["S"], decode(item["row"])) for item in items]
    return rows, rows[-1][0] if last and rows else None


def newest_of(
    index: str, partition: str, *, prefix: str = "", limit: int, after: str | None
) -> tuple[Rows, str | None]:
    """Items of an index by date: those whose sort key begins with `prefix`, a month say.

    Like `newest`: with their sort keys, and the one that the next page begins behind. One Query.
    """
    most = _below(after) if after else f"{prefix}~"  # behind all that dates and ids are made of
    items, last = query(
        IndexName=index,
        KeyConditionExpression=f"{index}_pk = :partition AND {index}_sk BETWEEN :least AND :most",
        ExpressionAttributeValues={
            ":partition": {"S": partition},
            ":least": {"S": prefix or "0"},
            ":most": {"S": most},
        },
        ScanIndexForward=False,
        Limit=limit,
    )
    rows = [(item[f"{index}_sk"]["S"], decode(item["row"])) for item in items]
    return rows, rows[-1][0] if last and rows else None


def _below(position: str) -> str:
    """The greatest key below a position: a query takes one condition, and has its least already."""
    return f"{position[:-1]}{chr(ord(position[-1]) - 1)}~"
