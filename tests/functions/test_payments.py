"""Payments: what they pay, what is left of them, and what happens when they are taken back."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff
from tests.support.billing import account, drafted, invoiced, new_client_id, path, read
from tests.support.calls import recorded

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
TODAY = datetime.now(UTC).date()


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def client_id(owner: Staff) -> str:
    return new_client_id(owner)


@pytest.fixture
def payments(client_id: str) -> str:
    return f"/v1/clients/{client_id}/payments"


def paid(staff: Staff, payments: str, amount: str, **fields: Any) -> dict[str, Any]:
    answer = staff.post(payments, {"amount": amount} | fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def of(payment: dict[str, Any]) -> str:
    return f"/v1/clients/{payment['client_id']}/payments/{payment['payment_id']}"


def part(invoice: dict[str, Any], amount: str) -> dict[str, str]:
    return {"invoice_id": invoice["invoice_id"], "amount": amount}


def done(staff: Staff, payment: dict[str, Any], what: str, body: Any = None) -> dict[str, Any]:
    answer = staff.post(f"{of(payment)}/{what}", body or {})
    assert answer.status == 200, answer.body
    return dict(answer.body)


def balances(staff: Staff, *invoices: dict[str, Any]) -> list[tuple[str, str]]:
    found = [read(staff, each) for each in invoices]
    return [(each["totals"]["balance"], each["status"]) for each in found]


def amounts(payment: dict[str, Any]) -> tuple[str, ...]:
    return tuple(payment[name] for name in ("status", "applied", "refunded", "unapplied"))


def ledger(client_id: str) -> list[dict[str, Any]]:
    """The entries of the client's ledger in the order of their days."""
    items = stored.items(f"CLIENT#{client_id}")
    return [item["row"] for item in items if item["sk"].startswith("LEDGER#")]


# ---- Recording ---------------------------------------------------------------------------


def test_a_payment_reads_as_it_was_entered(member: Staff, owner: Staff, client_id: str):
    invoice = invoiced(owner, client_id, "200.00")
    entered = {"amount": "150.00", "method": "card", "date": ago(0), "reference": "Ref 7"}
    answer = member.post(f"/v1/clients/{client_id}/payments", entered)
    assert answer.status == 201, answer.body
    payment = answer.body
    assert answer.headers["location"] == of(payment)
    assert answer.etag == '"1"'
    assert payment == {
        "client_id": client_id,
        "payment_id": payment["payment_id"],
        "amount": "150.00",
        "currency": "EUR",
        "method": "card",
        "date": ago(0),
        "reference": "Ref 7",
        "status": "applied",
        "applied": "150.00",
        "refunded": "0.00",
        "unapplied": "0.00",
        "allocations": [
            {
                "invoice_id": invoice["invoice_id"],
                "number": invoice["number"],
                "amount": "150.00",
                "date": ago(0),
            }
        ],
        "refunds": [],
        "reversed": None,
        "sent": [],
        "by": {"staff_id": member.staff_id, "name": "The staff"},
        "created_at": payment["created_at"],
        "version": 1,
    }
    again = member.get(of(payment))
    assert (again.status, again.body, again.etag) == (200, payment, '"1"')
    assert balances(owner, invoice) == [("50.00", "partially_paid")]


def test_little_needs_to_be_said_of_a_payment(owner: Staff, payments: str):
    payment = paid(owner, payments, "5")
    assert (payment["amount"], payment["currency"], payment["date"]) == ("5.00", "EUR", ago(0))
    assert (payment["method"], payment["reference"]) == ("bank_transfer", None)
    assert amounts(payment) == ("unapplied", "0.00", "0.00", "5.00")


def test_the_oldest_invoices_are_paid_first_by_their_due_dates(
    owner: Staff, client_id: str, payments: str
):
    late = invoiced(owner, client_id, "40.00", due_date=ago(0))
    early = invoiced(owner, client_id, "30.00", issue_date=ago(9), due_date=ago(5))
    middle = invoiced(owner, client_id, "20.00", issue_date=ago(9), due_date=ago(3))
    payment = paid(owner, payments, "60.00")
    assert [each["number"] for each in payment["allocations"]] == [
        each["number"] for each in (early, middle, late)
    ]
    assert balances(owner, early, middle, late) == [
        ("0.00", "paid"),
        ("0.00", "paid"),
        ("30.00", "partially_paid"),
    ]


def test_a_surplus_becomes_credit(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "70.00")
    payment = paid(owner, payments, "100.00")
    assert amounts(payment) == ("partially_applied", "70.00", "0.00", "30.00")
    assert balances(owner, invoice) == [("0.00", "paid")]
    assert account(owner, client_id) == {
        "currency": "EUR",
        "invoiced": "70.00",
        "paid": "100.00",
        "unpaid": "0.00",
        "credit": "30.00",
    }


def test_a_payment_may_be_left_as_credit(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "70.00")
    payment = paid(owner, payments, "50.00", allocations="none")
    assert amounts(payment) == ("unapplied", "0.00", "0.00", "50.00")
    assert balances(owner, invoice) == [("70.00", "open")]
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("70.00", "50.00")


