"""The ledger's answers as of any date: balance, statement, ageing. Pure.

What the client owes is positive: an invoice, late fee or refund adds to it, a payment, credit note,
write-off or void takes from it. A mistake is corrected by a counter-entry, so any kind may have
either sign. The order of entries is the order in which they were booked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from tallybook.ledger.kinds import Kind

type Bucket = Literal["current", "1_30", "31_60", "61_90", "over_90"]

_LAST_DAYS: tuple[tuple[int, Bucket], ...] = (
    (0, "current"),
    (30, "1_30"),
    (60, "31_60"),
    (90, "61_90"),
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    kind: Kind
    date: date
    amount: Decimal
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row(Entry):
    """An entry on a statement, and what the client owes when it is booked."""

    balance: Decimal


@dataclass(frozen=True)
class Statement:
    opening_balance: Decimal
    entries: tuple[Row, ...]
    closing_balance: Decimal


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """What is left of an invoice, or, negative, of a payment or credit note."""

    balance: Decimal
    due_date: date | None = None


def balance(entries: Iterable[Entry], as_of: date) -> Decimal:
    """What the client owes at the end of a day."""
    return sum((entry.amount for entry in entries if entry.date <= as_of), Decimal(0))


def statement(
    opening: Decimal, entries: Iterable[Entry], from_date: date, to_date: date
) -> Statement:
    """The entries of a range of days, both included; those outside are passed over.

    `opening` is the balance at the end of the day before.
    """
    rows, running = [], opening
    inside = [entry for entry in entries if from_date <= entry.date <= to_date]
    for entry in sorted(inside, key=lambda entry: entry.date):
        running += entry.amount
        rows.append(
            Row(
                kind=entry.kind,
                date=entry.date,
                amount=entry.amount,
                reference=entry.reference,
                balance=running,
            )
        )
    return Statement(opening, tuple(rows), running)


def ageing(open_items: Iterable[OpenItem], as_of: date) -> dict[Bucket, Decimal]:
    """The open items by days after the due date, the buckets adding up to their balances.

    A credit is never late and an invoice without a due date not yet: both are current.
    """
    found: dict[Bucket, Decimal] = {bucket: Decimal(0) for _, bucket in _LAST_DAYS}
    found["over_90"] = Decimal(0)
    for item in open_items:
        found[_bucket(item, as_of)] += item.balance
    return found


def _bucket(item: OpenItem, as_of: date) -> Bucket:
    if item.due_date is None or item.balance < 0:
        return "current"
    days = (as_of - item.due_date).days
    return next((bucket for last, bucket in _LAST_DAYS if days <= last), "over_90")
