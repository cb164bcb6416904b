"""A client's page at a glance: what it costs does not grow with the client's history."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from functools import cache
from typing import Any

from tallybook.clients import store
from tallybook.clients.mapping import partition
from tallybook.clients.models import Latest, Overview
from tallybook.ids import is_ulid
from tallybook.mail.rules import row_fields
from tallybook.table import Item, decode, query_prefix

LATEST = {
    "invoices": "INVOICE#",
    "estimates": "ESTIMATE#",
    "recurring": "RECURRING#",
    "payments": "PAYMENT#",
    "emails": "EMAIL#",
}
_SHOWN = 5


def overview(client_id: str, *, by: str, at: datetime) -> Overview:
    """The client and the newest five of each list: six small reads side by side."""
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
    latest = {name: answer.result() for name, answer in lists.items()}
    latest["emails"] = [row_fields(row, at) for row in latest["emails"]]
    return Overview.model_construct(client=client, latest=Latest(**latest))


def _latest(client_id: str, prefix: str) -> list[dict[str, Any]]:
    """The newest items of one kind, as lists show them (their `row`)."""
    items, _ = query_prefix(partition(client_id), prefix, ScanIndexForward=False, Limit=_SHOWN)
    return [_row(item) for item in items]


def _row(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = decode(item["row"])
    return row


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2 * len(LATEST))