def test_invoices_that_are_named_are_paid_and_no_others(
    owner: Staff, client_id: str, payments: str
):
    first, second, third = (invoiced(owner, client_id, "50.00") for _ in range(3))
    named = [part(third, "50.00"), part(second, "10.00"), part(second, "5.5")]
    payment = paid(owner, payments, "100.00", allocations=named)
    assert balances(owner, first, second, third) == [
        ("50.00", "open"),
        ("34.50", "partially_paid"),
        ("0.00", "paid"),
    ]
    assert [each["amount"] for each in payment["allocations"]] == ["50.00", "15.50"]
    assert payment["unapplied"] == "34.50"
    assert owner.get(f"/v1/clients/{client_id}").body["counts"]["open_invoices"] == 2


def test_an_allocation_beyond_an_invoices_balance_is_refused_with_the_amounts(
    owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, "50.00")
    for amounts_ in (["62.00"], ["30.00", "32.00"]):
        named = [part(invoice, each) for each in amounts_]
        with stored.unchanged():
            answer = owner.post(payments, {"amount": "100", "allocations": named})
        place = len(amounts_) - 1
        assert_problem(answer, 422, "validation_failed", f"allocations.{place}.amount")
        message = answer.fields[f"allocations.{place}.amount"]
        assert message == "62.00 is more than the invoice's balance of 50.00."


def test_more_than_the_payment_cannot_be_allocated(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "50.00")
    with stored.unchanged():
        answer = owner.post(payments, {"amount": "40", "allocations": [part(invoice, "50")]})
    assert_problem(answer, 422, "validation_failed", "allocations")
    assert answer.fields["allocations"] == "50.00 is more than the 40.00 there is to allocate."


def test_only_open_invoices_of_the_client_in_the_payments_currency_can_be_named(
    owner: Staff, client_id: str, payments: str
):
    draft = drafted(owner, client_id)
    dollars = invoiced(owner, client_id, "50.00", currency="USD")
    settled = invoiced(owner, client_id, "50.00")
    paid(owner, payments, "50.00")
    strange = invoiced(owner, new_client_id(owner), "50.00")
    for invoice, reason in (
        (draft, "The invoice is a draft. Finalize it first."),
        (dollars, f"Invoice {dollars['number']} is in USD. What is to pay it is in EUR."),
        (settled, f"Invoice {settled['number']} is paid: nothing of it is open."),
        (strange, "The client has no invoice with this id."),
        ({"invoice_id": NOBODY}, "The client has no invoice with this id."),
    ):
        with stored.unchanged():
            body = {"amount": "50", "allocations": [part(invoice, "10.00")]}
            answer = owner.post(payments, body)
        assert_problem(answer, 422, "validation_failed", "allocations.0.invoice_id")
        assert answer.fields["allocations.0.invoice_id"] == reason


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": 12.5}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "12345678901234"}, "amount"),
        ({"amount": "1234567890123456"}, "amount"),
        ({"amount": "10.5", "currency": "JPY"}, "amount"),
        ({"amount": "10.5005", "currency": "KWD"}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"method": "barter"}, "method"),
        ({"method": None}, "method"),
        ({"date": "22.11.2026"}, "date"),
        ({"date": 1795331040}, "date"),
        ({"date": (TODAY + timedelta(days=2)).isoformat()}, "date"),
        ({"date": "1969-12-31"}, "date"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 201}, "reference"),
        ({"reference": "a\nb"}, "reference"),
        ({"allocations": "newest_first"}, "allocations"),
        ({"allocations": None}, "allocations"),
        ({"allocations": {}}, "allocations"),
        ({"allocations": []}, "allocations"),
        ({"allocations": [{"invoice_id": NOBODY, "amount": "1"}] * 41}, "allocations"),
        ({"allocations": [{"invoice_id": "x", "amount": "1"}]}, "allocations.0.invoice_id"),
        ({"allocations": [{"invoice_id": NOBODY, "amount": 1}]}, "allocations.0.amount"),
        ({"allocations": [{"invoice_id": NOBODY}]}, "allocations.0.amount"),
        ({"allocations": [{"amount": "1"}]}, "allocations.0.invoice_id"),
        ({"allocations": [{"invoice_id": NOBODY, "amount": "1", "x": 1}]}, "allocations.0.x"),
        ({"allocations": ["oldest_first"]}, "allocations.0"),
        ({"payment_id": NOBODY}, "payment_id"),
    ],
)
def test_a_wrong_field_of_a_payment_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, payments: str
):
    with stored.unchanged():
        answer = owner.post(payments, {"amount": "10.00"} | wrong)
    assert_problem(answer, 422, "validation_failed", field)


@pytest.mark.parametrize("wrong", ["0", "0.00", "1.001", "99999999999999"])
def test_a_wrong_amount_of_an_allocation_is_refused_and_named(
    wrong: str, owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, "50.00")
    with stored.unchanged():
        answer = owner.post(payments, {"amount": "10", "allocations": [part(invoice, wrong)]})
    assert_problem(answer, 422, "validation_failed", "allocations.0.amount")


