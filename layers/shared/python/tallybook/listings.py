"""Lists of the newest first, where ids are the sort keys."""

from typing import Any

from tallybook.table import Item, decode, query, query_prefix

type Rows = list[tuple[str, dict[str, Any]]]
"""The id and the row of each item."""


def newest_below(
    pk: str, prefix: str, *, limit: int, after: str | None
) -> tuple[list[Item], str | None]:
    """Items of a partition, `prefix` and an id their sort keys: those behind the id `after`.

    With the id that the next page begins behind. One Query.
    """
    more: dict[str, Any] = {}
    if after is not None:
        more["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": f"{prefix}{after}"}}
    items, _ = query_prefix(
        pk, prefix, ScanIndexForward=False, ConsistentRead=True, Limit=limit + 1, **more
    )
    shown = items[:limit]
    position = shown[-1]["sk"]["S"].removeprefix(prefix) if len(items) > limit else None
    return shown, position


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
