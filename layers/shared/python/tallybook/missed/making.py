"""Noting down what fell due and was not done, in the transaction of what passes it by."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from tallybook.dates import timestamp
from tallybook.missed.records import MissedRecord
from tallybook.transactions import Transaction

type Kind = Literal["recurring", "step"]


def missed(
    transaction: Transaction,
    client_id: str,
    *,
    kind: Kind,
    day: date,
    ref: str,
    text: str,
    reason: str,
    subject: dict[str, Any],
    at: datetime,
    amount: Decimal | None = None,
    currency: str | None = None,
) -> MissedRecord:
    """Add what was missed on a day: one action. `ref` tells apart what is of one kind and day.

    `subject` is what it takes to do it later. `missed_id` is the end of the key, fit for a path.
    """
    place = f"{day}#{kind}#{ref}"
    record = MissedRecord(
        f"CLIENT#{client_id}",
        f"MISSED#{place}",
        row={
            "client_id": client_id,
            "missed_id": place.replace("#", "."),
            "kind": kind,
            "date": day.isoformat(),
            "text": text,
            "amount": amount,
            "currency": currency,
            "reason": reason,
            "created_at": timestamp(at),
        },
        subject=subject,
        created_at=timestamp(at),
        version=1,
    )
    transaction.put(record)
    return record