@pytest.mark.parametrize(
    ("currency", "price", "amount", "left"),
    [
        ("JPY", "1200", "1000", "200"),
        ("EUR", "12.34", "12.33", "0.01"),
        ("KWD", "1.234", "1.2", "0.034"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    currency: str, price: str, amount: str, left: str, owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, price, currency=currency)
    other = invoiced(owner, client_id, "99", currency="USD")
    payment = paid(owner, payments, amount, currency=currency)
    assert balances(owner, invoice, other) == [(left, "partially_paid"), ("99.00", "open")]
    assert len(payment["applied"].partition(".")[2]) == len(left.partition(".")[2])
    assert account(owner, client_id, currency)["unpaid"] == left
    assert account(owner, client_id, "USD")["unpaid"] == "99.00"


def test_without_a_currency_a_payment_is_in_the_clients(owner: Staff):
    client_id = new_client_id(owner, currency="USD")
    euros = invoiced(owner, client_id, "10.00", currency="EUR")
    dollars = invoiced(owner, client_id, "10.00")
    payment = paid(owner, f"/v1/clients/{client_id}/payments", "15.00")
    assert (payment["currency"], payment["unapplied"]) == ("USD", "5.00")
    assert balances(owner, euros, dollars) == [("10.00", "open"), ("0.00", "paid")]


def test_forty_five_invoices_are_paid_by_one_payment(owner: Staff, client_id: str, payments: str):
    invoices = [
        invoiced(owner, client_id, "10.00", issue_date=ago(60), due_date=ago(50 - place))
        for place in range(45)
    ]
    answer = owner.post(payments, {"amount": "445.00"}, idempotency_key="once")
    payment = answer.body
    assert amounts(payment) == ("applied", "445.00", "0.00", "0.00")
    assert [each["number"] for each in payment["allocations"]] == [
        each["number"] for each in invoices
    ]
    assert balances(owner, *invoices[43:]) == [("0.00", "paid"), ("5.00", "partially_paid")]
    assert owner.get(of(payment)).body == payment
    assert owner.post(payments, {"amount": "445.00"}, idempotency_key="once").body == payment
    assert account(owner, client_id)["unpaid"] == "5.00"
    # And back again.
    assert done(owner, payment, "reverse")["status"] == "reversed"
    assert account(owner, client_id)["unpaid"] == "450.00"
    assert owner.get(f"/v1/clients/{client_id}").body["counts"]["open_invoices"] == 45
    assert balances(owner, invoices[0], invoices[44]) == [("10.00", "open")] * 2


def test_when_the_second_part_of_a_payment_fails_the_first_stands_and_the_rest_is_credit(
    owner: Staff, client_id: str, payments: str
):
    for _ in range(41):
        invoiced(owner, client_id, "10.00")
    with stored.fault("TransactWriteItems", "ProvisionedThroughputExceededException", after=1):
        payment = paid(owner, payments, "410.00")
    assert amounts(payment) == ("partially_applied", "400.00", "0.00", "10.00")
    assert owner.get(of(payment)).body == payment
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("10.00", "10.00")
    assert amounts(done(owner, payment, "apply")) == ("applied", "410.00", "0.00", "0.00")


def test_a_payment_pays_a_later_invoice_from_its_issue_date_on(
    owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, "80.00", issue_date=ago(3))
    payment = paid(owner, payments, "100.00", date=ago(9))
    (allocation,) = payment["allocations"]
    assert (allocation["date"], payment["date"]) == (ago(3), ago(9))
    advance, _, use = ledger(client_id)
    assert (advance["kind"], advance["date"], advance["credit"]) == ("payment", ago(9), 100)
    assert (use["kind"], use["date"], use["amount"], use["credit"]) == (
        *("allocation", ago(3)),
        *(0, -80),
    )
    assert use["effects"][0]["invoice_id"] == invoice["invoice_id"]


def test_invoices_of_many_days_are_paid_by_one_transaction(
    owner: Staff, client_id: str, payments: str
):
    """Each later day is an entry of the ledger, of which a transaction takes so many."""
    days = [ago(30 - each) for each in range(25)]
    for day in days:
        invoiced(owner, client_id, "1.00", issue_date=day, due_date=day)
    payment = paid(owner, payments, "25.00", date=ago(40))
    assert payment["unapplied"] == "0.00"
    dates = [each["date"] for each in payment["allocations"]]
    assert dates[:9] == days[:9]
    assert set(dates[9:]) == {days[-1]}


# ---- Applying ----------------------------------------------------------------------------


def test_what_is_left_of_a_payment_pays_invoices_later(
    member: Staff, owner: Staff, client_id: str, payments: str
):
    payment = paid(owner, payments, "100.00")
    first, second = invoiced(owner, client_id, "30.00"), invoiced(owner, client_id, "90.00")
    named = {"allocations": [part(second, "25.00")]}
    answer = member.post(f"{of(payment)}/apply", named)
    assert answer.status == 200, answer.body
    assert amounts(answer.body) == ("partially_applied", "25.00", "0.00", "75.00")
    assert answer.etag == '"2"'
    oldest = done(member, payment, "apply", {"allocations": "oldest_first"})
    assert amounts(oldest) == ("applied", "100.00", "0.00", "0.00")
    assert oldest["version"] == 3
    assert balances(owner, first, second) == [("0.00", "paid"), ("20.00", "partially_paid")]
    assert owner.get(of(payment)).body == oldest
    # On one day it is one allocation.
    assert [each["amount"] for each in oldest["allocations"]] == ["70.00", "30.00"]


def test_applying_to_nothing_changes_nothing(owner: Staff, payments: str):
    payment = paid(owner, payments, "100.00")
    with stored.unchanged():
        assert done(owner, payment, "apply") == payment


def test_a_payment_without_a_rest_cannot_be_applied_or_refunded(
    owner: Staff, client_id: str, payments: str
):
    invoiced(owner, client_id, "100.00")
    payment = paid(owner, payments, "50.00")
    with stored.unchanged():
        for what, body in (("apply", {}), ("refund", {"amount": "1.00"})):
            assert_problem(owner.post(f"{of(payment)}/{what}", body), 409, "nothing_left")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"allocations": "none"}, "allocations"),
        ({"allocations": []}, "allocations"),
        ({"allocations": [{"invoice_id": NOBODY, "amount": "1"}]}, "allocations.0.invoice_id"),
        ({"allocations": [{"invoice_id": NOBODY, "amount": "x"}]}, "allocations.0.amount"),
        ({"date": (TODAY + timedelta(days=2)).isoformat()}, "date"),
        ({"date": "x"}, "date"),
        ({"amount": "1"}, "amount"),
    ],
)
def test_a_wrong_field_of_an_application_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, payments: str
):
    payment = paid(owner, payments, "10.00")
    with stored.unchanged():
        assert_problem(owner.post(f"{of(payment)}/apply", wrong), 422, "validation_failed", field)


