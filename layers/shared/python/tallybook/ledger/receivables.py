"""Who owes the firm how much and for how long, as of any day.

What is open now less what was booked for later days is what was open then (`rules.Standing`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from tallybook.clients.names import names
from tallybook.errors import InvalidField
from tallybook.ledger import firm
from tallybook.ledger.kinds import MONTHS_AHEAD
from tallybook.ledger.mapping import to_ageing
from tallybook.ledger.models import AgeingReport, AgeingTotal, ClientAgeing
from tallybook.ledger.reading import booked
from tallybook.ledger.rules import Bucket, Standing, ageing
from tallybook.money import amount_text

LONGEST = 10  # years back
_NOTHING = Decimal(0)

type Standings = dict[tuple[str, str], Standing]
"""By currency and client."""


@dataclass(frozen=True, kw_only=True)
class Owing:
    """What a client owes in one currency."""

    currency: str
    client_id: str
    ages: dict[Bucket, Decimal]

    @property
    def balance(self) -> Decimal:
        return sum(self.ages.values(), _NOTHING)

    @property
    def overdue(self) -> Decimal:
        return self.balance - self.ages["current"]

    @property
    def place(self) -> tuple[str, Decimal, str]:
        """In a report: by currency, the most overdue first."""
        return self.currency, -self.overdue, self.client_id


def page(
    as_of: date | None, *, today: date, limit: int, after: str | None
) -> tuple[AgeingReport, str | None]:
    """A page of the report, with the totals of the whole, and where the next page begins.

    Raises `InvalidField`.
    """
    day = as_of or today
    if (today.year - day.year, today.month, today.day) > (LONGEST, day.month, day.day):
        raise InvalidField("as_of", f"This is more than {LONGEST} years ago.")
    found = sorted(owing(day, today=today), key=lambda each: each.place)
    left = [each for each in found if after is None or each.place > _place(after)]
    shown, position = left[:limit], None
    if len(left) > limit:
        currency, overdue, client_id = shown[-1].place
        position = f"{currency}#{overdue}#{client_id}"
    named = names([each.client_id for each in shown])
    report = AgeingReport(
        as_of=day,
        totals=_totals(found),
        items=[
            ClientAgeing(
                client=named[each.client_id],
                currency=each.currency,
                balance=amount_text(each.balance, each.currency),
                ageing=to_ageing(each.ages, each.currency),
            )
            for each in shown
        ],
        next_cursor=None,
    )
    return report, position


def owing(as_of: date, *, today: date) -> list[Owing]:
    """Every client with something open on that day, in no order.

    Reads what is open in the whole firm, and the journal behind that day.
    """
    standings = open_now()
    last = max(as_of, today)
    count = (last.year - as_of.year) * 12 + last.month - as_of.month + 1 + MONTHS_AHEAD
    months = firm.months(as_of, count)
    for later in firm.side_by_side(partial(_later, as_of), months):
        for key, standing in later.items():
            standings[key].join(standing)
    return [
        Owing(currency=currency, client_id=client_id, ages=ageing(found, as_of))
        for (currency, client_id), standing in standings.items()
        if (found := standing.items())
    ]


def open_now() -> Standings:
    """What is open as the index shows it, whatever it is dated."""
    standings: Standings = defaultdict(Standing)
    for row in firm.rows("by_date", "OPEN"):
        standing = standings[row["currency"], row["client_id"]]
        due_date = date.fromisoformat(row["due_date"])
        standing.open_invoice(row["invoice_id"], due_date, Decimal(row["balance"]))
    for row in firm.rows("by_date", "CREDITS"):
        standings[row["currency"], row["client_id"]].credit += Decimal(row["unapplied"])
    return standings


def _later(as_of: date, month: str) -> Standings:
    """What was booked in that month for days behind `as_of`, taken back."""
    standings: Standings = defaultdict(Standing)
    for item in firm.items("by_date", f"JOURNAL#{month}", behind=f"{as_of}~"):
        entry = booked(item)
        client_id = item["pk"]["S"].removeprefix("CLIENT#")
        standings[entry.currency, client_id].take_back(entry)
    return standings


def _totals(found: Iterable[Owing]) -> list[AgeingTotal]:
    sums: dict[str, dict[Bucket, Decimal]] = {}
    for each in found:
        total = sums.setdefault(each.currency, dict.fromkeys(each.ages, _NOTHING))
        for bucket, amount in each.ages.items():
            total[bucket] += amount
    return [
        AgeingTotal(
            currency=currency,
            balance=amount_text(sum(ages.values(), _NOTHING), currency),
            ageing=to_ageing(ages, currency),
        )
        for currency, ages in sorted(sums.items())
    ]


def _place(position: str) -> tuple[str, Decimal, str]:
    currency, overdue, client_id = position.split("#")
    return currency, Decimal(overdue), client_id
