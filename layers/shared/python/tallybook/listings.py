"""Lists of the newest first: pages of the index `listing`, where ids are the sort keys."""

from typing import Any

from tallybook.table import decode, query

type Rows = list[tuple[str, dict[str, Any]]]
"""The id and the row of each item."""


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