def test_a_credit_is_never_applied_before_it_is_there(owner: Staff, client_id: str, payments: str):
    payment = paid(owner, payments, "10.00", date=ago(4), allocations="none")
    invoiced(owner, client_id, "10.00", issue_date=ago(9))
    applied = done(owner, payment, "apply", {"date": ago(6)})
    assert [each["date"] for each in applied["allocations"]] == [ago(4)]


def test_a_credit_is_applied_to_so_many_invoices_and_no_more(
    owner: Staff, client_id: str, payments: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tallybook.payments.applying.MOST_ALLOCATIONS", 2)
    monkeypatch.setattr("tallybook.payments.refunding.MOST_REFUNDS", 1)
    payment = paid(owner, payments, "10.00")
    for place in range(3):
        invoice = invoiced(owner, client_id, "1.00")
        with stored.unchanged() if place == 2 else nullcontext():
            body = {"allocations": [part(invoice, "1.00")]}
            answer = owner.post(f"{of(payment)}/apply", body)
    assert_problem(answer, 409, "used_too_often")
    done(owner, payment, "refund", {"amount": "1.00"})
    with stored.unchanged():
        answer = owner.post(f"{of(payment)}/refund", {"amount": "1.00"})
    assert_problem(answer, 409, "used_too_often")


def test_an_invoice_that_was_paid_too_often_is_left_out_and_cannot_be_named(
    owner: Staff, client_id: str, payments: str, monkeypatch: pytest.MonkeyPatch
):
    for module in ("invoices.standing", "payments.choosing"):
        monkeypatch.setattr(f"tallybook.{module}.MOST_APPLIED", 1)
    often, other = invoiced(owner, client_id, "9.00"), invoiced(owner, client_id, "9.00")
    paid(owner, payments, "1.00", allocations=[part(often, "1.00")])
    payment = paid(owner, payments, "5.00")
    assert [each["invoice_id"] for each in payment["allocations"]] == [other["invoice_id"]]
    with stored.unchanged():
        answer = owner.post(payments, {"amount": "1.00", "allocations": [part(often, "1.00")]})
    assert_problem(answer, 409, "too_many_payments")


# ---- Refunding ---------------------------------------------------------------------------


def test_what_is_left_can_be_refunded(manager: Staff, client_id: str, payments: str):
    payment = paid(manager, payments, "100.00")
    entered = {"amount": "30.00", "method": "cash", "reference": "Paid twice"}
    refunded = done(manager, payment, "refund", entered)
    assert amounts(refunded) == ("unapplied", "0.00", "30.00", "70.00")
    (refund,) = refunded["refunds"]
    assert refund == entered | {
        "refund_id": refund["refund_id"],
        "date": ago(0),
        "by": {"staff_id": manager.staff_id, "name": "The manager"},
        "at": refund["at"],
    }
    assert amounts(done(manager, payment, "refund", {"amount": "70"}))[0] == "refunded"
    totals = account(manager, client_id)
    assert (totals["credit"], totals["paid"]) == ("0.00", "0.00")


def test_more_than_what_is_left_cannot_be_refunded(owner: Staff, client_id: str, payments: str):
    invoiced(owner, client_id, "60.00")
    payment = paid(owner, payments, "100.00")
    with stored.unchanged():
        answer = owner.post(f"{of(payment)}/refund", {"amount": "40.01"})
    assert_problem(answer, 422, "validation_failed", "amount")
    assert answer.fields["amount"] == "40.01 is more than the 40.00 that is left."


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": 1}, "amount"),
        ({"method": "barter"}, "method"),
        ({"date": (TODAY + timedelta(days=2)).isoformat()}, "date"),
        ({"date": ago(5)}, "date"),
        ({"reference": "x" * 201}, "reference"),
        ({"currency": "EUR"}, "currency"),
    ],
)
def test_a_wrong_field_of_a_refund_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, payments: str
):
    payment = paid(owner, payments, "10.00", date=ago(4))
    with stored.unchanged():
        answer = owner.post(f"{of(payment)}/refund", {"amount": "1.00"} | wrong)
    assert_problem(answer, 422, "validation_failed", field)


