"""Invoices of a client: drafts, finalizing, and what is answered of them."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, new_invoice, new_line, path

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner)


def test_a_draft_reads_as_it_was_entered_with_its_sums(member: Staff, client_id: str):
    entered = new_invoice(issue_date="2026-10-31", due_date="2026-11-14", notes="Thanks.")
    answer = member.post(f"/v1/clients/{client_id}/invoices", entered)
    assert answer.status == 201, answer.body
    draft = answer.body
    assert answer.headers["location"] == path(draft)
    assert (answer.etag, draft["version"]) == ('"1"', 1)
    assert (draft["status"], draft["number"], draft["finalized_at"]) == ("draft", None, None)
    (line,) = draft["lines"]
    assert line == new_line() | {
        "unit": "C62",
        "discount_percent": None,
        "tax_category": None,
        "net": "200.00",
    }
    assert draft["totals"] == {
        "lines": "200.00",
        "allowances": "0.00",
        "charges": "0.00",
        "net": "200.00",
        "tax": "38.00",
        "gross": "238.00",
        "rounding": "0.00",
        "payable": "238.00",
        "late_fees": "0.00",
        "paid": "0.00",
        "credited": "0.00",
        "written_off": "0.00",
        "balance": "238.00",
    }
    taxes = [{"category": "S", "rate": "19", "taxable": "200.00", "tax": "38.00"}]
    assert (draft["taxes"], draft["currency"]) == (taxes, "EUR")
    assert member.get(path(draft)).body == draft


def test_finalizing_numbers_and_books_the_invoice(member: Staff, client_id: str):
    invoice = finalized(member, client_id, issue_date="2026-11-02")
    assert (invoice["number"], invoice["status"]) == ("INV-2026-00001", "open")
    assert billing.account(member, client_id) == {
        "currency": "EUR",
        "invoiced": "238.00",
        "paid": "0.00",
        "unpaid": "238.00",
        "credit": "0.00",
    }
    assert billing.read(member, invoice) == invoice
    (entry,) = [each for each in stored.items() if each["sk"].startswith("LEDGER#")]
    assert entry["row"]["reference"] == "INV-2026-00001"
    assert stored.keys("NUMBER#") == [("NUMBER#invoice#INV-2026-00001", "NUMBER")]
    again = member.post(f"{path(invoice)}/finalize")
    assert_problem(again, 409, "not_a_draft")
    assert "INV-2026-00001" in again.body["detail"]


def test_a_draft_can_be_changed_copied_and_deleted(member: Staff, client_id: str):
    draft = drafted(member, client_id)
    changed = member.patch(path(draft), {"lines": [new_line(unit_price="1.00")], "notes": "x"})
    assert (changed.body["totals"]["gross"], changed.etag) == ("2.38", '"2"')
    copy = member.post(f"{path(draft)}/copy")
    assert (copy.status, copy.body["notes"]) == (201, "x")
    assert member.delete(path(draft), if_match='"2"').status == 204
    assert_problem(member.get(path(draft)), 404, "invoice_not_found")


@pytest.mark.parametrize("lines", [[], [new_line(quantity="-1")]])
def test_what_makes_no_invoice_is_not_finalized(
    lines: list[dict[str, Any]], member: Staff, client_id: str
):
    draft = drafted(member, client_id, lines=lines)
    with stored.unchanged():
        assert_problem(member.post(f"{path(draft)}/finalize"), 422, "validation_failed", "lines")
