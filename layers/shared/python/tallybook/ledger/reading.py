"""A client's ledger as it stands in the table, in the order in which it is told: by day."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from tallybook.clients.presence import current
from tallybook.clients.records import ClientRecord
from tallybook.ledger.kinds import Effect
from tallybook.ledger.mapping import to_entry
from tallybook.ledger.models import LedgerEntry
from tallybook.ledger.rules import Booked
from tallybook.ledger.spans import Within
from tallybook.table import Item, decode, query

_EVERYTHING_AFTER = "~"  # sorts behind all that a key has


def currencies(client: ClientRecord) -> list[str]:
    """In which the client has a ledger; its own comes first."""
    own: str = client.row.currency
    return sorted(client.row.account, key=lambda each: (each != own, each))


def entries(client_id: str, currency: str, *, since: date) -> Iterator[Booked]:
    """The entries of that day and later ones, read consistently: a Query for each page."""
    return map(booked, _items(client_id, currency, since.isoformat(), _EVERYTHING_AFTER))


def page(
    client_id: str, days: Within, *, limit: int, after: str | None
) -> tuple[list[LedgerEntry], str | None]:
    """The oldest entries of these days behind the position `after`, in all currencies, by day.

    With the position that the next page begins behind. A read of the client, and a Query for each
    of its currencies, or several where entries are long. Raises `ClientNotFound`.
    """
    found: list[Booked] = []
    low = days.first.isoformat() if days.first else ""
    if after is not None:
        low = f"{after}!"  # sorts just behind it
    high = f"{days.last or ''}{_EVERYTHING_AFTER}"
    for currency in currencies(current(client_id)):
        items = _items(client_id, currency, low, high, Limit=limit + 1)
        found += map(booked, islice(items, limit + 1))
    found.sort(key=_position)
    shown = found[:limit]
    position = _position(shown[-1]) if len(found) > limit else None
    return [to_entry(each) for each in shown], position


def booked(item: Item) -> Booked:
    """The entry that an item holds, or one of the journal."""
    row: dict[str, Any] = decode(item["row"])
    return Booked(
        entry_id=item["sk"]["S"].rpartition("#")[2],
        kind=row["kind"],
        date=date.fromisoformat(row["date"]),
        currency=row["currency"],
        amount=Decimal(row["amount"]),
        reference=row.get("reference"),
        effects=tuple(map(_effect, row.get("effects", ()))),
        credit=Decimal(row.get("credit", 0)),
        source=row.get("source"),
    )


def _effect(stored: dict[str, Any]) -> Effect:
    return Effect(
        invoice_id=stored["invoice_id"],
        due_date=date.fromisoformat(stored["due_date"]),
        amount=Decimal(stored["amount"]),
    )


def _position(entry: Booked) -> str:
    return f"{entry.date}#{entry.entry_id}"


def _items(client_id: str, currency: str, low: str, high: str, **more: Any) -> Iterator[Item]:
    """All between two positions: a Query for each page, which ends after a megabyte."""
    prefix = f"LEDGER#{currency}#"
    while True:
        items, last = query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": {"S": f"CLIENT#{client_id}"},
                ":low": {"S": prefix + low},
                ":high": {"S": prefix + high},
            },
            ConsistentRead=True,
            **more,
        )
        yield from items
        if last is None:
            return
        more["ExclusiveStartKey"] = last
