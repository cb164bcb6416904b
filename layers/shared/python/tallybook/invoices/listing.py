"""Lists of invoices: of a client, and of the whole firm.

The list of a client reads its invoices, the newest first; what is unpaid of it is found by its
OPEN# items. The list of the firm walks an index: unpaid ones by due date, the longest due first,
all others by their date, the newest first. What an index cannot tell is filtered.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from tallybook.clients.names import names
from tallybook.dates import Day, today
from tallybook.invoices.answers import FirmInvoiceRow, InvoiceRow
from tallybook.invoices.mapping import key
from tallybook.invoices.rows import days_overdue, invoice_row, row_fields
from tallybook.ledger.books import look_up
from tallybook.listings import Month
from tallybook.models import ApiModel
from tallybook.settings import store as settings_store
from tallybook.table import decode, find_all, query, query_all

type Row = dict[str, Any]
type Found = tuple[str, Row | None]
"""A row with its sort key; None where the search pauses."""
type Wanted = Literal[
    "draft", "open", "partially_paid", "overdue", "unpaid", "paid", "void", "written_off"
]
_MOST_QUERIES = 10  # for a page, of 1 MB each: what seldom occurs is found over several pages
_UNPAID = ("open", "partially_paid", "overdue", "unpaid")


class ClientInvoiceQuery(ApiModel):
    """Which invoices of a client."""

    status: Wanted | None = Field(default=None, description="`unpaid`: open or partially paid.")


class InvoiceQuery(ClientInvoiceQuery):
    """Which invoices of the firm."""

    due_before: Day | None = Field(default=None, description="Due before this day.")
    month: Month | None = Field(default=None, description="Issued in this month.")


def of_client(
    client_id: str, wanted: ClientInvoiceQuery, *, at: datetime, limit: int, after: str | None
) -> tuple[list[InvoiceRow], str | None]:
    """The newest invoices behind the id `after`, and the id to go on from. One Query.

    And a BatchGetItem: the client and settings; of unpaid ones a second. Raises `ClientNotFound`.
    """
    now = look_up(client_id, at=at).today
    if wanted.status in _UNPAID:
        rows = _unpaid_of(client_id, limit + 1, after)
    else:
        rows = _walked(
            {"pk": f"CLIENT#{client_id}", "prefix": "INVOICE#"},
            wanted,
            limit=limit,
            after=after and f"INVOICE#{after}",
        )
    found, position = _first(limit, rows, wanted, now)
    shown = [invoice_row(row, now) for row in found]
    return shown, position and position.removeprefix("INVOICE#")


def of_firm(
    wanted: InvoiceQuery, *, at: datetime, limit: int, after: str | None
) -> tuple[list[FirmInvoiceRow], str | None]:
    """The invoices of the firm behind the position `after`, and the position to go on from.

    One Query where no filter throws rows out, else up to ten, and then a page may have fewer rows
    than the limit and yet not be the last; a GetItem of the settings before it, and a
    BatchGetItem of the page's clients behind it.
    """
    now = today(at, settings_store.get().time_zone)
    index = _index(wanted)
    rows = _walked(index, wanted, limit=limit, after=after, due_before=_due_before(wanted, now))
    found, position = _first(limit, rows, wanted, now)
    clients = names([row["client_id"] for row in found])
    shown = [
        FirmInvoiceRow.model_construct(**row_fields(row, now), client=clients[row["client_id"]])
        for row in found
    ]
    return shown, position


def _index(wanted: InvoiceQuery) -> dict[str, str]:
    """Where to look: an index, its partition, and what sort keys begin with."""
    if wanted.status in _UNPAID:
        return {"index": "by_date", "pk": "OPEN", "prefix": ""}
    if wanted.status == "draft":
        return {"index": "by_date", "pk": "DRAFTS", "prefix": ""}
    return {"index": "listing", "pk": "INVOICES", "prefix": wanted.month or ""}


def _due_before(wanted: InvoiceQuery, now: date) -> str | None:
    """The day on which what is wanted ends, in an index by due date."""
    days = [wanted.due_before, now if wanted.status == "overdue" else None]
    return min((each.isoformat() for each in days if each), default=None)


def _first(
    limit: int, rows: Iterable[Found], wanted: ClientInvoiceQuery, now: date
) -> tuple[list[Row], str | None]:
    """The first rows that pass, and the sort key to go on behind, if there is more to look at."""
    found: list[Row] = []
    last = ""
    for position, row in rows:
        if row is None:
            return found, position
        if not _passes(row, wanted, now):
            continue
        if len(found) == limit:
            return found, last
        found.append(row)
        last = position
    return found, None


def _passes(row: Row, wanted: ClientInvoiceQuery, now: date) -> bool:
    match wanted.status:
        case None:
            is_wanted = True
        case "unpaid":
            is_wanted = row["status"] in ("open", "partially_paid")
        case "overdue":
            is_wanted = days_overdue(row, now) > 0
        case status:
            is_wanted = row["status"] == status
    if isinstance(wanted, InvoiceQuery):
        month, due_before = wanted.month, wanted.due_before
        is_wanted &= month is None or row["issue_date"].startswith(month)
        is_wanted &= due_before is None or row["due_date"] < due_before.isoformat()
    return is_wanted


def _unpaid_of(client_id: str, size: int, after: str | None) -> Iterator[Found]:
    """The unpaid invoices of a client, the newest first: its OPEN# items say which they are."""
    ids = [
        item["sk"]["S"].rpartition("#")[2]
        for item in query_all(f"CLIENT#{client_id}", "OPEN#", ConsistentRead=True)
    ]
    ids = sorted((each for each in ids if after is None or each < after), reverse=True)
    while ids:
        for item in find_all([key(client_id, each) for each in ids[:size]], consistent=True):
            yield item["sk"]["S"], decode(item["row"])
        ids = ids[size:]


