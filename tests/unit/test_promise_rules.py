"""Whether a promise was kept, against a model that adds up one entry after another."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.ids import derived_id
from tallybook.ledger.kinds import Effect
from tallybook.ledger.rules import Booked
from tallybook.promises.kinds import Promised
from tallybook.promises.rules import latest_day, paid, status

MADE = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = date(2026, 3, 15)
KINDS = ["invoice", "payment", "credit_note", "refund", "reversal", "write_off", "void"]
KINDS += ["late_fee", "allocation"]

AMOUNTS = st.integers(-500, 500).map(Decimal)
EFFECTS = st.builds(
    Effect, invoice_id=st.sampled_from("abc"), due_date=st.just(DAY), amount=AMOUNTS
)


@st.composite
def bookings(draw: st.DrawFn) -> Booked:
    """An entry of some kind, dated and booked about the time of the promise."""
    effects = tuple(draw(st.lists(EFFECTS, max_size=3)))
    credit = draw(AMOUNTS)
    booked_at = MADE + timedelta(milliseconds=draw(st.integers(-2, 2)))
    return Booked(
        entry_id=derived_id(booked_at, draw(st.integers(0, 99))),
        kind=draw(st.sampled_from(KINDS)),
        date=DAY + timedelta(draw(st.integers(-3, 3) | st.integers(-68, -62))),
        currency=draw(st.sampled_from(["EUR", "USD"])),
        amount=sum((each.amount for each in effects), Decimal(0)) - credit,
        effects=effects,
        credit=credit,
    )


@st.composite
def promises(draw: st.DrawFn) -> Promised:
    return Promised(
        amount=Decimal(draw(st.integers(1, 500))),
        currency="EUR",
        date=DAY,
        made_at=MADE,
        invoice_ids=draw(st.none() | st.frozensets(st.sampled_from("abc"), min_size=1)),
        is_cancelled=draw(st.booleans()),
    )


def paid_by_hand(promise: Promised, entries: list[Booked]) -> Decimal:
    total = Decimal(0)
    for entry in entries:
        is_late = entry.date > promise.date
        is_old = entry.entry_id[:10] <= derived_id(promise.made_at, 0)[:10]
        is_ancient = (promise.made_at.date() - entry.date).days > 60
        if is_late or is_old or is_ancient or entry.currency != promise.currency:
            continue
        if promise.invoice_ids is None and entry.kind in {"payment", "reversal"}:
            total -= entry.amount
        if promise.invoice_ids and entry.kind in {"payment", "reversal", "allocation"}:
            for effect in entry.effects:
                if effect.invoice_id in promise.invoice_ids:
                    total -= effect.amount
    return total


@given(promises(), st.lists(bookings(), max_size=12))
def test_what_was_paid_is_what_was_booked_since_and_dated_in_time(
    promise: Promised, entries: list[Booked]
):
    assert paid(promise, entries) == paid_by_hand(promise, entries)


@given(promises(), st.lists(bookings(), max_size=8), st.data())
def test_the_order_of_the_entries_does_not_matter(
    promise: Promised, entries: list[Booked], data: st.DataObject
):
    assert paid(promise, entries) == paid(promise, data.draw(st.permutations(entries)))


@given(promises(), AMOUNTS, st.integers(-3, 3))
def test_a_promise_has_one_status_on_each_day(promise: Promised, amount: Decimal, days: int):
    today = promise.date + timedelta(days)
    found = status(promise, amount, today=today)
    if promise.is_cancelled:
        assert found == "cancelled"
    elif amount >= promise.amount:
        assert found == "kept"
    elif days <= 0:
        assert found == "pending"
    else:
        assert found == "broken"


@given(promises(), AMOUNTS)
def test_what_is_kept_or_broken_once_its_day_is_over_stays_so(promise: Promised, amount: Decimal):
    days = (promise.date + timedelta(ahead) for ahead in range(1, 400, 7))
    assert len({status(promise, amount, today=day) for day in days}) == 1


def test_a_cent_too_little_breaks_a_promise():
    wanted: dict[str, Any] = {"amount": Decimal("10.00"), "currency": "EUR", "date": DAY}
    promise = Promised(made_at=MADE, **wanted)
    after = DAY + timedelta(days=1)
    assert status(promise, Decimal("9.99"), today=after) == "broken"
    assert status(promise, Decimal("10.00"), today=after) == "kept"


@pytest.mark.parametrize(
    ("today", "latest"),
    [
        (date(2026, 3, 10), date(2027, 3, 10)),
        (date(2027, 3, 1), date(2028, 3, 1)),
        (date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_a_promise_lies_a_year_ahead_at_most(today: date, latest: date):
    assert latest_day(today) == latest
