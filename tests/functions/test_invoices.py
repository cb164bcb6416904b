"""Invoices of a client: drafts, finalizing, and what is answered of them."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff, function
from tests.support.billing import drafted, finalized, new_invoice, new_line, path
from tests.support.template import ROOT

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


# ---- What cannot be entered ------------------------------------------------------------------

_ADJUSTED = {"reason": "x", "amount": "1.00"}
WRONG = [
    ({"currency": "XXX"}, "currency"),
    ({"issue_date": "2026-02-30"}, "issue_date"),
    ({"issue_date": 1795331040}, "issue_date"),
    ({"issue_date": "2026-11-22T00:00:00Z"}, "issue_date"),
    ({"issue_date": "0001-01-01"}, "issue_date"),
    ({"due_date": "soon"}, "due_date"),
    ({"issue_date": "2026-11-22", "due_date": "2026-11-21"}, "due_date"),
    ({"delivery_date": "x"}, "delivery_date"),
    ({"period": {"from": "2026-02-01", "to": "2026-01-31"}}, "period"),
    ({"period": {"from": "2026-02-01", "to": None}}, "period.to"),
    ({"lines": {}}, "lines"),
    ({"lines": [new_line()] * 301}, "lines"),
    ({"lines": [new_line(), new_line(quantity=2)]}, "lines.1.quantity"),
    ({"lines": [new_line(quantity="1e3")]}, "lines.0.quantity"),
    ({"lines": [new_line(quantity="1,5")]}, "lines.0.quantity"),
    ({"lines": [new_line(quantity="٣")]}, "lines.0.quantity"),
    ({"lines": [new_line(quantity="NaN")]}, "lines.0.quantity"),
    ({"lines": [new_line(quantity="1234567890.123456")]}, "lines.0.quantity"),
    ({"lines": [new_line(unit_price="")]}, "lines.0.unit_price"),
    ({"lines": [new_line(unit_price="9999999999999.00", quantity="100")]}, "lines.0"),
    ({"lines": [{"description": "x"}]}, "lines.0.unit_price"),
    ({"lines": [new_line(unit="piece")]}, "lines.0.unit"),
    ({"lines": [new_line(description="a\u0000")]}, "lines.0.description"),
    ({"lines": [new_line(description="x" * 1001)]}, "lines.0.description"),
    ({"lines": [new_line(discount_percent="101")]}, "lines.0.discount_percent"),
    ({"lines": [new_line(discount_percent="-1")]}, "lines.0.discount_percent"),
    ({"lines": [new_line(tax_rate="-1")]}, "lines.0.tax_rate"),
    ({"lines": [new_line(tax_rate="100.5")]}, "lines.0.tax_rate"),
    ({"lines": [new_line(tax_category="X")]}, "lines.0.tax_category"),
    ({"lines": [new_line(net="1.00")]}, "lines.0.net"),
    ({"allowances": [_ADJUSTED] * 21}, "allowances"),
    ({"allowances": [_ADJUSTED | {"amount": "-1.00"}]}, "allowances.0.amount"),
    ({"allowances": [_ADJUSTED | {"amount": "1.005"}]}, "allowances.0.amount"),
    ({"allowances": [_ADJUSTED | {"percent": "5"}]}, "allowances.0"),
    ({"charges": [{"reason": "x"}]}, "charges.0"),
    ({"charges": [{"reason": "x", "percent": "-5"}]}, "charges.0.percent"),
    ({"charges": [_ADJUSTED | {"tax_category": "x"}]}, "charges.0.tax_category"),
    ({"prices_include_tax": "yes"}, "prices_include_tax"),
    ({"purchase_order": "a\nb"}, "purchase_order"),
    ({"notes": "x" * 5001}, "notes"),
    ({"payment_terms": "x" * 1001}, "payment_terms"),
    ({"exemption_reason": ""}, "exemption_reason"),
    ({"workflow_id": "x"}, "workflow_id"),
    ({"workflow_id": NOBODY}, "workflow_id"),
    ({"number": "INV-1"}, "number"),
    ({"status": "open"}, "status"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=[each[1] for each in WRONG])
def test_a_wrong_field_is_refused_and_named_in_a_draft_and_in_a_change_of_one(
    wrong: dict[str, Any], field: str, owner: Staff, client_id: str
):
    draft = drafted(owner, client_id)
    with stored.unchanged():
        created = owner.post(f"/v1/clients/{client_id}/invoices", new_invoice(**wrong))
        assert_problem(created, 422, "validation_failed", field)
        assert_problem(owner.patch(path(draft), wrong), 422, "validation_failed", field)


@pytest.mark.parametrize("invoice_id", [NOBODY, "x", "é", "x" * 3000])
def test_an_invoice_that_is_not_there_is_not_found(invoice_id: str, owner: Staff, client_id: str):
    here = f"/v1/clients/{client_id}/invoices/{invoice_id}"
    with stored.unchanged():
        for answer in (
            owner.get(here),
            owner.patch(here, {"notes": "x"}),
            owner.delete(here),
            owner.post(f"{here}/copy"),
            owner.post(f"{here}/finalize"),
            owner.post(f"{here}/send"),
            owner.post(f"{here}/void"),
            owner.post(f"{here}/write-off"),
            owner.put(f"{here}/collection-status", {"status": "legal"}),
        ):
            assert_problem(answer, 404, "invoice_not_found")


@pytest.mark.parametrize("nobody", [NOBODY, "x", "é"])
def test_nobody_can_be_invoiced(nobody: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(f"/v1/clients/{nobody}/invoices", new_invoice())
        assert_problem(answer, 404, "client_not_found")


# ---- What follows from client and settings ---------------------------------------------------


def test_a_draft_is_due_as_the_clients_terms_say(owner: Staff):
    terms = billing.new_client_id(owner, payment_settings={"terms_days": 14}, currency="JPY")
    draft = drafted(owner, terms, issue_date="2026-12-25")
    assert (draft["due_date"], draft["currency"]) == ("2027-01-08", "JPY")
    assert draft["totals"]["gross"] == "238"


def test_a_draft_stays_in_its_currency_when_the_client_gets_another(owner: Staff, client_id: str):
    draft = drafted(owner, client_id)
    assert owner.patch(f"/v1/clients/{client_id}", {"currency": "USD"}).status == 200
    changed = owner.patch(path(draft), {"notes": "Thanks."}).body
    assert (changed["currency"], changed["totals"]["gross"]) == ("EUR", "238.00")
    assert owner.post(f"{path(draft)}/finalize").body["currency"] == "EUR"
    other = drafted(owner, client_id, currency="EUR")
    assert owner.patch(path(other), {"currency": None}).body["currency"] == "USD"


def test_what_a_draft_leaves_open_is_as_it_is_when_it_is_finalized(
    owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    draft = drafted(owner, client_id)
    assert owner.patch(f"/v1/clients/{client_id}", {"payment_settings": {"terms_days": 7}}).status
    moment = datetime.fromisoformat("2027-03-01T12:00:00+00:00")
    monkeypatch.setattr(function("invoices"), "now", lambda: moment)
    invoice = owner.post(f"{path(draft)}/finalize").body
    assert (invoice["issue_date"], invoice["due_date"]) == ("2027-03-01", "2027-03-08")
    assert invoice["number"] == "INV-2027-00001"


def test_a_finalized_invoice_stays_as_it_was(owner: Staff, client_id: str):
    owner.patch("/v1/settings", {"name": "Sturm", "billing": {"vat_id": "DE1", "iban": None}})
    invoice = finalized(owner, client_id)
    owner.patch("/v1/settings", {"name": "Other", "billing": {"round_to": {"EUR": "1"}}})
    owner.patch(f"/v1/clients/{client_id}", {"business_name": "Other"})
    assert billing.read(owner, invoice) == invoice
    assert (invoice["seller"]["name"], invoice["buyer"]["name"]) == ("Sturm", "Acme")


def test_what_an_e_invoice_would_lack_is_told(owner: Staff, client_id: str):
    draft = drafted(owner, client_id)
    lacking = {each["code"]: each["field"] for each in draft["warnings"]}
    assert lacking["BR-06"] == "seller.name"
    assert lacking["BR-11"] == "buyer.country"
    firm = {"name": "Sturm", "address": {"country": "DE"}, "billing": {"vat_id": "DE123456789"}}
    owner.patch("/v1/settings", firm)
    owner.patch(f"/v1/clients/{client_id}", {"billing_address": {"country": "DE"}})
    assert billing.read(owner, draft)["warnings"] == []


def test_a_finalized_invoice_can_be_neither_changed_nor_deleted(owner: Staff, client_id: str):
    invoice = finalized(owner, client_id)
    with stored.unchanged():
        for answer in (owner.patch(path(invoice), {"notes": "x"}), owner.delete(path(invoice))):
            assert_problem(answer, 409, "not_a_draft")
            assert invoice["number"] in answer.body["detail"]


def test_what_is_stale_is_refused(owner: Staff, client_id: str):
    draft = drafted(owner, client_id)
    owner.patch(path(draft), {"notes": "x"})
    with stored.unchanged():
        for answer in (
            owner.patch(path(draft), {"notes": "y"}, if_match='"1"'),
            owner.delete(path(draft), if_match='"1"'),
            owner.post(f"{path(draft)}/finalize", if_match='"1"'),
        ):
            assert_problem(answer, 412, "stale_version")
        same = owner.patch(path(draft), {"notes": "x"})
        assert (same.status, same.etag) == (200, '"2"')


def test_the_same_key_finalizes_once(owner: Staff, client_id: str):
    draft = drafted(owner, client_id)
    first = owner.post(f"{path(draft)}/finalize", idempotency_key="k")
    with stored.unchanged():
        again = owner.post(f"{path(draft)}/finalize", idempotency_key="k")
    assert (again.status, again.body, again.etag) == (200, first.body, first.etag)


def test_an_invoice_of_nothing_is_paid_at_once(owner: Staff, client_id: str):
    invoice = finalized(owner, client_id, lines=[new_line(unit_price="0")])
    assert (invoice["status"], invoice["totals"]["balance"]) == ("paid", "0.00")
    assert "open_invoices" not in stored.item(f"CLIENT#{client_id}", "CLIENT")


def test_what_happens_to_an_invoice_is_published(owner: Staff, client_id: str):
    schema = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    documented = str(schema)
    first, second = (finalized(owner, client_id) for _ in range(2))
    owner.post(f"{path(first)}/send", {"to": ["a@b.example"]})
    owner.put(f"{path(first)}/collection-status", {"status": "legal"})
    owner.post(f"{path(first)}/void")
    owner.post(f"{path(second)}/write-off")
    owner.delete(path(drafted(owner, client_id)))
    told = {each.get("event") for each in stored.items() if each["sk"].startswith("HISTORY#")}
    of_invoices = {each for each in told if each and each.startswith("invoice.")}
    assert of_invoices == {
        "invoice.created",
        "invoice.deleted",
        "invoice.finalized",
        "invoice.sent",
        "invoice.voided",
        "invoice.written_off",
        "invoice.collection_status_changed",
    }
    assert not [each for each in of_invoices if f"'{each}'" not in documented]
    shown = owner.get(f"/v1/clients/{client_id}/history", type="invoice").body["items"]
    assert {each["details"]["what"] for each in shown} >= {"created", "finalized", "voided"}