def _walked(
    place: dict[str, str],
    wanted: ClientInvoiceQuery,
    *,
    limit: int,
    after: str | None,
    due_before: str | None = None,
) -> Iterator[Found]:
    """The rows of a partition in the order of the list, behind `after`.

    The first query takes as many as the page has, and one. When filters throw rows out, or rows are
    as long as invoices can be, others follow, up to `_MOST_QUERIES`.
    """
    index = place.get("index")
    pk, sk = (f"{index}_pk", f"{index}_sk") if index else ("pk", "sk")
    is_forward = place["pk"] == "OPEN"
    first, last = place["prefix"], f"{place['prefix']}~"  # "~" is behind all that keys are made of
    if due_before and index == "by_date":
        last = due_before  # a key of that day is longer, and so behind it
    if after is not None:  # both ends of BETWEEN belong to it: the row itself is left out below
        first, last = (after, max(after, last)) if is_forward else (first, after)
    request: dict[str, Any] = {
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#pk": pk, "#sk": sk, "#row": "row"},
        "ExpressionAttributeValues": {
            ":pk": {"S": place["pk"]},
            ":first": {"S": first or " "},
            ":last": {"S": last},
        },
        "ProjectionExpression": "#sk, #row",
        "ScanIndexForward": is_forward,
        "Limit": limit + 2,
    }
    request |= {"IndexName": index} if index else {"ConsistentRead": True}
    _filter(request, wanted)
    for _ in range(_MOST_QUERIES):
        items, more = query(**request)
        for item in items:
            if item[sk]["S"] != after:
                yield item[sk]["S"], decode(item["row"])
        if more is None:
            return
        request["ExclusiveStartKey"] = more
        request.pop("Limit", None)  # the filters are selective: take what 1 MB holds
    yield request["ExclusiveStartKey"][sk]["S"], None


def _filter(request: dict[str, Any], wanted: ClientInvoiceQuery) -> None:
    """Let DynamoDB leave out what has another status: less comes over the line."""
    if wanted.status in ("paid", "void", "written_off", "open", "partially_paid", "draft"):
        request["FilterExpression"] = "#row.#status = :status"
        request["ExpressionAttributeNames"]["#status"] = "status"
        request["ExpressionAttributeValues"][":status"] = {"S": wanted.status}
