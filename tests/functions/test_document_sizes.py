"""The longest documents fit into an item, and so do their answers (DynamoDB: 400 KB)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tallybook.workflows.steps import MOST_MARKS
from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff
from tests.support.billing import path
from tests.support.calls import recorded

LONG = "\N{LATIN SMALL LETTER A WITH DIAERESIS}" * 5000  # two bytes each
ID = "01JA2Y5B7Q8RZ4T9C1N6V3X0"
BY = {"staff_id": "6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11", "name": LONG[:100]}


def text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def longest(characters: int) -> str:
    """Lines without what can be left out, since that is stored; each with a rate of its own."""
    lines = [
        {"description": LONG[:characters], "unit_price": "-1", "quantity": "-1",
         "tax_rate": f"{place % 100}.{place:03}1"}
        for place in range(300)
    ]  # fmt: skip
    return text({"lines": lines, "notes": LONG[:5000], "payment_terms": LONG[:1000]})


def sizes() -> dict[str, int]:
    """The size of the largest item of each kind, as DynamoDB counts, and a little more."""
    found: dict[str, int] = {}
    for each in stored.items():
        kind = str(each["sk"]).partition("#")[0]
        found[kind] = max(found.get(kind, 0), len(text(_plain(each)).encode()))
    return found


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case str() | bool() | None:
            return value
    return str(value)


@pytest.fixture
def client_id(owner: Staff) -> str:
    line = LONG[:200]
    firm = {"registration": line, "bank": line, "account_holder": line, "exemption_reason": line}
    assert owner.patch("/v1/settings", {"name": line, "billing": firm}).status == 200
    return billing.new_client_id(owner, business_name=line)


@pytest.fixture
def invoice(owner: Staff, client_id: str) -> dict[str, Any]:
    """As long as an invoice can be, and finalized."""
    invoices = f"/v1/clients/{client_id}/invoices"
    with stored.unchanged():
        assert_problem(owner.post(invoices, longest(250)), 422, "validation_failed", "lines")
    draft = owner.post(invoices, longest(222))
    assert draft.status == 201, draft.body
    with stored.unchanged():
        further = {"allowances": [{"amount": "1", "reason": LONG[:200]}] * 20}
        more = owner.patch(path(draft.body), further)
        assert_problem(more, 422, "validation_failed", "lines")
    answer = owner.post(f"{path(draft.body)}/finalize", idempotency_key="finalize")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def test_the_longest_invoice_paid_and_sent_as_often_as_can_be_fits(
    owner: Staff, client_id: str, invoice: dict[str, Any]
):
    applied = [
        {"source": f"credit_note#{ID}{place % 39:02}", "date": f"2026-01-0{place % 3 + 1}",
         "amount": Decimal("0.01")}
        for place in range(117)
    ]  # fmt: skip
    sent = [{"email_id": f"{ID}00", "at": "2026-11-22T07:04:00.000Z", "by": BY}] * 10
    notes = {f"{ID}{place:02}": 1 for place in range(40)}
    key = f"CLIENT#{client_id}", f"INVOICE#{invoice['invoice_id']}"
    did = {"on": "2026-11-22", "what": "late_fee", "email_id": f"{ID}00", "fee": Decimal("0.01")}
    steps = {f"{ID}00#{ID}{place:03}": did for place in range(MOST_MARKS + 20)}
    stored.alter(*key, applied=applied, sent=sent, credit_notes=notes, steps=steps)
    said = {"status": "legal", "note": LONG[:2000]}
    assert owner.put(f"{path(invoice)}/collection-status", said).status == 200
    for _ in range(3):
        part = {"invoice_id": invoice["invoice_id"], "amount": "1.00"}
        payment = {"amount": "1.00", "allocations": [part], "reference": LONG[:200]}
        paid = owner.post(f"/v1/clients/{client_id}/payments", payment)
    assert_problem(paid, 409, "too_many_payments")
    answer = owner.post(f"{path(invoice)}/write-off", idempotency_key="off")
    assert answer.status == 200, answer.body
    assert all(size < 400_000 for size in sizes().values()), sizes()
    assert sizes()["INVOICE"] > 200_000


def test_the_longest_credit_note_used_as_often_as_can_be_fits(
    owner: Staff, client_id: str, invoice: dict[str, Any]
):
    named = {"invoice_id": invoice["invoice_id"], "full": True, "apply": False}
    said = {"notes": LONG[:5000], "reason": LONG[:200]}
    answer = owner.post(f"/v1/clients/{client_id}/credit-notes", text(named | said))
    assert answer.status == 201, answer.body
    note_id = answer.body["credit_note_id"]
    part = {"number": "I" * 60, "amount": 0, "date": "2026-01-01"}
    parts = [part | {"invoice_id": f"{ID}{place:02}"} for place in range(500)]
    refund = {"amount": 0, "method": "bank_transfer", "date": "2026-01-01", "by": BY,
              "refund_id": f"{ID}00", "reference": LONG[:200],
              "at": "2026-11-22T07:04:00.000Z"}  # fmt: skip
    key = f"CLIENT#{client_id}", f"CREDITNOTE#{note_id}"
    stored.alter(*key, allocations=parts, refunds=[refund] * 19)
    of_note = f"/v1/clients/{client_id}/credit-notes/{note_id}"
    last = text({"amount": "1.00", "reference": LONG[:200]})
    answer = owner.post(f"{of_note}/refund", last, idempotency_key="refund")
    assert answer.status == 200, answer.body
    assert all(size < 400_000 for size in sizes().values()), sizes()
    assert sizes()["CREDITNOTE"] > 280_000
    again = owner.post(f"{of_note}/refund", {"amount": "1.00"})
    assert_problem(again, 409, "used_too_often")


def test_long_invoices_are_so_many_to_a_transaction_as_it_holds(
    owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    """DynamoDB: 4 MB, which forty of the longest would be beyond."""
    for where in ("transactions", "invoices.packing"):
        monkeypatch.setattr(f"tallybook.{where}.MOST_BYTES", 20_000)
    line = billing.new_line(description=LONG[:1000], quantity="1", unit_price="1", tax_rate="0")
    drafts = [billing.drafted(owner, client_id, lines=[line] * 2) for _ in range(5)]
    named = [{name: each[name] for name in ("client_id", "invoice_id")} for each in drafts]
    payments = f"/v1/clients/{client_id}/payments"
    with recorded() as calls:
        done = owner.post("/v1/invoices/finalize", {"invoices": named})
    assert all(each["ok"] for each in done.body["results"])
    assert [name for name, _ in calls].count("TransactWriteItems") == 3
    parts = [{"invoice_id": each["invoice_id"], "amount": "1.00"} for each in drafts]
    with stored.unchanged():
        answer = owner.post(payments, {"amount": "5.00", "allocations": parts})
        assert_problem(answer, 422, "validation_failed", "allocations")
    with recorded() as calls:
        paid = owner.post(payments, {"amount": "10.00"})
    assert (paid.body["status"], len(paid.body["allocations"])) == ("applied", 5)
    assert [name for name, _ in calls].count("TransactWriteItems") > 1
    with recorded() as calls:
        back = owner.post(f"{payments}/{paid.body['payment_id']}/reverse")
    assert (back.status, back.body["status"]) == (200, "reversed")
    assert [name for name, _ in calls].count("TransactWriteItems") > 1
    assert billing.account(owner, client_id)["unpaid"] == "10.00"
