"""Ranges of days that statements and ledgers are asked for."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.errors import InvalidField
from tallybook.ledger.firm import months
from tallybook.ledger.kinds import LONGEST_AHEAD, MONTHS_AHEAD
from tallybook.ledger.spans import span, within


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2016, 10, 31), date(2026, 10, 31)),
        (date(2016, 2, 29), date(2026, 2, 28)),
        (date(2026, 10, 31), date(2026, 10, 31)),
    ],
)
def test_a_statement_may_have_ten_years(first, last):
    assert span(first, last) == (first, last)


def test_without_a_first_day_it_is_that_of_the_month():
    assert span(None, date(2026, 2, 28)).first == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2016, 10, 30), date(2026, 10, 31)),
        (date(2016, 2, 29), date(2026, 3, 1)),
        (date(2026, 11, 1), date(2026, 10, 31)),
    ],
)
def test_more_days_than_that_are_refused_and_so_is_the_wrong_order(first, last):
    with pytest.raises(InvalidField):
        span(first, last)


def test_the_days_of_a_ledger_may_be_open_at_either_end():
    assert within(None, date(2026, 1, 1)).first is None
    assert within(date(1970, 1, 1), None).last is None
    with pytest.raises(InvalidField):
        within(date(2026, 1, 2), date(2026, 1, 1))


def test_months_go_on_over_the_end_of_a_year():
    assert months(date(2026, 11, 30), 4) == ["2026-11", "2026-12", "2027-01", "2027-02"]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_no_invoice_lies_further_ahead_than_the_months_that_are_looked_through(today: date):
    last = today + LONGEST_AHEAD
    assert (last.year - today.year) * 12 + last.month - today.month <= MONTHS_AHEAD