def test_what_an_invoice_to_come_gave_back_can_be_refunded_at_once(
    owner: Staff, client_id: str, payments: str
):
    """It is booked on the day on which the credit is there: that of the invoice."""
    later = (TODAY + timedelta(days=60)).isoformat()
    invoice = invoiced(owner, client_id, "10.00", issue_date=later)
    payment = paid(owner, payments, "10.00")
    assert owner.post(f"{path(invoice)}/void").status == 200
    refunded = done(owner, payment, "refund", {"amount": "10.00"})
    assert [each["date"] for each in refunded["refunds"]] == [later]


# ---- Reversing ---------------------------------------------------------------------------


def test_a_reversal_opens_again_what_the_payment_paid(
    manager: Staff, client_id: str, payments: str
):
    first, second = invoiced(manager, client_id, "60.00"), invoiced(manager, client_id, "30.00")
    payment = paid(manager, payments, "100.00")
    reversed_ = done(manager, payment, "reverse", {"reason": "The cheque bounced"})
    assert amounts(reversed_) == ("reversed", "0.00", "0.00", "0.00")
    assert (reversed_["amount"], reversed_["allocations"]) == ("100.00", [])
    assert reversed_["reversed"] == {
        "date": ago(0),
        "reason": "The cheque bounced",
        "by": {"staff_id": manager.staff_id, "name": "The manager"},
        "at": reversed_["reversed"]["at"],
    }
    assert balances(manager, first, second) == [("60.00", "open"), ("30.00", "open")]
    assert account(manager, client_id) == {
        "currency": "EUR",
        "invoiced": "90.00",
        "paid": "0.00",
        "unpaid": "90.00",
        "credit": "0.00",
    }
    assert manager.get(f"/v1/clients/{client_id}").body["counts"]["open_invoices"] == 2
    assert ledger(client_id)[-1]["amount"] == 100


@pytest.mark.parametrize(("what", "status"), [("apply", 200), ("reverse", 200), ("send", 202)])
def test_nothing_has_to_be_said(what: str, status: int, owner: Staff, payments: str):
    client = payments.removesuffix("/payments")
    assert owner.patch(client, {"emails": ["anna@x.example"]}).status == 200
    payment = paid(owner, payments, "10.00")
    assert owner.post(f"{of(payment)}/{what}").status == status


def test_a_reversed_payment_is_done_with(owner: Staff, payments: str):
    payment = paid(owner, payments, "100.00")
    done(owner, payment, "reverse")
    with stored.unchanged():
        for what, body in (("apply", {}), ("refund", {"amount": "1.00"}), ("reverse", {})):
            answer = owner.post(f"{of(payment)}/{what}", body)
            assert_problem(answer, 409, "payment_reversed")


def test_after_a_refund_the_rest_of_a_payment_is_reversed(
    owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, "60.00")
    payment = paid(owner, payments, "100.00")
    done(owner, payment, "refund", {"amount": "30.00"})
    reversed_ = done(owner, payment, "reverse")
    assert amounts(reversed_) == ("reversed", "0.00", "30.00", "0.00")
    assert balances(owner, invoice) == [("60.00", "open")]
    totals = account(owner, client_id)
    assert (totals["paid"], totals["unpaid"], totals["credit"]) == ("0.00", "60.00", "0.00")


def test_a_payment_that_was_refunded_whole_has_nothing_to_reverse(owner: Staff, payments: str):
    payment = paid(owner, payments, "100.00")
    done(owner, payment, "refund", {"amount": "100.00"})
    with stored.unchanged():
        assert_problem(owner.post(f"{of(payment)}/reverse", {}), 409, "nothing_left")


def test_a_reversal_is_not_before_anything_that_it_takes_back(
    owner: Staff, client_id: str, payments: str
):
    invoiced(owner, client_id, "60.00", issue_date=ago(5))
    payment = paid(owner, payments, "100.00", date=ago(9))
    for day in (ago(6), (TODAY + timedelta(days=2)).isoformat()):
        with stored.unchanged():
            answer = owner.post(f"{of(payment)}/reverse", {"date": day})
        assert_problem(answer, 422, "validation_failed", "date")
    assert done(owner, payment, "reverse", {"date": ago(5)})["reversed"]["date"] == ago(5)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"date": "x"}, "date"), ({"reason": ""}, "reason"), ({"amount": "1"}, "amount")],
)
def test_a_wrong_field_of_a_reversal_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, payments: str
):
    payment = paid(owner, payments, "10.00")
    with stored.unchanged():
        assert_problem(owner.post(f"{of(payment)}/reverse", wrong), 422, "validation_failed", field)


def test_an_invoice_that_was_opened_again_is_not_paid_before_that(
    owner: Staff, client_id: str, payments: str
):
    """As of no day has it less than nothing to pay."""
    invoiced(owner, client_id, "50.00", issue_date=ago(9))
    bounced = paid(owner, payments, "50.00", date=ago(8))
    done(owner, bounced, "reverse", {"date": ago(3)})
    second = paid(owner, payments, "50.00", date=ago(6))
    assert [each["date"] for each in second["allocations"]] == [ago(3)]


def test_a_voided_invoice_gives_its_payments_their_credit_back(
    owner: Staff, client_id: str, payments: str
):
    invoice, other = invoiced(owner, client_id, "60.00"), invoiced(owner, client_id, "5.00")
    payment = paid(owner, payments, "50.00", allocations=[part(invoice, "45"), part(other, "5")])
    assert owner.post(f"{path(invoice)}/void", {}).status == 200
    after = owner.get(of(payment)).body
    assert amounts(after) == ("partially_applied", "5.00", "0.00", "45.00")
    assert [each["invoice_id"] for each in after["allocations"]] == [other["invoice_id"]]
    assert account(owner, client_id)["credit"] == "45.00"
    done(owner, payment, "reverse")
    assert balances(owner, invoice, other) == [("0.00", "void"), ("5.00", "open")]
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("5.00", "0.00")


