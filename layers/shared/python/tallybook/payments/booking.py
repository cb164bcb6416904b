"""What the ledger says of a credit: that it came, what it pays, and that it went."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from tallybook.invoices.standing import Application, due_date_of, settle
from tallybook.ledger.kinds import Kind
from tallybook.ledger.posting import Effect, Posting
from tallybook.payments.credits import CreditRecord, Part, amount_of, date_of, source_of
from tallybook.transactions import Transaction

_NOTHING = Decimal(0)


def came(
    kind: Kind,
    credit: CreditRecord,
    parts: Sequence[Part],
    *,
    reference: str | None = None,
    taxes: Sequence[Mapping[str, Any]] = (),
) -> list[Posting]:
    """A payment or credit note with what it pays at once, then what it pays of later invoices."""
    day = date_of(credit)
    now = [each for each in parts if each.date == day]
    first = Posting(
        kind=kind,
        date=day,
        currency=credit.row["currency"],
        effects=_effects(now, -1),
        credit=amount_of(credit) - _sum(now),
        source=source_of(credit),
        reference=reference,
        taxes=[dict(each) for each in taxes],
    )
    return [first, *applied(credit, [each for each in parts if each.date != day])]


def applied(credit: CreditRecord, parts: Sequence[Part]) -> Iterator[Posting]:
    """What is paid with what was left, one entry for each day."""
    for day, group in groupby(sorted(parts, key=lambda part: part.date), lambda part: part.date):
        of_day = list(group)
        yield Posting(
            kind="allocation",
            date=day,
            currency=credit.row["currency"],
            effects=_effects(of_day, -1),
            credit=-_sum(of_day),
            source=source_of(credit),
        )


def taken_back(
    credit: CreditRecord, parts: Sequence[Part], day: date, left: Decimal | None
) -> Posting:
    """What invoices are given back: by a reversal with what is `left`; None: it becomes credit."""
    return Posting(
        kind="allocation" if left is None else "reversal",
        date=day,
        currency=credit.row["currency"],
        effects=_effects(parts, 1),
        credit=_sum(parts) if left is None else -left,
        source=source_of(credit),
        reference=None if left is None else credit.row.get("reference"),
    )


def settle_all(
    transaction: Transaction,
    credit: CreditRecord,
    parts: Sequence[Part],
    *,
    at: datetime,
    back: bool = False,
) -> int:
    """Pay the invoices, or give `back` what was paid; by how many more are open. See `settle`."""
    sign = -1 if back else 1
    return sum(
        settle(
            transaction,
            each.invoice,
            Application(source=source_of(credit), amount=sign * each.amount, date=each.date),
            at=at,
        )
        for each in parts
    )


def _effects(parts: Sequence[Part], sign: int) -> list[Effect]:
    return [
        Effect(
            invoice_id=each.invoice.row["invoice_id"],
            due_date=due_date_of(each.invoice),
            amount=sign * each.amount,
        )
        for each in parts
    ]


def _sum(parts: Sequence[Part]) -> Decimal:
    return sum((each.amount for each in parts), _NOTHING)
