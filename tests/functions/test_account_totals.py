"""A client's running totals: what a booking adds, and what the list filters by."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tallybook.clients.presence import current
from tallybook.errors import ClientNotFound
from tallybook.ids import new_id
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged
from tests.builders import new_client
from tests.support.api import Staff

AT = datetime(2026, 11, 22, 7, 4, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def posting(amount: str, currency: str = "EUR") -> Posting:
    effect = Effect(invoice_id=new_id(AT), due_date=TODAY, amount=Decimal(amount))
    kind = "invoice" if Decimal(amount) > 0 else "payment"
    return Posting(kind=kind, date=TODAY, currency=currency, effects=[effect])  # type: ignore[arg-type]


def booked(client_id: str, *postings: Posting) -> None:
    transaction = Transaction()
    book(transaction, current(client_id), postings, at=AT)
    transaction.commit()


def client(member: Staff) -> str:
    client_id: str = member.post("/v1/clients", new_client()).body["client_id"]
    return client_id


def found(member: Staff, *, due: bool) -> list[str]:
    answer = member.get("/v1/clients", balance_due=str(due).lower())
    return [each["client_id"] for each in answer.body["items"]]


def test_a_client_is_listed_by_what_it_owes_in_any_currency(member: Staff):
    client_id = client(member)
    assert (found(member, due=True), found(member, due=False)) == ([], [client_id])
    booked(client_id, posting("10.50"))
    booked(client_id, posting("4", "JPY"))
    booked(client_id, posting("-10.50"))
    assert (found(member, due=True), found(member, due=False)) == ([client_id], [])
    booked(client_id, posting("-4", "JPY"))
    assert (found(member, due=True), found(member, due=False)) == ([], [client_id])


def test_totals_are_sums_of_what_was_booked(member: Staff):
    client_id = client(member)
    booked(client_id, posting("10.50"), posting("0.50"))
    booked(client_id, posting("-3"))
    (account,) = member.get(f"/v1/clients/{client_id}").body["account"]
    assert account == {
        "currency": "EUR",
        "invoiced": "11.00",
        "paid": "3.00",
        "unpaid": "8.00",
        "credit": "0.00",
    }


@pytest.mark.parametrize(
    ("before", "rival", "mine"),
    [
        ([], "5", "5"),  # both the first of the currency
        (["10"], "-10", "-5"),  # nothing left to pay
        (["10", "-10"], "3", "5"),  # something unpaid again
        (["10"], "5", "-10"),  # would not be the last any more
    ],
)
def test_what_was_read_wrongly_is_read_again(
    member: Staff, before: list[str], rival: str, mine: str
):
    client_id = client(member)
    for amount in before:
        booked(client_id, posting(amount))
    seen = current(client_id)
    booked(client_id, posting(rival))
    transaction = Transaction()
    book(transaction, seen, [posting(mine)], at=AT)
    with pytest.raises(VersionChanged):
        transaction.commit()


def test_others_changes_that_change_nothing_of_that_do_no_harm(member: Staff):
    client_id = client(member)
    booked(client_id, posting("10"))
    seen = current(client_id)
    booked(client_id, posting("5"))
    transaction = Transaction()
    book(transaction, seen, [posting("-9")], at=AT)
    transaction.commit()
    assert member.get(f"/v1/clients/{client_id}").body["account"][0]["unpaid"] == "6.00"


def test_nothing_is_booked_for_a_client_that_is_deleted(manager: Staff):
    client_id = client(manager)
    seen = current(client_id)
    assert manager.delete(f"/v1/clients/{client_id}").status == 204
    transaction = Transaction()
    book(transaction, seen, [posting("10")], at=AT)
    with pytest.raises(ClientNotFound):
        transaction.commit()
