"""What billing asks of DynamoDB, in requests and units: whatever a client's history."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.ids import new_id
from tallybook.table import Item, encode
from tests.integration.conftest import Spending
from tests.support import firm
from tests.support.api import Answer, Staff
from tests.support.books import WRITTEN, Books

OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}


@pytest.fixture
def books(owner: Staff) -> Books:
    body = {"business_name": "Acme", "emails": ["a@acme.example"]}
    return Books(owner.call("clients", "POST", "/v1/clients", body).body["client_id"])


def settled(books: Books, count: int) -> Iterator[Item]:
    """So many old entries: invoices that were paid on their day, a few every day."""
    for number in range(count // 2):
        day = date(2010, 1, 1) + timedelta(number % 5000)
        invoice_id = new_id(WRITTEN)
        for kind, amount in (("invoice", Decimal(10)), ("payment", Decimal(-10))):
            entry_id = new_id(WRITTEN)
            due = {"invoice_id": invoice_id, "due_date": day.isoformat(), "amount": amount}
            row = {
                "client_id": books.client_id,
                "currency": "EUR",
                "kind": kind,
                "date": day.isoformat(),
                "amount": amount,
                "effects": [due],
            }
            yield {
                "pk": {"S": f"CLIENT#{books.client_id}"},
                "sk": {"S": f"LEDGER#EUR#{day}#{entry_id}"},
                "by_date_pk": {"S": f"JOURNAL#{day:%Y-%m}"},
                "by_date_sk": {"S": f"{day}#{entry_id}"},
                "row": encode(row),
            }


def october(books: Books) -> None:
    """Two invoices are open, one is paid in part."""
    first = books.invoice("100", date(2026, 9, 1))
    books.invoice("50", date(2026, 10, 5))
    books.pay("30", date(2026, 10, 20), {first: "30"})


def asked(owner: Staff, books: Books, rest: str, **query: str) -> Answer:
    answer = owner.call("statements", "GET", f"/v1/clients/{books.client_id}{rest}", query=query)
    assert answer.status == 200, answer.body
    return answer


@pytest.mark.parametrize("older", [10, 10_000])
def test_a_statement_of_a_month_is_one_query_of_each_list_however_long_the_history(
    owner: Staff, books: Books, spending: Spending, admin: Any, older: int
):
    firm.write(admin, settled(books, older))
    october(books)
    with spending() as spent:
        (euros,) = asked(owner, books, "/statement", **OCTOBER).body["currencies"]
    assert (euros["opening_balance"], euros["closing_balance"]) == ("100.00", "120.00")
    # The client; its ledger since the first, and what is open; the client again with two invoices.
    assert spent.requests == {"GetItem": 1, "Query": 2, "BatchGetItem": 1}
    assert spent.reads == 1 + 2 * 1 + 3


@pytest.mark.parametrize("older", [10, 10_000])
def test_a_page_of_the_ledger_is_a_read_of_the_client_and_one_query(
    owner: Staff, books: Books, spending: Spending, admin: Any, older: int
):
    firm.write(admin, settled(books, older))
    october(books)
    with spending() as spent:
        assert len(asked(owner, books, "/ledger", **OCTOBER).body["items"]) == 2
    assert spent.requests == {"GetItem": 1, "Query": 1}
    assert spent.reads == 2


@pytest.mark.parametrize("older", [10, 10_000])
def test_sending_a_statement_costs_the_same_however_long_the_history(
    owner: Staff, books: Books, spending: Spending, admin: Any, older: int
):
    firm.write(admin, settled(books, older))
    october(books)
    path = f"/v1/clients/{books.client_id}/statement/send"
    with spending() as spent:
        assert owner.call("statements", "POST", path, OCTOBER).status == 202
    # Who it goes to, and what the statement asks for; the mail, its history, and no suspension.
    assert spent.requests == {"GetItem": 1, "Query": 3, "BatchGetItem": 1, "TransactWriteItems": 1}
    assert (spent.reads, spent.actions) == (1 + 3 + 3, 3)


@pytest.mark.parametrize("older", [10, 10_000])
def test_a_report_of_today_costs_the_same_however_long_the_history(
    owner: Staff, books: Books, spending: Spending, admin: Any, older: int
):
    firm.write(admin, settled(books, older))
    october(books)
    with spending() as spent:
        answer = owner.call("reports", "GET", "/v1/reports/ageing")
    assert [each["balance"] for each in answer.body["items"]] == ["120.00"]
    # Settings; what is open and what is credit; the journal of this month and a year; names.
    assert spent.requests == {"GetItem": 1, "Query": 2 + 13, "BatchGetItem": 1}
    assert spent.reads == 1 + 15 * 0.5 + 0.5
