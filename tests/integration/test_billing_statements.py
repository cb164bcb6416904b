"""Any books: statements, ageing and reports agree with the whole ledger, as of any day."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallybook.ledger import receivables
from tallybook.ledger.reading import entries
from tallybook.ledger.rules import Booked, Standing, ageing, balance
from tallybook.ledger.spans import Span
from tallybook.ledger.statements import of_client
from tallybook.papers.kinds import CurrencyStatement
from tests.support.api import Staff
from tests.support.books import FIRST_DAY, STEPS, Books, Step, perform
from tests.support.faults import no_pauses
from tools.books import audit

LAST_DAY = date(2026, 12, 31)
DAYS = st.integers(0, 364).map(lambda number: FIRST_DAY + timedelta(number))
ANY_BOOKS = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


def booked(owner: Staff, steps: list[Step]) -> Books:
    """A new client with these books."""
    body = {"business_name": "Acme"}
    books = Books(owner.call("clients", "POST", "/v1/clients", body).body["client_id"])
    for step in steps:
        perform(books, step)
    return books


def ledger_of(books: Books) -> list[Booked]:
    return list(entries(books.client_id, "EUR", since=date(1970, 1, 1)))


def statement(books: Books, first: date, last: date) -> CurrencyStatement:
    (found,) = of_client(books.client_id, Span(first, last))
    return found


def ageing_of(whole: list[Booked], day: date) -> dict[Any, Decimal]:
    """From the whole ledger, and nothing else."""
    standing = Standing()
    for entry in whole:
        if entry.date <= day:
            standing.add(entry)
    return ageing(standing.items(), day)


@ANY_BOOKS
@given(STEPS, DAYS, DAYS)
def test_a_statement_says_what_the_whole_ledger_says(owner, steps, one, other):
    books = booked(owner, steps)
    first, last = min(one, other), max(one, other)
    whole, found = ledger_of(books), statement(books, first, last)
    assert found.opening == balance(whole, first - timedelta(1))
    assert found.closing == balance(whole, last)
    assert found.ageing == ageing_of(whole, last)
    assert sum(found.ageing.values()) == found.closing
    told = [(row.kind, row.date, row.amount) for row in found.rows]
    assert told == [
        (entry.kind, entry.date, entry.amount)
        for entry in sorted(whole, key=lambda entry: (entry.date, entry.entry_id))
        if first <= entry.date <= last and entry.kind != "allocation"
    ]


@ANY_BOOKS
@given(STEPS, DAYS)
def test_a_statement_closes_as_the_next_one_opens(owner, steps, day):
    books = booked(owner, steps)
    whole = statement(books, FIRST_DAY, LAST_DAY)
    before = statement(books, FIRST_DAY, day)
    after = statement(books, day + timedelta(1), LAST_DAY)
    assert before.closing == after.opening
    assert [*before.rows, *after.rows] == list(whole.rows)
    assert (before.opening, after.closing) == (whole.opening, whole.closing)


@ANY_BOOKS
@given(STEPS, STEPS, st.integers(0, 363))
def test_what_is_booked_for_later_days_does_not_change_what_was(owner, steps, more, number):
    books = booked(owner, steps)
    day = FIRST_DAY + timedelta(number)
    before = statement(books, FIRST_DAY, day), owed_in_all(day)
    for step in more:
        perform(books, step, since=number + 1)
    assert (statement(books, FIRST_DAY, day), owed_in_all(day)) == before


def owed_in_all(day: date) -> dict[tuple[str, str], Any]:
    found = receivables.owing(day, today=LAST_DAY)
    return {(each.client_id, each.currency): each.ages for each in found}


@ANY_BOOKS
@given(st.lists(STEPS, min_size=1, max_size=3), DAYS)
def test_the_report_is_the_sum_of_all_clients(owner, firm_steps, day):
    clients = [booked(owner, steps) for steps in firm_steps]
    report = owed_in_all(day)
    for books in clients:
        ages = statement(books, day, day).ageing
        found = report.get((books.client_id, "EUR"))
        assert found == ages if found else not any(ages.values())
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for ages in report.values():
        for bucket, amount in ages.items():
            sums[bucket] += amount
    page, _ = receivables.page(day, today=LAST_DAY, limit=1, after=None)
    told = page.totals[0].ageing.model_dump() if page.totals else {}
    assert {name: Decimal(text) for name, text in told.items()} == sums


@ANY_BOOKS
@given(STEPS)
def test_whatever_is_booked_the_books_are_right(owner, steps):
    booked(owner, steps)
    assert list(audit.faults(pause=0)) == []
