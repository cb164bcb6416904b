"""Invoices that end unpaid, and how their collecting stands."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, path


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner)


def ledger() -> list[dict[str, Any]]:
    return [each["row"] for each in stored.items() if each["sk"].startswith("LEDGER#")]


def is_even(staff: Staff, client_id: str) -> bool:
    account = billing.account(staff, client_id)
    return {account[name] for name in ("invoiced", "paid", "unpaid", "credit")} == {"0.00"}


def test_a_voided_invoice_keeps_its_number_and_leaves_the_books_even(
    manager: Staff, client_id: str
):
    invoice = finalized(manager, client_id)
    answer = manager.post(f"{path(invoice)}/void", {"reason": "Wrong client"})
    assert (answer.status, answer.body["status"]) == (200, "void"), answer.body
    assert answer.body["voided"]["reason"] == "Wrong client"
    assert answer.body["number"] == invoice["number"]
    assert answer.body["totals"]["balance"] == "0.00"
    assert billing.read(manager, invoice) == answer.body
    assert is_even(manager, client_id)
    assert sum(each["amount"] for each in ledger()) == 0
    (void,) = [each for each in ledger() if each["kind"] == "void"]
    assert [(each["taxable"], each["tax"]) for each in void["taxes"]] == [(-200, -38)]
    assert not any(sk.startswith("OPEN#") for _, sk in stored.keys(f"CLIENT#{client_id}"))
    again = manager.post(f"{path(invoice)}/void")
    assert_problem(again, 409, "invoice_not_open")


def test_what_was_paid_of_a_voided_invoice_is_credit_again(manager: Staff, client_id: str):
    invoice = finalized(manager, client_id)
    payment = {"amount": "100.00", "method": "cash"}
    made = manager.post(f"/v1/clients/{client_id}/payments", payment)
    assert made.status == 201, made.body
    answer = manager.post(f"{path(invoice)}/void")
    assert (answer.status, answer.body["status"]) == (200, "void"), answer.body
    assert billing.account(manager, client_id)["credit"] == "100.00"
    paid = manager.get(f"/v1/clients/{client_id}/payments/{made.body['payment_id']}").body
    assert (paid["unapplied"], paid["allocations"]) == ("100.00", [])
    assert sum(each["amount"] for each in ledger()) == -100


def test_what_is_written_off_is_lost_and_the_rest_stays_paid(manager: Staff, client_id: str):
    invoice = finalized(manager, client_id)
    payment = {"amount": "100.00", "method": "cash"}
    assert manager.post(f"/v1/clients/{client_id}/payments", payment).status == 201
    answer = manager.post(f"{path(invoice)}/write-off", {"reason": "Insolvent"})
    assert (answer.status, answer.body["status"]) == (200, "written_off"), answer.body
    assert answer.body["totals"]["written_off"] == "138.00"
    assert answer.body["totals"]["balance"] == "0.00"
    account = billing.account(manager, client_id)
    assert (account["unpaid"], account["paid"]) == ("0.00", "100.00")
    assert_problem(manager.post(f"{path(invoice)}/write-off"), 409, "invoice_not_open")
    assert_problem(manager.post(f"{path(invoice)}/void"), 409, "invoice_not_open")


def test_an_invoice_of_which_some_was_written_off_is_not_voided_when_it_opens_again(
    manager: Staff, client_id: str
):
    """Else what was written off would be taken back twice, and less than nothing be unpaid."""
    invoice = finalized(manager, client_id)
    payments = f"/v1/clients/{client_id}/payments"
    cheque = manager.post(payments, {"amount": "100.00", "method": "cheque"}).body
    assert manager.post(f"{path(invoice)}/write-off").status == 200
    bounced = manager.post(f"{payments}/{cheque['payment_id']}/reverse", {})
    assert bounced.status == 200, bounced.body
    with stored.unchanged():
        answer = manager.post(f"{path(invoice)}/void")
        assert_problem(answer, 409, "invoice_not_open")
    assert "138.00 EUR" in answer.body["detail"]
    rest = manager.post(f"{path(invoice)}/write-off").body
    assert (rest["status"], rest["totals"]["written_off"]) == ("written_off", "238.00")
    assert billing.account(manager, client_id)["unpaid"] == "0.00"
    assert sum(each["amount"] for each in ledger()) == 0


@pytest.mark.parametrize("is_applied", [True, False])
def test_an_invoice_with_credit_notes_is_not_voided(
    is_applied: bool, manager: Staff, client_id: str
):
    """Else the client got the money twice: as credit of the note, and as credit of what it paid."""
    invoice = finalized(manager, client_id)
    note = {
        "invoice_id": invoice["invoice_id"],
        "lines": [billing.new_line(quantity="1", unit_price="50.00", tax_rate="0")],
        "apply": is_applied,
    }
    made = [manager.post(f"/v1/clients/{client_id}/credit-notes", note).body for _ in range(2)]
    with stored.unchanged():
        answer = manager.post(f"{path(invoice)}/void")
        assert_problem(answer, 409, "invoice_not_open")
    assert all(each["number"] in answer.body["detail"] for each in made)


@pytest.mark.parametrize("how", ["void", "write-off"])
def test_an_invoice_ends_by_managers_only_once_and_never_as_a_draft(
    how: str, member: Staff, specialist: Staff, manager: Staff, client_id: str
):
    invoice, draft = finalized(manager, client_id), drafted(manager, client_id)
    with stored.unchanged():
        assert_problem(member.post(f"{path(invoice)}/{how}"), 403, "forbidden")
        assert_problem(specialist.post(f"{path(invoice)}/{how}"), 403, "forbidden")
        assert_problem(manager.post(f"{path(draft)}/{how}"), 409, "is_a_draft")
        stale = manager.post(f"{path(invoice)}/{how}", if_match='"1"')
        assert_problem(stale, 412, "stale_version")
    first = manager.post(f"{path(invoice)}/{how}", idempotency_key="k")
    with stored.unchanged():
        second = manager.post(f"{path(invoice)}/{how}", idempotency_key="k")
    assert (second.status, second.body) == (200, first.body)


@pytest.mark.parametrize("how", ["void", "write-off"])
@pytest.mark.parametrize("day", ["2026-01-31", "2199-01-01"])
def test_an_invoice_ends_neither_before_it_began_nor_in_the_future(
    how: str, day: str, manager: Staff, client_id: str
):
    invoice = finalized(manager, client_id, issue_date="2026-02-01")
    with stored.unchanged():
        answer = manager.post(f"{path(invoice)}/{how}", {"date": day})
        assert_problem(answer, 422, "validation_failed", "date")
    answer = manager.post(f"{path(invoice)}/{how}", {"date": "2026-02-01"})
    assert answer.status == 200
    assert {each["date"] for each in ledger()} == {"2026-02-01"}


@pytest.mark.parametrize("how", ["void", "write-off"])
def test_an_invoice_does_not_end_while_it_was_paid(how: str, manager: Staff, client_id: str):
    """Else less than nothing would have been open of it, as of a day before the cheque bounced."""
    invoice = finalized(manager, client_id, issue_date="2026-02-01")
    payments = f"/v1/clients/{client_id}/payments"
    paid = manager.post(payments, {"amount": "238.00", "date": "2026-02-10"}).body
    bounced = manager.post(f"{payments}/{paid['payment_id']}/reverse", {"date": "2026-03-10"})
    assert bounced.status == 200, bounced.body
    with stored.unchanged():
        answer = manager.post(f"{path(invoice)}/{how}", {"date": "2026-02-20"})
        assert_problem(answer, 422, "validation_failed", "date")
    assert manager.post(f"{path(invoice)}/{how}", {"date": "2026-03-10"}).status == 200


@pytest.mark.parametrize("how", ["void", "write-off"])
def test_nothing_ends_in_closed_books(how: str, manager: Staff, client_id: str):
    invoice = finalized(manager, client_id, issue_date="2026-02-01")
    closed = manager.patch("/v1/settings", {"billing": {"closed_until": "2026-02-28"}})
    assert closed.status == 200, closed.body
    with stored.unchanged():
        answer = manager.post(f"{path(invoice)}/{how}", {"date": "2026-02-15"})
        assert_problem(answer, 422, "validation_failed", "date")
    assert manager.post(f"{path(invoice)}/{how}", {"date": "2026-03-01"}).status == 200


def test_no_part_of_voiding_is_booked_in_books_that_are_closed_meanwhile(
    manager: Staff, client_id: str
):
    """The void is of today, as the later payment; the earlier one is given back before that."""
    invoice = finalized(manager, client_id, issue_date="2026-02-01")
    for more in ({"date": "2026-02-05"}, {}):
        payment = {"amount": "50.00"} | more
        assert manager.post(f"/v1/clients/{client_id}/payments", payment).status == 201

    def close() -> None:
        closing = {"billing": {"closed_until": "2026-02-28"}}
        assert manager.patch("/v1/settings", closing).status == 200

    with stored.in_between("TransactWriteItems", close):
        answer = manager.post(f"{path(invoice)}/void", {"date": "2026-02-10"})
    assert_problem(answer, 422, "validation_failed", "date")


def test_how_collecting_stands_is_said_by_anybody_of_a_finalized_invoice(
    member: Staff, client_id: str
):
    invoice, draft = finalized(member, client_id), drafted(member, client_id)
    assert (invoice["collection_status"], invoice["collection"]) == ("none", None)
    said = {"status": "in_dispute", "note": "The samples are missing"}
    answer = member.put(f"{path(invoice)}/collection-status", said)
    assert (answer.status, answer.body["collection_status"]) == (200, "in_dispute"), answer.body
    assert answer.body["collection"]["note"] == "The samples are missing"
    assert billing.read(member, invoice) == answer.body
    with stored.unchanged():
        assert member.put(f"{path(invoice)}/collection-status", said).body == answer.body
        wrong = member.put(f"{path(invoice)}/collection-status", {"status": "lost"})
        assert_problem(wrong, 422, "validation_failed", "status")
        assert_problem(member.put(f"{path(draft)}/collection-status", said), 409, "is_a_draft")
    cleared = member.put(f"{path(invoice)}/collection-status", {"status": "none"})
    assert (cleared.body["collection_status"], cleared.body["collection"]["note"]) == ("none", None)
