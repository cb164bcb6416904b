"""Whether a promise to pay was kept: worked out from the ledger, as often as it is asked. Pure."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from tallybook.ids import time_of
from tallybook.ledger.rules import Booked
from tallybook.promises.kinds import Promised, PromiseStatus

LONGEST_BACK = timedelta(days=60)  # what is older is no payment that was promised
_NOTHING = Decimal(0)


def paid(promised: Promised, entries: Iterable[Booked]) -> Decimal:
    """What was paid on the promise: booked after it was made, and dated from `since` to its day.

    So what came in time counts when it is booked later, and a payment that was taken back by the
    day does not count. Of named invoices all counts that paid them, credit that was left included;
    else all that came in. `entries` of other currencies are passed over.
    """
    return sum((_of(promised, each) for each in entries if _counts(promised, each)), _NOTHING)


def since(promised: Promised) -> date:
    """The first day of what can be paid on it: money may be booked late, but not years late.

    So the ledger that decides it does not grow with the client's history.
    """
    return promised.made_at.date() - LONGEST_BACK


def status(promised: Promised, paid: Decimal, *, today: date) -> PromiseStatus:
    """How it stands on a day: kept as soon as so much is paid, and pending through its day."""
    if promised.is_cancelled:
        return "cancelled"
    if paid >= promised.amount:
        return "kept"
    return "pending" if today <= promised.date else "broken"


def _counts(promised: Promised, entry: Booked) -> bool:
    return (
        entry.currency == promised.currency
        and since(promised) <= entry.date <= promised.date
        and time_of(entry.entry_id) > promised.made_at
    )


def _of(promised: Promised, entry: Booked) -> Decimal:
    named = promised.invoice_ids
    if named is None:
        return -entry.amount if entry.kind in ("payment", "reversal") else _NOTHING
    if entry.kind not in ("payment", "allocation", "reversal"):
        return _NOTHING
    return -sum((each.amount for each in entry.effects if each.invoice_id in named), _NOTHING)


def latest_day(today: date) -> date:
    """Up to when somebody can promise something: a year ahead (of 29 February, the 28th)."""
    try:
        return today.replace(year=today.year + 1)
    except ValueError:
        return today.replace(year=today.year + 1, day=28)
