from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.ledger.kinds import Effect
from tallybook.ledger.rules import (
    Booked,
    Entry,
    OpenItem,
    Standing,
    ageing,
    balance,
    statement,
)

DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
AMOUNTS = st.decimals("-10000", "10000", places=2)
KINDS = st.sampled_from(
    ["invoice", "payment", "credit_note", "refund", "reversal", "write_off", "void", "late_fee"]
)
ENTRIES = st.lists(
    st.builds(Entry, kind=KINDS, date=DAYS, amount=AMOUNTS, reference=st.sampled_from("abc"))
)
ITEMS = st.lists(st.builds(OpenItem, balance=AMOUNTS, due_date=st.none() | DAYS))
MARCH = [
    Entry(kind="invoice", date=date(2026, 3, 2), amount=Decimal("1200.00"), reference="INV-1"),
    Entry(kind="payment", date=date(2026, 3, 9), amount=Decimal("-1500.00"), reference="wire"),
    Entry(kind="refund", date=date(2026, 3, 10), amount=Decimal("300.00"), reference="wire"),
    Entry(kind="reversal", date=date(2026, 3, 20), amount=Decimal("1500.00"), reference="cheque"),
    Entry(kind="credit_note", date=date(2026, 3, 31), amount=Decimal("-100.00"), reference="CN-1"),
]


def test_a_statement_runs_from_the_opening_to_the_closing_balance():
    found = statement(Decimal("50.00"), MARCH, date(2026, 3, 1), date(2026, 3, 31))
    assert found.opening_balance == Decimal("50.00")
    assert [str(row.balance) for row in found.entries] == [
        "1250.00",
        "-250.00",
        "50.00",
        "1550.00",
        "1450.00",
    ]
    assert str(found.closing_balance) == "1450.00"
    assert [(row.kind, row.date, row.amount, row.reference) for row in found.entries] == [
        (entry.kind, entry.date, entry.amount, entry.reference) for entry in MARCH
    ]


def test_both_days_of_the_range_belong_to_a_statement_and_no_others():
    found = statement(Decimal(0), MARCH, date(2026, 3, 9), date(2026, 3, 20))
    assert [row.kind for row in found.entries] == ["payment", "refund", "reversal"]


def test_a_statement_without_entries_closes_as_it_opened():
    found = statement(Decimal("12.50"), [], date(2026, 3, 1), date(2026, 3, 31))
    assert (found.entries, found.closing_balance) == ((), Decimal("12.50"))


def test_entries_of_a_day_stay_in_the_order_in_which_they_were_booked():
    day = date(2026, 3, 2)
    booked = [
        Entry(kind="payment", date=day, amount=Decimal(-5), reference="first"),
        Entry(kind="invoice", date=date(2026, 3, 1), amount=Decimal(9), reference="earlier"),
        Entry(kind="invoice", date=day, amount=Decimal(7), reference="second"),
    ]
    rows = statement(Decimal(0), booked, date(2026, 3, 1), day).entries
    assert [row.reference for row in rows] == ["earlier", "first", "second"]


def test_the_balance_counts_the_day_itself():
    assert balance(MARCH, date(2026, 3, 1)) == 0
    assert balance(MARCH, date(2026, 3, 2)) == 1200
    assert balance(MARCH, date(2026, 3, 9)) == -300
    assert balance(MARCH, date(2026, 3, 31)) == 1400


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-30, "current"),
        (0, "current"),
        (1, "1_30"),
        (30, "1_30"),
        (31, "31_60"),
        (60, "31_60"),
        (61, "61_90"),
        (90, "61_90"),
        (91, "over_90"),
        (4000, "over_90"),
    ],
)
def test_an_open_item_ages_by_days_after_its_due_date(days, bucket):
    due = date(2026, 3, 31)
    found = ageing([OpenItem(balance=Decimal("10.00"), due_date=due)], due + timedelta(days))
    assert {name: amount for name, amount in found.items() if amount} == {bucket: Decimal("10.00")}
    assert list(found) == ["current", "1_30", "31_60", "61_90", "over_90"]


