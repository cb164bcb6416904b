"""Late fees: when each falls due, and what it comes to. Pure."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_DOWN, Decimal

from tallybook.invoices.rules import rounded
from tallybook.money import quantum
from tallybook.recurring.kinds import Frequency, Schedule
from tallybook.recurring.rules import date_of, place_after
from tallybook.workflows.kinds import Fee, Receivable, Rhythm

_NOTHING = Decimal(0)
_FREQUENCIES: dict[Rhythm, Frequency] = {"week": "weekly", "month": "monthly"}


def periods(fee: Fee, first: date, until: date) -> Iterator[tuple[int, date]]:
    """The number and the day of each period up to `until`, counted from the `first` day."""
    number, day = 0, first
    while day <= until:
        yield number, day
        if fee.per == "once":
            return
        number += 1
        day = date_of(_schedule(fee, first), number)


def period_after(fee: Fee, first: date, day: date) -> tuple[int, date] | None:
    """The first period behind `day`."""
    if first > day:
        return 0, first
    if fee.per == "once":
        return None
    schedule = _schedule(fee, first)
    number = place_after(schedule, day)
    return number, date_of(schedule, number)


def concerns(fee: Fee, receivable: Receivable) -> bool:
    """Whether the fee is one of such an invoice: one with a currency is for that one alone."""
    return fee.currency in (None, receivable.currency)


def amount(fee: Fee, receivable: Receivable, booked: Decimal = _NOTHING) -> Decimal:
    """The next fee of an invoice, when others of `booked` were added to it as it is here.

    Fees are charged neither on fees nor beyond the cap: what goes beyond it is cut, down to 0.
    """
    charged = receivable.late_fees + booked
    unpaid = max(receivable.balance - receivable.late_fees, _NOTHING)
    wanted = fee.amount if fee.amount is not None else unpaid * (fee.percent or _NOTHING) / 100
    room = [cap - charged for cap in _caps(fee, receivable)]
    cut = max(min([rounded(wanted, receivable.currency), *room]), _NOTHING)
    return cut.quantize(quantum(receivable.currency), ROUND_DOWN)


def _caps(fee: Fee, receivable: Receivable) -> Iterator[Decimal]:
    if fee.cap_amount is not None:
        yield fee.cap_amount
    if fee.cap_percent is not None:
        yield (receivable.total - receivable.late_fees) * fee.cap_percent / 100


def _schedule(fee: Fee, first: date) -> Schedule:
    """Counted from the first day: 31 January, 28 February, 31 March."""
    return Schedule(frequency=_FREQUENCIES[fee.per], start_date=first)
