"""What a payment, or a credit, pays: allocations and what remains as credit. Pure.

All amounts are of one currency. No balance and no credit ever goes below 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from tallybook.money import DECIMALS, quantum

_NOTHING = Decimal(0)


class NotAllocatable(ValueError):
    """An allocation that is refused. `field` is its place in the request."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True)
class Allocation:
    invoice_id: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class OpenInvoice:
    invoice_id: str
    balance: Decimal
    due_date: date


@dataclass(frozen=True)
class Allocated:
    allocations: tuple[Allocation, ...]
    credit: Decimal


def entered(field: str, text: str, currency: str) -> Decimal:
    """An amount of money as a request names it: above 0, of at most 15 digits.

    Raises `NotAllocatable`.
    """
    amount, unit = Decimal(text), quantum(currency)
    if amount <= 0:
        raise NotAllocatable(field, f"{text} is not above 0.")
    if amount >= unit.scaleb(15):
        raise NotAllocatable(field, f"{text} {currency} has more than 15 digits.")
    if amount % unit:
        decimals = DECIMALS[currency]
        raise NotAllocatable(field, f"{text} {currency} has more than {decimals} decimals.")
    return amount.quantize(unit)


type CreditStatus = Literal["applied", "partially_applied", "unapplied", "refunded", "reversed"]


def left_of(amount: Decimal, applied: Decimal, refunded: Decimal, *, is_reversed: bool) -> Decimal:
    """What can still be applied or refunded. Below 0 would be a fault of the caller: ValueError."""
    left = _NOTHING if is_reversed else amount - applied - refunded
    if left < 0:
        raise ValueError(f"{left} would be left of {amount}")
    return left


def status_of(applied: Decimal, left: Decimal, *, is_reversed: bool) -> CreditStatus:
    """How a payment or credit note stands. One that was refunded in part is as the rest of it."""
    if is_reversed:
        return "reversed"
    if applied:
        return "partially_applied" if left else "applied"
    return "unapplied" if left else "refunded"


type How = Literal["oldest_first", "none"] | list[Allocation]


def allocate(amount: Decimal, open_invoices: Iterable[OpenInvoice], how: How) -> Allocated:
    """What an amount pays, and what remains of it as credit. Raises `NotAllocatable`.

    `oldest_first` goes by the due date, then by the order of creation (ids are ULIDs). Amounts
    that name one invoice twice become one allocation.
    """
    if not amount.is_finite() or amount <= 0:
        raise NotAllocatable("amount", f"{amount} is not above 0.")
    if how == "none":
        allocations = []
    elif how == "oldest_first":
        allocations = _oldest_first(amount, open_invoices)
    else:
        allocations = _named(amount, open_invoices, how)
    return Allocated(tuple(allocations), amount - _sum(allocations))


def _oldest_first(amount: Decimal, open_invoices: Iterable[OpenInvoice]) -> list[Allocation]:
    allocations, left = [], amount
    for each in sorted(open_invoices, key=lambda each: (each.due_date, each.invoice_id)):
        paid = min(left, each.balance)
        if paid > 0:
            allocations.append(Allocation(each.invoice_id, paid))
            left -= paid
    return allocations


def _named(
    amount: Decimal, open_invoices: Iterable[OpenInvoice], named: list[Allocation]
) -> list[Allocation]:
    for place, each in enumerate(named):
        if not each.amount.is_finite() or each.amount <= 0:
            raise NotAllocatable(f"allocations.{place}.amount", f"{each.amount} is not above 0.")
    merged = _merged(named)
    _within_balances(merged, open_invoices, _fields(each.invoice_id for each in named))
    allocations = [Allocation(*each) for each in merged.items()]
    if _sum(allocations) > amount:
        raise NotAllocatable(
            "allocations", f"{_sum(allocations)} is more than the {amount} there is to allocate."
        )
    return allocations


def _within_balances(
    paid: Mapping[str, Decimal], invoices: Iterable[OpenInvoice], fields: Mapping[str, str]
) -> None:
    balances = {each.invoice_id: each.balance for each in invoices}
    for invoice_id, amount in paid.items():
        if invoice_id not in balances:
            message = f"Invoice {invoice_id} is not open."
            raise NotAllocatable(f"{fields[invoice_id]}.invoice_id", message)
        if amount > balances[invoice_id]:
            raise NotAllocatable(
                f"{fields[invoice_id]}.amount",
                f"{amount} is more than the invoice's balance of {balances[invoice_id]}.",
            )


def _fields(invoice_ids: Iterable[str]) -> dict[str, str]:
    return {each: f"allocations.{place}" for place, each in enumerate(invoice_ids)}


def _merged(allocations: Iterable[Allocation]) -> dict[str, Decimal]:
    merged: dict[str, Decimal] = {}
    for each in allocations:
        merged[each.invoice_id] = merged.get(each.invoice_id, _NOTHING) + each.amount
    return merged


def _sum(allocations: Iterable[Allocation]) -> Decimal:
    return sum((each.amount for each in allocations), _NOTHING)