def test_an_invoice_that_was_written_off_opens_by_what_a_reversed_payment_had_paid(
    owner: Staff, client_id: str, payments: str
):
    invoice = invoiced(owner, client_id, "60.00")
    payment = paid(owner, payments, "20.00")
    assert owner.post(f"{path(invoice)}/write-off", {}).status == 200
    done(owner, payment, "reverse")
    assert balances(owner, invoice) == [("20.00", "partially_paid")]
    assert account(owner, client_id)["unpaid"] == "20.00"


# ---- What holds for all of them ----------------------------------------------------------

ALL = pytest.mark.parametrize(
    ("what", "body"), [("apply", {}), ("refund", {"amount": "1.00"}), ("reverse", {})]
)


@ALL
def test_a_stale_version_is_refused(what: str, body: Any, owner: Staff, payments: str):
    payment = paid(owner, payments, "100.00")
    done(owner, payment, "refund", {"amount": "1.00"})
    with stored.unchanged():
        answer = owner.post(f"{of(payment)}/{what}", body, if_match='"1"')
    assert_problem(answer, 412, "stale_version")
    assert owner.post(f"{of(payment)}/{what}", body, if_match='"2"').status == 200


@ALL
def test_done_twice_with_one_key_it_is_done_once(
    what: str, body: Any, owner: Staff, client_id: str, payments: str
):
    payment = paid(owner, payments, "100.00")
    invoiced(owner, client_id, "30.00")
    first = owner.post(f"{of(payment)}/{what}", body, idempotency_key="a")
    with stored.unchanged():
        second = owner.post(f"{of(payment)}/{what}", body, idempotency_key="a")
        other = owner.post(f"{of(payment)}/{what}", body | {"date": ago(0)}, idempotency_key="a")
    assert (first.status, second.status) == (200, 200)
    assert (second.body, second.headers["idempotency-replayed"]) == (first.body, "true")
    assert_problem(other, 409, "idempotency_key_reused")


def test_a_payment_that_is_sent_twice_is_recorded_once(owner: Staff, payments: str):
    first = owner.post(payments, {"amount": "10.00"}, idempotency_key="a")
    with stored.unchanged():
        second = owner.post(payments, {"amount": "10.00"}, idempotency_key="a")
    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body


@ALL
def test_a_payment_that_is_not_there_is_not_found(
    what: str, body: Any, owner: Staff, payments: str
):
    payment = paid(owner, payments, "10.00")
    elsewhere = f"/v1/clients/{new_client_id(owner)}/payments"
    with stored.unchanged():
        for path_ in (f"{payments}/{NOBODY}", f"{payments}/x", f"{payments}/{'x' * 2000}"):
            assert_problem(owner.post(f"{path_}/{what}", body), 404, "payment_not_found")
            assert_problem(owner.get(path_), 404, "payment_not_found")
        strange = f"{elsewhere}/{payment['payment_id']}"
        assert_problem(owner.post(f"{strange}/{what}", body), 404, "payment_not_found")


@pytest.mark.parametrize("nobody", [NOBODY, "x", "x" * 2000])
def test_nobody_has_no_payments(nobody: str, owner: Staff):
    payments = f"/v1/clients/{nobody}/payments"
    with stored.unchanged():
        assert_problem(owner.get(payments), 404, "client_not_found")
        assert_problem(owner.post(payments, {"amount": "1"}), 404, "client_not_found")
        assert_problem(owner.get(f"{payments}/{NOBODY}"), 404, "client_not_found")
        answer = owner.post(f"{payments}/{NOBODY}/apply", {})
        assert_problem(answer, 404, "client_not_found")


def test_an_erased_client_has_no_payments(owner: Staff, client_id: str, payments: str):
    payment = paid(owner, payments, "1.00")
    stored.alter(f"CLIENT#{client_id}", "CLIENT", removed_at="2026-11-22T07:04:00.000Z", erased=1)
    with stored.unchanged():
        assert_problem(owner.post(payments, {"amount": "1"}), 404, "client_not_found")
        assert_problem(owner.post(f"{of(payment)}/reverse", {}), 404, "client_not_found")
        assert_problem(owner.get(of(payment)), 404, "client_not_found")


def test_a_suspended_client_can_pay(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "10.00")
    owner.post(f"/v1/clients/{client_id}/suspend", {})
    paid(owner, payments, "10.00")
    assert balances(owner, invoice) == [("0.00", "paid")]


def test_money_goes_out_and_payments_are_taken_back_by_managers_only(
    specialist: Staff, member: Staff, payments: str
):
    payment = paid(member, payments, "10.00")
    with stored.unchanged():
        for staff in (member, specialist):
            for what, body in (("refund", {"amount": "1"}), ("reverse", {})):
                assert_problem(staff.post(f"{of(payment)}/{what}", body), 403, "forbidden")


def closed_until(owner: Staff, day: str) -> None:
    assert owner.patch("/v1/settings", {"billing": {"closed_until": day}}).status == 200


