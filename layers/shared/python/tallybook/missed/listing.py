"""What was missed of a client, the oldest first."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.clients.presence import of_client
from tallybook.missed.mapping import PREFIX, key_of
from tallybook.missed.models import Missed
from tallybook.missed.records import MissedRecord
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.table import find_all, query_all, query_prefix, read


def page(client_id: str, *, limit: int, after: str | None) -> tuple[list[Missed], str | None]:
    """Those behind the sort key `after`, and the one to go on from. Raises `ClientNotFound`.

    One Query beside the read of the client.
    """

    def look() -> tuple[list[Missed], str | None]:
        records, is_more = _first(client_id, limit, after)
        return list(map(_shown, records)), records[-1].sk if is_more else None

    return of_client(client_id, look)


def oldest(client_id: str, most: int) -> list[MissedRecord]:
    """So many of them, as they stand in the table."""
    return _first(client_id, most, None)[0]


def find(client_id: str, missed_ids: Iterable[str]) -> dict[str, MissedRecord]:
    """Those of these that are there. One BatchGetItem for every hundred."""
    keys = [(f"CLIENT#{client_id}", key_of(each)) for each in missed_ids]
    records = (read(MissedRecord, item) for item in find_all(keys, consistent=True))
    return {each.row["missed_id"]: each for each in records}


def count(client_id: str) -> int:
    """How many there are. A Query for each megabyte: for two thousand of them."""
    pk = f"CLIENT#{client_id}"
    return sum(1 for _ in query_all(pk, PREFIX, ConsistentRead=True, ProjectionExpression="sk"))


def _first(client_id: str, limit: int, after: str | None) -> tuple[list[MissedRecord], bool]:
    pk = f"CLIENT#{client_id}"
    more: dict[str, Any] = {"ConsistentRead": True, "Limit": limit + 1}
    if after is not None:
        more["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
    items, _ = query_prefix(pk, PREFIX, **more)
    return [read(MissedRecord, item) for item in items[:limit]], len(items) > limit


def _shown(record: MissedRecord) -> Missed:
    row = record.row
    amount, currency = row.get("amount"), row.get("currency", "")
    fields = {
        "client_id": record.pk.removeprefix("CLIENT#"),
        "missed_id": row["missed_id"],
        "kind": row["kind"],
        "date": date.fromisoformat(row["date"]),
        "text": row["text"],
        "amount": None if amount is None else amount_text(Decimal(amount), currency),
        "currency": currency or None,
        "reason": row["reason"],
        "recurring_id": record.subject.get("recurring_id"),
        "invoice_id": record.subject.get("invoice_id"),
        "created_at": datetime.fromisoformat(row["created_at"]),
    }
    return trusted(Missed, fields)
