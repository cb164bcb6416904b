"""Noting down what fell due and was not done, in the transaction of what passes it by."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.dates import timestamp
from tallybook.missed.kinds import MissedKind
from tallybook.missed.mapping import id_of, sort_key
from tallybook.missed.records import MissedRecord
from tallybook.transactions import Transaction


def missed(
    transaction: Transaction,
    client_id: str,
    *,
    kind: MissedKind,
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

    `subject` is what it takes to do it later: recurring_id of a period; invoice_id, mark (see
    workflows.kinds) and number of a step. `reason` is kinds.SUSPENDED, or says in words why it
    could not be done. That it is missed once is for the others of the transaction to say.
    """
    place = sort_key(day, kind, ref)
    record = MissedRecord(
        f"CLIENT#{client_id}",
        place,
        row={
            "client_id": client_id,
            "missed_id": id_of(place),
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