def test_nothing_is_booked_where_the_books_are_closed(owner: Staff, client_id: str, payments: str):
    payment = paid(owner, payments, "10.00", date=ago(9))
    invoiced(owner, client_id, "10.00", issue_date=ago(9))
    closed_until(owner, ago(5))
    requests: list[tuple[str, dict[str, Any]]] = [
        (payments, {"amount": "10.00"}),
        (f"{of(payment)}/apply", {}),
        (f"{of(payment)}/refund", {"amount": "1.00"}),
        (f"{of(payment)}/reverse", {}),
    ]
    for where, body in requests:
        with stored.unchanged():
            answer = owner.post(where, body | {"date": ago(5)})
        assert_problem(answer, 422, "validation_failed", "date")
        assert answer.fields["date"] == f"The books are closed up to {ago(5)}."
    for where, body in requests:
        assert owner.post(where, body | {"date": ago(4)}).status in (200, 201)


@pytest.mark.parametrize("what", ["record", "apply", "refund", "reverse"])
def test_books_that_are_closed_meanwhile_are_closed(what: str, owner: Staff, payments: str):
    payment = paid(owner, payments, "10.00", date=ago(9))
    where = payments if what == "record" else f"{of(payment)}/{what}"
    body: dict[str, Any] = {"record": {"amount": "1"}, "refund": {"amount": "1"}}.get(what, {})
    if what == "apply":
        invoiced(owner, payment["client_id"], "5.00", issue_date=ago(9))

    def close() -> None:
        closed_until(owner, ago(5))

    with stored.in_between("TransactWriteItems", close):
        answer = owner.post(where, body | {"date": ago(6)})
    assert_problem(answer, 422, "validation_failed", "date")


def test_a_rivals_payment_is_seen(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "10.00")

    def rival() -> None:
        paid(owner, payments, "7.00")

    with stored.in_between("TransactWriteItems", rival):
        payment = paid(owner, payments, "10.00")
    assert (payment["applied"], payment["unapplied"]) == ("3.00", "7.00")
    assert balances(owner, invoice) == [("0.00", "paid")]


def test_a_rivals_refund_is_seen(owner: Staff, payments: str):
    payment = paid(owner, payments, "10.00")

    def rival() -> None:
        done(owner, payment, "refund", {"amount": "7.00"})

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.post(f"{of(payment)}/refund", {"amount": "4.00"})
    assert answer.fields["amount"] == "4.00 is more than the 3.00 that is left."


def test_the_history_tells_of_a_payment(owner: Staff, client_id: str, payments: str):
    payment = paid(owner, payments, "10.00")
    invoiced(owner, client_id, "4.00")
    for what, body in (("apply", {}), ("refund", {"amount": "6.00"}), ("reverse", {})):
        done(owner, payment, what, body)
    told = [
        (item["event"], item["text"], item["details"]["payment_id"])
        for item in stored.items(f"CLIENT#{client_id}")
        if item["sk"].startswith("HISTORY#") and item["kind"] == "payment"
    ]
    payment_id = payment["payment_id"]
    assert told == [
        ("payment.recorded", "Payment of 10.00 EUR recorded", payment_id),
        ("payment.applied", "4.00 EUR of a payment applied", payment_id),
        ("payment.refunded", "6.00 EUR of a payment refunded", payment_id),
        ("payment.reversed", "4.00 EUR of a payment reversed", payment_id),
    ]


def test_a_payment_reads_once_and_writes_once(owner: Staff, client_id: str, payments: str):
    invoice = invoiced(owner, client_id, "10.00")
    with recorded() as calls:
        paid(owner, payments, "1.00", allocations=[part(invoice, "1.00")])
    assert [name for name, _ in calls] == ["BatchGetItem", "TransactWriteItems"]
    with recorded() as calls:
        paid(owner, payments, "1.00")
    assert [name for name, _ in calls] == ["Query", "BatchGetItem", "TransactWriteItems"]


# ---- Lists -------------------------------------------------------------------------------


def test_a_clients_payments_are_listed_the_last_recorded_first(owner: Staff, payments: str):
    made = [paid(owner, payments, f"{each}.00", date=ago(each)) for each in (1, 9, 5)]
    first = owner.get(payments, limit="2").body
    assert [each["payment_id"] for each in first["items"]] == [
        each["payment_id"] for each in (made[2], made[1])
    ]
    detailed = {"allocations", "refunds", "reversed", "sent", "by", "version"}
    assert first["items"][0] == {
        name: value for name, value in made[2].items() if name not in detailed
    }
    rest = owner.get(payments, limit="2", cursor=first["next_cursor"]).body
    assert [each["payment_id"] for each in rest["items"]] == [made[0]["payment_id"]]
    assert rest["next_cursor"] is None


def test_the_firms_payments_are_listed_by_month(owner: Staff, payments: str):
    march = [paid(owner, payments, "1.00", date=f"2024-03-{day}") for day in ("01", "31", "15")]
    paid(owner, payments, "1.00", date="2024-02-29")
    paid(owner, payments, "1.00", date="2024-04-01")
    page = owner.get("/v1/payments", month="2024-03", limit="1").body
    found = page["items"]
    while page["next_cursor"]:
        page = owner.get(
            "/v1/payments", month="2024-03", limit="1", cursor=page["next_cursor"]
        ).body
        found += page["items"]
    assert [each["date"] for each in found] == ["2024-03-31", "2024-03-15", "2024-03-01"]
    assert {each["payment_id"] for each in found} == {each["payment_id"] for each in march}
    assert {each["client"]["business_name"] for each in found} == {"Acme"}
    days = [each["date"] for each in owner.get("/v1/payments").body["items"]]
    assert days == ["2024-04-01", "2024-03-31", "2024-03-15", "2024-03-01", "2024-02-29"]


