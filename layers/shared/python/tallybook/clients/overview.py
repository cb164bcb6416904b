"""A client's page at a glance: what it costs does not grow with the client's history."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any

from tallybook.clients import store
from tallybook.clients.mapping import partition
from tallybook.clients.models import Latest, Overview
from tallybook.dates import today
from tallybook.ids import is_ulid
from tallybook.settings import store as settings_store
from tallybook.table import decode, query_all

type Row = dict[str, Any]

LATEST = {
    "invoices": "INVOICE#",
    "estimates": "ESTIMATE#",
    "recurring": "RECURRING#",
    "payments": "PAYMENT#",
    "emails": "EMAIL#",
}
_SHOWN = 5


def overview(client_id: str, *, by: str, at: datetime) -> Overview:
    """The client and the newest five of each list: six small reads side by side.

    What day it is follows from the settings as this container last saw them.
    """
    reads = _readers()
    lists = {
        name: reads.submit(_latest, client_id, prefix)
        for name, prefix in LATEST.items()
        if is_ulid(client_id)
    }
    try:
        client = store.get(client_id, by=by, at=at)
    finally:  # no read may go on when the container is frozen
        wait(lists.values())
    shown = _as_in_lists(today(at, settings_store.remembered().time_zone), at)
    latest = {name: [shown[name](row) for row in answer.result()] for name, answer in lists.items()}
    return Overview.model_construct(client=client, latest=Latest(**latest))


def _as_in_lists(day: date, at: datetime) -> dict[str, Callable[[Row], Row]]:
    """How the lists show what they keep (`row`). Other pages of clients need none of it."""
    from tallybook.estimates.models import EstimateRow
    from tallybook.estimates.rules import row_fields as estimate_fields
    from tallybook.invoices.rows import invoice_row
    from tallybook.mail.rules import row_fields as email_fields
    from tallybook.payments.mapping import to_payment_row
    from tallybook.recurring.mapping import to_row as recurring_row

    def estimate(row: Row) -> Row:
        return EstimateRow.model_construct(**estimate_fields(row, day)).model_dump(mode="json")

    return {
        "invoices": lambda row: invoice_row(row, day).model_dump(mode="json"),
        "estimates": estimate,
        "recurring": lambda row: recurring_row(row).model_dump(mode="json"),
        "payments": lambda row: to_payment_row(row).model_dump(mode="json"),
        "emails": lambda row: email_fields(row, at),
    }


def _latest(client_id: str, prefix: str) -> list[Row]:
    """The newest items of one kind; a second query only when five are more than a megabyte."""
    items = query_all(
        partition(client_id),
        prefix,
        ScanIndexForward=False,
        Limit=_SHOWN,
        ProjectionExpression="pk, sk, #row",
        ExpressionAttributeNames={"#row": "row"},
    )
    return [decode(item["row"]) for item in islice(items, _SHOWN)]


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2 * len(LATEST))
