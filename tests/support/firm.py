"""Fills the table with clients quickly: the items that the code itself would write, in batches."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from tallybook.clients.index import guard, tokenize
from tallybook.clients.mapping import new_record
from tallybook.clients.models import NewClient
from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.table import TABLE_NAME, Item, absent
from tallybook.transactions import Transaction

FOUNDED = datetime(2100, 1, 1, tzinfo=UTC)  # so that these are newer than what a test creates
_BATCH = 25
_GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Göran", "Hana", "Iñigo", "Jürgen")
_TRADES = ("Bakery", "Carpentry", "Dental", "Elektro", "Florist", "Garage", "Hotel", "Imports")


def client(number: int, /, **fields: Any) -> NewClient:
    """A client with a name that no other has, in an order by name that is not that of numbers."""
    scattered = number * 7919 % 1_000_003
    return NewClient.model_validate(
        {
            "business_name": f"{_GIVEN[number % 10]} {_TRADES[number % 8]} {scattered:07}",
            "number": f"F-{number:06}",
            "emails": [f"office@firm{number:06}.example"],
            "billing_address": {"street1": "Lindenstraße 12", "city": "Köln", "country": "DE"},
            "currency": "EUR",
        }
        | fields
    )


def items_of(new: NewClient, number: int) -> list[Item]:
    """The items that creating this client writes; the first is the client's own."""
    at = FOUNDED + timedelta(minutes=number)
    record = new_record(new_id(at), new, at=timestamp(at))
    transaction = Transaction()
    transaction.put(record, absent(type(record)))
    guard(transaction, None, record)
    tokenize(transaction, None, record)
    return [request["Item"] for _, request, _ in transaction._actions]


def fill(admin: Any, clients: Iterable[NewClient], *, start: int = 0) -> list[str]:
    """Write the clients; returns their ids."""
    ids: list[str] = []

    def items() -> Iterator[Item]:
        for number, new in enumerate(clients, start):
            made = items_of(new, number)
            ids.append(made[0]["pk"]["S"].removeprefix("CLIENT#"))
            yield from made

    write(admin, items())
    return ids


def write(admin: Any, items: Iterable[Item]) -> None:
    with ThreadPoolExecutor(max_workers=2) as writers:
        for wave in batched(batched(items, _BATCH, strict=False), 200, strict=False):
            for done in [writers.submit(_write, admin, batch) for batch in wave]:
                done.result()


def _write(admin: Any, batch: Iterable[Item]) -> None:
    waiting = [{"PutRequest": {"Item": item}} for item in batch]
    while waiting:
        answer = admin.batch_write_item(RequestItems={TABLE_NAME: waiting})
        waiting = answer.get("UnprocessedItems", {}).get(TABLE_NAME, [])