def test_what_is_left_of_payments_is_listed(owner: Staff, client_id: str, payments: str):
    left = [paid(owner, payments, "10.00", date=day) for day in ("2024-03-01", "2024-04-01")]
    gone = paid(owner, payments, "10.00", date="2024-03-02")
    done(owner, gone, "refund", {"amount": "10.00"})

    def listed(**query: str) -> list[str]:
        items = owner.get("/v1/payments", status="unapplied", **query).body["items"]
        return [each["payment_id"] for each in items]

    assert listed() == [left[1]["payment_id"], left[0]["payment_id"]]
    assert listed(month="2024-03") == [left[0]["payment_id"]]
    invoiced(owner, client_id, "10.00")
    done(owner, left[0], "apply")
    assert listed() == [left[1]["payment_id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"month": "2024-13"}, "month"),
        ({"month": "2024"}, "month"),
        ({"status": "applied"}, "status"),
        ({"limit": "101"}, "limit"),
    ],
)
def test_a_wrong_filter_is_refused_and_named(query: dict[str, str], field: str, owner: Staff):
    assert_problem(owner.get("/v1/payments", **query), 422, "validation_failed", field)


def test_a_cursor_belongs_to_its_list(owner: Staff, payments: str):
    for _ in range(2):
        paid(owner, payments, "1.00")
    cursor = owner.get(payments, limit="1").body["next_cursor"]
    assert_problem(owner.get("/v1/payments", cursor=cursor), 400, "invalid_cursor")


# ---- Receipts ----------------------------------------------------------------------------


def mailed(client_id: str) -> list[dict[str, Any]]:
    return [i for i in stored.items(f"CLIENT#{client_id}") if i["sk"].startswith("EMAIL#")]


def test_the_receipt_of_a_payment_is_sent(member: Staff, owner: Staff):
    client_id = new_client_id(owner, emails=["acme@x.example"])
    payments = f"/v1/clients/{client_id}/payments"
    payment = paid(owner, payments, "12.50", reference="Ref 7")
    answer = member.post(f"{of(payment)}/send", {})
    assert answer.status == 202, answer.body
    where = f"/v1/clients/{client_id}/emails/{answer.body['email_id']}"
    assert answer.headers["location"] == where
    (mail,) = mailed(client_id)
    assert (mail["template"], mail["row"]["to"]) == ("payment_receipt", ["acme@x.example"])
    assert mail["context"] == {
        "payment": {
            "amount": "12.50",
            "currency": "EUR",
            "date": ago(0),
            "method": "bank transfer",
            "reference": "Ref 7",
        }
    }
    assert mail["attachments"] == [{"kind": "receipt", "id": payment["payment_id"]}]
    after = owner.get(of(payment)).body
    assert [each["email_id"] for each in after["sent"]] == [answer.body["email_id"]]
    assert after["version"] == 2


def test_a_receipt_goes_to_whom_the_request_names(owner: Staff, client_id: str, payments: str):
    payment = paid(owner, payments, "12.50")
    assert_problem(owner.post(f"{of(payment)}/send", {}), 409, "no_email_address")
    to = ["a@x.example", "b@x.example"]
    first = owner.post(f"{of(payment)}/send", {"to": to}, idempotency_key="a")
    with stored.unchanged():
        second = owner.post(f"{of(payment)}/send", {"to": to}, idempotency_key="a")
    assert (first.status, second.body) == (202, first.body)
    (mail,) = mailed(client_id)
    assert mail["row"]["to"] == to


def test_a_receipt_is_not_sent_when_it_must_not_be(owner: Staff):
    client_id = new_client_id(owner, emails=["acme@x.example"])
    payments = f"/v1/clients/{client_id}/payments"
    payment, bounced = paid(owner, payments, "12.50"), paid(owner, payments, "1.00")
    done(owner, bounced, "reverse")
    with stored.unchanged():
        assert_problem(owner.post(f"{of(bounced)}/send", {}), 409, "payment_reversed")
        stale = owner.post(f"{of(payment)}/send", {}, if_match='"7"')
        assert_problem(stale, 412, "stale_version")
        wrong = owner.post(f"{of(payment)}/send", {"to": ["x"]})
        assert_problem(wrong, 422, "validation_failed", "to.0")
    owner.post(f"/v1/clients/{client_id}/suspend", {})
    with stored.unchanged():
        assert_problem(owner.post(f"{of(payment)}/send", {}), 409, "client_suspended")
        missing = owner.post(f"{payments}/{NOBODY}/send", {})
        assert_problem(missing, 404, "payment_not_found")


def test_a_client_that_is_suspended_meanwhile_gets_no_receipt(owner: Staff):
    client_id = new_client_id(owner, emails=["acme@x.example"])
    payment = paid(owner, f"/v1/clients/{client_id}/payments", "12.50")

    def suspend() -> None:
        owner.post(f"/v1/clients/{client_id}/suspend", {})

    with stored.in_between("TransactWriteItems", suspend):
        answer = owner.post(f"{of(payment)}/send", {})
    assert_problem(answer, 409, "client_suspended")
    assert mailed(client_id) == []
