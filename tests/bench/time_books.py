"""Clients with a recurring invoice that is due, written quickly: the items that the code writes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.recurring.mapping import key, place
from tallybook.recurring.records import RecurringRecord
from tallybook.table import Item
from tests.bench.billing_books import new_invoice
from tests.support import firm

type Ref = tuple[str, str]


def due(count: int, at: datetime) -> Iterator[tuple[Ref, list[Item]]]:
    """A recurring invoice of each of so many new clients that is due that day: ids and items.

    Each is finalized and sent, to the client's own address.
    """
    for number in range(count):
        items = firm.items_of(firm.client(number), number)
        client_id = items[0]["pk"]["S"].removeprefix("CLIENT#")
        recurring_id = new_id(at + timedelta(milliseconds=number))
        yield (
            (client_id, recurring_id),
            [*items, _recurring(client_id, recurring_id, at).serialize()],
        )


def _recurring(client_id: str, recurring_id: str, at: datetime) -> RecurringRecord:
    record = RecurringRecord(
        *key(client_id, recurring_id),
        listing_pk="RECURRING",
        listing_sk=recurring_id,
        row={
            "client_id": client_id,
            "recurring_id": recurring_id,
            "frequency": "monthly",
            "interval": 1,
            "currency": "EUR",
            "total": Decimal("2142.00"),
            "created_at": timestamp(at),
        },
        schedule={"frequency": "monthly", "interval": 1, "start_date": f"{at:%Y-%m-%d}"},
        template=new_invoice(),
        covers="coming",
        auto_finalize=True,
        auto_send=True,
        made=0,
        updated_at=timestamp(at),
        version=1,
    )
    place(record, "UTC")
    return record
