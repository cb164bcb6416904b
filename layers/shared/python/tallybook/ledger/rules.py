"""The ledger's answers as of any date: balance, statement, ageing. Pure.

What the client owes is positive: an invoice, late fee or refund adds to it, a payment, credit note,
write-off or void takes from it. A mistake is corrected by a counter-entry, so any kind may have
either sign. The order of entries is the order in which they were booked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from tallybook.ledger.kinds import Effect, Kind

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
class Booked(Entry):
    """An entry with all that it says: `amount` is the sum of the effects less the credit."""

    entry_id: str
    currency: str
    effects: tuple[Effect, ...] = ()
    credit: Decimal = Decimal(0)
    source: str | None = None


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


@dataclass
class Standing:
    """What is open on a day in one currency: each invoice's balance, and the credit that is left.

    To begin with nothing and `add` the entries up to a day gives that day. To begin with what is
    open now and `take_back` the entries of later days gives the same, for less.
    """

    balances: dict[str, Decimal] = field(default_factory=dict)
    due_dates: dict[str, date] = field(default_factory=dict)
    credit: Decimal = Decimal(0)

    def open_invoice(self, invoice_id: str, due_date: date, amount: Decimal) -> None:
        """Add to what is open of an invoice."""
        self.balances[invoice_id] = self.balances.get(invoice_id, Decimal(0)) + amount
        self.due_dates[invoice_id] = due_date

    def add(self, entry: Booked) -> None:
        for each in entry.effects:
            self.open_invoice(each.invoice_id, each.due_date, each.amount)
        self.credit += entry.credit

    def take_back(self, entry: Booked) -> None:
        for each in entry.effects:
            self.open_invoice(each.invoice_id, each.due_date, -each.amount)
        self.credit -= entry.credit

    def join(self, other: "Standing") -> None:
        """Add what another one has."""
        for invoice_id, balance in other.balances.items():
            self.open_invoice(invoice_id, other.due_dates[invoice_id], balance)
        self.credit += other.credit

    def items(self) -> list[OpenItem]:
        """Their balances add up to what the client owes."""
        found = [
            OpenItem(balance=balance, due_date=self.due_dates[invoice_id])
            for invoice_id, balance in self.balances.items()
            if balance
        ]
        return [*found, OpenItem(balance=-self.credit)] if self.credit else found


def balance(entries: Iterable[Entry], as_of: date) -> Decimal:
    """What the client owes at the end of a day."""
    return sum((entry.amount for entry in entries if entry.date <= as_of), Decimal(0))


def statement(
    opening: Decimal, entries: Iterable[Entry], from_date: date, to_date: date
) -> Statement:
    """The entries of a range of days, both included; those outside are passed over.

    `opening` is the balance at the end of the day before. Allocations are passed over, too: they
    move what was told of already.
    """
    rows, running = [], opening
    inside = [
        entry
        for entry in entries
        if from_date <= entry.date <= to_date and entry.kind != "allocation"
    ]
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
