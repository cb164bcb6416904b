"""Lists of estimates, the newest first: of a client, and of the whole firm."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from pydantic import Field

from tallybook.clients.names import names
from tallybook.dates import today
from tallybook.estimates.models import EstimateRow, EstimateStatus, FirmEstimateRow
from tallybook.estimates.rules import row_fields, status_of
from tallybook.ledger.books import look_up
from tallybook.listings import Month, newest_of
from tallybook.models import ApiModel
from tallybook.settings import store as settings_store
from tallybook.table import decode, query_all

type Row = dict[str, Any]

_STEP = 200  # rows that one query of the firm's list looks at when a filter throws some out
_PREFIX = "ESTIMATE#"


class ClientEstimateQuery(ApiModel):
    """Which estimates of a client."""

    status: EstimateStatus | None = None


class EstimateQuery(ClientEstimateQuery):
    """Which estimates of the firm."""

    month: Month | None = Field(default=None, description="Issued in this month.")


def of_client(
    client_id: str, wanted: ClientEstimateQuery, *, at: datetime, limit: int, after: str | None
) -> tuple[list[EstimateRow], str | None]:
    """The newest estimates behind the id `after`, and the id to go on from.

    A BatchGetItem of client and settings, and a Query, or several where estimates are long: one
    ends after a megabyte of them. Raises `ClientNotFound`.
    """
    day = look_up(client_id, at=at).today
    pk = f"CLIENT#{client_id}"
    more: dict[str, Any] = {"Limit": limit + 1} if wanted.status is None else {}
    if after is not None:
        more["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": f"{_PREFIX}{after}"}}
    items = query_all(
        pk,
        _PREFIX,
        ScanIndexForward=False,
        ConsistentRead=True,
        ProjectionExpression="pk, sk, #row",
        ExpressionAttributeNames={"#row": "row"},
        **more,
    )
    found, is_more = _first(limit, (decode(item["row"]) for item in items), wanted, day)
    shown = [EstimateRow.model_construct(**row_fields(row, day)) for row in found]
    return shown, shown[-1].estimate_id if is_more else None


def of_firm(
    wanted: EstimateQuery, *, at: datetime, limit: int, after: str | None
) -> tuple[list[FirmEstimateRow], str | None]:
    """The firm's newest estimates behind the position `after`, and the position to go on from.

    A read of the settings, one Query, several where few have the status that is wanted, and a
    BatchGetItem of the page's clients.
    """
    day = today(at, settings_store.get().time_zone)
    size = limit + 1 if wanted.status is None else _STEP
    found, is_more = _first(limit, _walked(wanted.month or "", size, after), wanted, day)
    clients = names([row["client_id"] for row in found])
    shown = [
        FirmEstimateRow.model_construct(**row_fields(row, day), client=clients[row["client_id"]])
        for row in found
    ]
    last = found[-1] if is_more else None
    return shown, f"{last['issue_date']}#{last['estimate_id']}" if last else None


def _walked(prefix: str, size: int, after: str | None) -> Iterator[Row]:
    while True:
        rows, after = newest_of("listing", "ESTIMATES", prefix=prefix, limit=size, after=after)
        yield from (row for _, row in rows)
        if after is None:
            return


def _first(
    limit: int, rows: Iterable[Row], wanted: ClientEstimateQuery, day: date
) -> tuple[list[Row], bool]:
    """The first rows of the status that is wanted, and whether there is another."""
    passing = (row for row in rows if wanted.status in (None, status_of(row, day)))
    found = list(islice(passing, limit + 1))
    return found[:limit], len(found) > limit
