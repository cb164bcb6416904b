"""Lists of recurring invoices, the newest first: of a client, and of the whole firm."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tallybook.clients.names import names
from tallybook.clients.presence import of_client as of_this_client
from tallybook.listings import newest, newest_below
from tallybook.recurring.mapping import PREFIX, row_fields, to_row
from tallybook.recurring.models import (
    FirmRecurringInvoiceRow,
    RecurringInvoiceRow,
    RecurringQuery,
)
from tallybook.table import decode

_STEP = 200  # rows that one query looks at when a filter throws some out


def of_client(
    client_id: str, *, limit: int, after: str | None
) -> tuple[list[RecurringInvoiceRow], str | None]:
    """Those behind the id `after`, and the id to go on from. One Query and one GetItem.

    Raises `ClientNotFound`.
    """
    pk = f"CLIENT#{client_id}"
    items, more = of_this_client(
        client_id, lambda: newest_below(pk, PREFIX, limit=limit, after=after)
    )
    return [to_row(decode(item["row"])) for item in items], more


def of_firm(
    wanted: RecurringQuery, *, limit: int, after: str | None
) -> tuple[list[FirmRecurringInvoiceRow], str | None]:
    """Those behind the id `after`, and the id to go on from.

    One Query, several where few have the status that is wanted, and a BatchGetItem of clients.
    """
    size = limit + 1 if wanted.status is None else _STEP
    passing = (row for row in _walked(size, after) if wanted.status in (None, row["status"]))
    found = list(islice(passing, limit + 1))
    shown, is_more = found[:limit], len(found) > limit
    clients = names([row["client_id"] for row in shown])
    rows = [
        FirmRecurringInvoiceRow.model_construct(
            None, **row_fields(row), client=clients[row["client_id"]]
        )
        for row in shown
    ]
    return rows, shown[-1]["recurring_id"] if is_more else None


def _walked(size: int, after: str | None) -> Iterator[dict[str, Any]]:
    while True:
        rows, after = newest("RECURRING", limit=size, after=after)
        yield from (row for _, row in rows)
        if after is None:
            return