@pytest.mark.parametrize(
    "item",
    [
        OpenItem(balance=Decimal("-10.00"), due_date=date(2020, 1, 1)),
        OpenItem(balance=Decimal("-10.00")),
        OpenItem(balance=Decimal("10.00")),
    ],
)
def test_a_credit_and_what_has_no_due_date_are_never_late(item):
    assert ageing([item], date(2026, 3, 31))["current"] == item.balance


@given(st.decimals("-10000", "10000", places=2), ENTRIES, DAYS, DAYS)
def test_the_closing_balance_of_a_range_opens_the_next(opening, entries, one, other):
    start, end = min(one, other), max(one, other)
    year_end = date(2026, 12, 31)
    first = statement(opening, entries, start, end)
    rest = statement(first.closing_balance, entries, end + timedelta(1), year_end)
    whole = statement(opening, entries, start, year_end)
    assert first.entries + rest.entries == whole.entries
    assert rest.closing_balance == whole.closing_balance


@given(ENTRIES, DAYS, DAYS)
def test_a_statement_closes_with_the_balance_of_its_last_day(entries, one, other):
    start, end = min(one, other), max(one, other)
    opening = balance(entries, start - timedelta(1))
    assert statement(opening, entries, start, end).closing_balance == balance(entries, end)


@given(ENTRIES, ENTRIES, DAYS)
def test_entries_of_later_days_do_not_change_what_was(entries, more, day):
    later = [entry for entry in more if entry.date > day]
    assert balance([*entries, *later], day) == balance(entries, day)
    start = date(2026, 1, 1)
    before = statement(Decimal(0), entries, start, day)
    assert statement(Decimal(0), [*later, *entries], start, day) == before


@given(ENTRIES.flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))), DAYS)
def test_the_order_of_entries_does_not_change_a_balance(both, day):
    one, other = both
    assert balance(one, day) == balance(other, day)
    start = date(2026, 1, 1)
    closing = statement(Decimal(0), one, start, day).closing_balance
    assert statement(Decimal(0), other, start, day).closing_balance == closing


@given(ITEMS.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))), DAYS)
def test_the_buckets_add_up_to_the_balances_in_any_order(both, day):
    one, other = both
    assert sum(ageing(one, day).values()) == sum(item.balance for item in one)
    assert ageing(one, day) == ageing(other, day)


# ---- What is open on a day -------------------------------------------------------------------


EFFECTS = st.lists(
    st.builds(
        Effect,
        invoice_id=st.sampled_from("xyz"),
        due_date=st.just(date(2026, 6, 30)),
        amount=AMOUNTS,
    ),
    max_size=3,
).map(tuple)
BOOKED = st.lists(
    st.builds(
        lambda day, effects, credit: Booked(
            kind="payment",
            date=day,
            amount=sum((each.amount for each in effects), Decimal(0)) - credit,
            entry_id="1",
            currency="EUR",
            effects=effects,
            credit=credit,
        ),
        DAYS,
        EFFECTS,
        AMOUNTS,
    )
)


def standing_of(entries):
    standing = Standing()
    for entry in entries:
        standing.add(entry)
    return standing


@given(BOOKED, DAYS)
def test_what_was_open_is_what_is_open_less_what_came_later(entries, day):
    now = standing_of(entries)
    for entry in entries:
        if entry.date > day:
            now.take_back(entry)
    then = standing_of(entry for entry in entries if entry.date <= day)
    assert ageing(now.items(), day) == ageing(then.items(), day)
    assert now.credit == then.credit


@given(BOOKED, DAYS)
def test_what_is_open_adds_up_to_the_balance(entries, day):
    then = standing_of(entry for entry in entries if entry.date <= day)
    assert sum(ageing(then.items(), day).values()) == balance(entries, day)


@given(BOOKED, BOOKED)
def test_standings_join_as_their_entries_would(some, others):
    joined = standing_of(some)
    joined.join(standing_of(others))
    assert joined.items() == standing_of([*some, *others]).items()


def test_an_allocation_is_not_told_on_a_statement():
    moved = Entry(kind="allocation", date=date(2026, 3, 3), amount=Decimal(0))
    found = statement(Decimal(0), [*MARCH, moved], date(2026, 3, 1), date(2026, 3, 31))
    assert "allocation" not in [row.kind for row in found.entries]
