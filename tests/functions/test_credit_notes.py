"""Credit notes: what they take back of an invoice, and what is left of them as credit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff
from tests.support.billing import (
    account,
    drafted,
    finalized,
    invoiced,
    new_client_id,
    new_line,
    path,
    read,
)
from tests.support.calls import recorded

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
TODAY = datetime.now(UTC).date()


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def client_id(owner: Staff) -> str:
    return new_client_id(owner)


@pytest.fixture
def notes(client_id: str) -> str:
    return f"/v1/clients/{client_id}/credit-notes"


def over(amount: str, **fields: Any) -> dict[str, Any]:
    """A credit note over an amount, free of tax."""
    return {"lines": [new_line(quantity="1", unit_price=amount, tax_rate="0")]} | fields


def issued(staff: Staff, notes: str, note: dict[str, Any]) -> dict[str, Any]:
    answer = staff.post(notes, note)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def of(note: dict[str, Any]) -> str:
    return f"/v1/clients/{note['client_id']}/credit-notes/{note['credit_note_id']}"


def balance(staff: Staff, invoice: dict[str, Any]) -> tuple[str, str, str]:
    found = read(staff, invoice)
    return found["totals"]["balance"], found["totals"]["credited"], found["status"]


def amounts(note: dict[str, Any]) -> tuple[str, ...]:
    return tuple(note[name] for name in ("status", "applied", "refunded", "unapplied"))


def ledger(client_id: str) -> list[dict[str, Any]]:
    items = stored.items(f"CLIENT#{client_id}")
    return [item["row"] for item in items if item["sk"].startswith("LEDGER#")]


def test_a_credit_note_reads_as_it_was_entered(manager: Staff, client_id: str, notes: str):
    invoice = finalized(manager, client_id)
    entered = {
        "invoice_id": invoice["invoice_id"],
        "lines": [new_line(quantity="1", unit_price="50.00", discount_percent="10")],
        "allowances": [{"reason": "Rebate", "amount": "5.00", "tax_rate": "19"}],
        "reason": "One piece came back",
        "notes": "Sorry.",
        "purchase_order": "PO-1",
    }
    answer = manager.post(notes, entered)
    assert answer.status == 201, answer.body
    note = answer.body
    assert answer.headers["location"] == of(note)
    assert answer.etag == '"1"'
    assert note["number"] == f"CN-{TODAY.year}-00001"
    assert (note["invoice_number"], note["issue_date"]) == (invoice["number"], ago(0))
    assert (note["reason"], note["notes"]) == ("One piece came back", "Sorry.")
    assert note["lines"][0] | entered["lines"][0] == note["lines"][0]
    assert note["lines"][0]["net"] == "45.00"
    assert note["totals"] == {
        "lines": "45.00",
        "allowances": "5.00",
        "charges": "0.00",
        "net": "40.00",
        "tax": "7.60",
        "gross": "47.60",
        "rounding": "0.00",
        "payable": "47.60",
    }
    assert note["taxes"] == [{"category": "S", "rate": "19", "taxable": "40.00", "tax": "7.60"}]
    assert amounts(note) == ("applied", "47.60", "0.00", "0.00")
    assert note["buyer"]["name"] == "Acme"
    assert not note.keys() & {"full", "apply"}
    again = manager.get(of(note))
    assert (again.status, again.body, again.etag) == (200, note, '"1"')
    assert balance(manager, invoice) == ("190.40", "47.60", "partially_paid")
    totals = account(manager, client_id)
    assert (totals["invoiced"], totals["unpaid"], totals["credit"]) == ("238.00", "190.40", "0.00")
    assert ledger(client_id)[-1]["amount"] == Decimal("-47.6")
    assert ledger(client_id)[-1]["taxes"][0]["tax"] == Decimal("-7.6")


def test_a_full_credit_note_mirrors_its_invoice(owner: Staff, client_id: str, notes: str):
    invoice = finalized(
        owner,
        client_id,
        lines=[new_line(unit_price="0.333", quantity="7"), new_line(tax_rate="7")],
        charges=[{"reason": "Post", "percent": "2.5", "tax_rate": "19"}],
        prices_include_tax=True,
        purchase_order="PO-7",
        notes="Thank you for your order",
    )
    note = issued(owner, notes, {"invoice_id": invoice["invoice_id"], "full": True})
    for name in ("lines", "charges", "prices_include_tax", "purchase_order", "taxes"):
        assert note[name] == invoice[name], name
    assert note["notes"] is None
    for name, amount in note["totals"].items():
        assert amount == invoice["totals"][name], name
    assert balance(owner, invoice) == ("0.00", invoice["totals"]["gross"], "paid")
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("0.00", "0.00")


def test_a_full_credit_note_is_rounded_as_its_invoice_was(owner: Staff, client_id: str, notes: str):
    def smallest(coin: dict[str, str]) -> None:
        assert owner.patch("/v1/settings", {"billing": {"round_to": coin}}).status == 200

    smallest({"CHF": "0.05"})
    invoice = invoiced(owner, client_id, "9.98", currency="CHF")
    smallest({"CHF": "1"})
    note = issued(owner, notes, {"invoice_id": invoice["invoice_id"], "full": True})
    assert (note["total"], note["totals"]["rounding"]) == ("10.00", "0.02")
    assert balance(owner, invoice)[0] == "0.00"


def test_what_a_credit_note_is_over_what_is_unpaid_is_credit(
    owner: Staff, client_id: str, notes: str
):
    invoice = invoiced(owner, client_id, "100.00")
    owner.post(f"/v1/clients/{client_id}/payments", {"amount": "70.00"})
    note = issued(owner, notes, over("50.00", invoice_id=invoice["invoice_id"]))
    assert amounts(note) == ("partially_applied", "30.00", "0.00", "20.00")
    assert balance(owner, invoice) == ("0.00", "30.00", "paid")
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("0.00", "20.00")


def test_a_credit_note_may_be_left_as_credit(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00")
    note = issued(owner, notes, over("50.00", invoice_id=invoice["invoice_id"], apply=False))
    assert amounts(note) == ("unapplied", "0.00", "0.00", "50.00")
    assert balance(owner, invoice) == ("100.00", "0.00", "open")
    # It counts all the same.
    with stored.unchanged():
        more = owner.post(notes, over("50.01", invoice_id=invoice["invoice_id"]))
    assert_problem(more, 422, "validation_failed", "lines")


def test_a_credit_note_of_no_invoice_is_credit(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00")
    note = issued(owner, notes, over("50.00"))
    assert (note["invoice_id"], note["invoice_number"]) == (None, None)
    assert amounts(note) == ("unapplied", "0.00", "0.00", "50.00")
    applied = owner.post(f"{of(note)}/apply", {})
    assert amounts(applied.body) == ("applied", "50.00", "0.00", "0.00")
    assert balance(owner, invoice) == ("50.00", "50.00", "partially_paid")
    assert read(owner, invoice)["applied"][0]["source"] == "credit_note"


def test_an_invoice_is_never_credited_beyond_its_total(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00")
    issued(owner, notes, over("60.00", invoice_id=invoice["invoice_id"]))
    with stored.unchanged():
        answer = owner.post(notes, over("40.01", invoice_id=invoice["invoice_id"]))
    assert_problem(answer, 422, "validation_failed", "lines")
    assert answer.fields["lines"] == (
        f"40.01 is more than the 40.00 of invoice {invoice['number']} that were not credited."
    )
    with stored.unchanged():
        full = owner.post(notes, {"invoice_id": invoice["invoice_id"], "full": True})
    assert_problem(full, 422, "validation_failed", "full")
    assert full.fields["full"] == (
        f"60.00 of invoice {invoice['number']} were credited: give lines."
    )
    issued(owner, notes, over("40.00", invoice_id=invoice["invoice_id"]))


def test_what_was_written_off_is_not_credited_as_well(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00")
    paid = owner.post(f"/v1/clients/{client_id}/payments", {"amount": "30.00"})
    assert paid.status == 201, paid.body
    assert owner.post(f"{path(invoice)}/write-off").status == 200
    named = {"invoice_id": invoice["invoice_id"]}
    with stored.unchanged():
        whole = owner.post(notes, named | {"full": True})
        assert_problem(whole, 422, "validation_failed", "full")
        more = owner.post(notes, over("30.01", **named))
        assert_problem(more, 422, "validation_failed", "lines")
    assert "30.01 is more than the 30.00" in more.fields["lines"]
    assert amounts(issued(owner, notes, over("30.00", **named))) == (
        "unapplied", "0.00", "0.00", "30.00",
    )  # fmt: skip
    assert balance(owner, invoice) == ("0.00", "0.00", "written_off")


def test_only_a_finalized_invoice_of_the_client_is_credited(
    owner: Staff, client_id: str, notes: str
):
    draft, void = drafted(owner, client_id), invoiced(owner, client_id, "50.00")
    owner.post(f"{path(void)}/void", {})
    strange = invoiced(owner, new_client_id(owner), "50.00")
    for invoice, reason in (
        (draft, "The invoice is a draft: change or delete it."),
        (void, f"Invoice {void['number']} is void: nothing of it is left."),
        (strange, "The client has no invoice with this id."),
    ):
        with stored.unchanged():
            answer = owner.post(notes, over("1.00", invoice_id=invoice["invoice_id"]))
        assert_problem(answer, 422, "validation_failed", "invoice_id")
        assert answer.fields["invoice_id"] == reason


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"lines": []}, "body"),
        ({"full": True}, "body"),
        ({"full": True, "invoice_id": NOBODY}, "body"),
        ({"full": "yes"}, "full"),
        ({"apply": None}, "apply"),
        ({"invoice_id": "x"}, "invoice_id"),
        ({"invoice_id": NOBODY}, "invoice_id"),
        ({"issue_date": "x"}, "issue_date"),
        ({"issue_date": (TODAY + timedelta(days=2)).isoformat()}, "issue_date"),
        ({"reason": "x" * 201}, "reason"),
        ({"currency": "XXX"}, "currency"),
        ({"lines": [new_line(unit_price="0")]}, "lines"),
        ({"lines": [new_line(quantity="-1")]}, "lines"),
        ({"lines": [new_line(unit_price="x")]}, "lines.0.unit_price"),
        ({"lines": [new_line()] * 301}, "lines"),
        ({"allowances": [{"amount": "1.001"}]}, "allowances.0.amount"),
        ({"number": "CN-1"}, "number"),
    ],
)
def test_a_wrong_field_of_a_credit_note_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, notes: str
):
    with stored.unchanged():
        answer = owner.post(notes, over("10.00") | wrong)
    assert_problem(answer, 422, "validation_failed", field)


def test_a_credit_note_is_in_the_currency_of_its_invoice(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "1000", currency="JPY")
    mine = {"invoice_id": invoice["invoice_id"]}
    with stored.unchanged():
        answer = owner.post(notes, over("10", currency="EUR", **mine))
    assert_problem(answer, 422, "validation_failed", "currency")
    note = issued(owner, notes, over("10", **mine))
    assert (note["currency"], note["total"], note["applied"]) == ("JPY", "10", "10")


def test_a_credit_note_is_not_older_than_its_invoice(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00", issue_date=ago(3))
    mine = {"invoice_id": invoice["invoice_id"]}
    with stored.unchanged():
        answer = owner.post(notes, over("1.00", issue_date=ago(4), **mine))
    assert_problem(answer, 422, "validation_failed", "issue_date")
    assert issued(owner, notes, over("1.00", issue_date=ago(3), **mine))["issue_date"] == ago(3)


def test_an_invoice_of_tomorrow_is_credited_tomorrow(owner: Staff, client_id: str, notes: str):
    tomorrow = (TODAY + timedelta(days=5)).isoformat()
    invoice = invoiced(owner, client_id, "100.00", issue_date=tomorrow)
    note = issued(owner, notes, {"invoice_id": invoice["invoice_id"], "full": True})
    assert note["issue_date"] == tomorrow


def test_numbers_have_no_gaps_and_begin_again_each_year(owner: Staff, notes: str):
    numbers = [issued(owner, notes, over("1.00"))["number"] for _ in range(3)]
    assert owner.post(notes, over("0.00")).status == 422
    numbers.append(issued(owner, notes, over("1.00"))["number"])
    assert numbers == [f"CN-{TODAY.year}-{each:05}" for each in (1, 2, 3, 4)]
    early = [issued(owner, notes, over("1.00", issue_date="2019-05-01")) for _ in range(2)]
    assert [each["number"] for each in early] == ["CN-2019-00001", "CN-2019-00002"]
    pattern = {"numbering": {"credit_note": "G{seq}", "yearly": False}}
    pattern["numbering"] |= {"invoice": "I{seq}", "estimate": "E{seq}"}
    assert owner.patch("/v1/settings", pattern).status == 200
    assert issued(owner, notes, over("1.00"))["number"] == "G1"


def test_what_is_left_of_a_credit_note_is_refunded(manager: Staff, client_id: str, notes: str):
    note = issued(manager, notes, over("50.00"))
    refunded = manager.post(f"{of(note)}/refund", {"amount": "20.00"}).body
    assert amounts(refunded) == ("unapplied", "0.00", "20.00", "30.00")
    totals = account(manager, client_id)
    assert (totals["credit"], totals["paid"]) == ("30.00", "-20.00")
    with stored.unchanged():
        more = manager.post(f"{of(note)}/refund", {"amount": "30.01"})
    assert_problem(more, 422, "validation_failed", "amount")


def test_a_voided_invoice_gives_a_credit_note_its_credit_back(
    owner: Staff, client_id: str, notes: str
):
    invoice = invoiced(owner, client_id, "100.00")
    note = issued(owner, notes, over("40.00"))
    owner.post(f"{of(note)}/apply", {})
    assert owner.post(f"{path(invoice)}/void", {}).status == 200
    assert amounts(owner.get(of(note)).body) == ("unapplied", "0.00", "0.00", "40.00")
    totals = account(owner, client_id)
    assert (totals["unpaid"], totals["credit"]) == ("0.00", "40.00")


# ---- What holds for all of them ----------------------------------------------------------

USES = pytest.mark.parametrize(("what", "body"), [("apply", {}), ("refund", {"amount": "1.00"})])


@USES
def test_a_stale_version_is_refused(what: str, body: Any, owner: Staff, notes: str):
    note = issued(owner, notes, over("10.00"))
    owner.post(f"{of(note)}/refund", {"amount": "1.00"})
    with stored.unchanged():
        answer = owner.post(f"{of(note)}/{what}", body, if_match='"1"')
    assert_problem(answer, 412, "stale_version")
    assert owner.post(f"{of(note)}/{what}", body, if_match='"2"').status == 200


@USES
def test_a_credit_note_that_is_not_there_is_not_found(
    what: str, body: Any, owner: Staff, notes: str
):
    payment = owner.post(notes.replace("credit-notes", "payments"), {"amount": "1"}).body
    with stored.unchanged():
        for note_id in (NOBODY, "x", "x" * 2000, payment["payment_id"]):
            where = f"{notes}/{note_id}"
            assert_problem(owner.post(f"{where}/{what}", body), 404, "credit_note_not_found")
            assert_problem(owner.get(where), 404, "credit_note_not_found")


@USES
def test_done_twice_with_one_key_it_is_done_once(
    what: str, body: Any, owner: Staff, client_id: str, notes: str
):
    note = issued(owner, notes, over("10.00"))
    invoiced(owner, client_id, "5.00")
    first = owner.post(f"{of(note)}/{what}", body, idempotency_key="a")
    with stored.unchanged():
        second = owner.post(f"{of(note)}/{what}", body, idempotency_key="a")
    assert (second.status, second.body) == (200, first.body)
    assert second.headers["idempotency-replayed"] == "true"


def test_a_credit_note_that_is_sent_twice_is_issued_once(owner: Staff, notes: str):
    first = owner.post(notes, over("10.00"), idempotency_key="a")
    with stored.unchanged():
        second = owner.post(notes, over("10.00"), idempotency_key="a")
        other = owner.post(notes, over("11.00"), idempotency_key="a")
    assert (second.status, second.body) == (201, first.body)
    assert_problem(other, 409, "idempotency_key_reused")


def test_nobody_and_who_was_erased_has_no_credit_notes(owner: Staff, client_id: str, notes: str):
    issued(owner, notes, over("10.00"))
    stored.alter(f"CLIENT#{client_id}", "CLIENT", removed_at="2026-11-22T07:04:00.000Z", erased=1)
    for where in (notes, f"/v1/clients/{NOBODY}/credit-notes", "/v1/clients/x/credit-notes"):
        with stored.unchanged():
            assert_problem(owner.post(where, over("1")), 404, "client_not_found")
            assert_problem(owner.get(where), 404, "client_not_found")
            assert_problem(owner.get(f"{where}/{NOBODY}"), 404, "client_not_found")


def test_a_suspended_client_gets_a_credit_note(owner: Staff, client_id: str, notes: str):
    owner.post(f"/v1/clients/{client_id}/suspend", {})
    issued(owner, notes, over("10.00"))


def test_credit_is_given_by_managers_and_applied_by_all(
    manager: Staff, member: Staff, specialist: Staff, client_id: str, notes: str
):
    for staff in (member, specialist):
        with stored.unchanged():
            assert_problem(staff.post(notes, over("10.00")), 403, "forbidden")
    note = issued(manager, notes, over("10.00"))
    with stored.unchanged():
        assert_problem(member.post(f"{of(note)}/refund", {"amount": "1"}), 403, "forbidden")
    invoiced(manager, client_id, "5.00")
    assert member.post(f"{of(note)}/apply", {}).status == 200


def test_nothing_is_issued_where_the_books_are_closed(owner: Staff, notes: str):
    assert owner.patch("/v1/settings", {"billing": {"closed_until": ago(5)}}).status == 200
    with stored.unchanged():
        answer = owner.post(notes, over("1.00", issue_date=ago(5)))
    assert_problem(answer, 422, "validation_failed", "issue_date")
    issued(owner, notes, over("1.00", issue_date=ago(4)))


def test_a_rivals_credit_note_is_seen(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "100.00")

    def rival() -> None:
        issued(owner, notes, over("60.00", invoice_id=invoice["invoice_id"]))

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.post(notes, over("50.00", invoice_id=invoice["invoice_id"]))
    assert_problem(answer, 422, "validation_failed", "lines")
    assert issued(owner, notes, over("1.00"))["number"].endswith("-00002")


def test_the_history_tells_of_a_credit_note(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "5.00")
    note = issued(owner, notes, over("5.00", invoice_id=invoice["invoice_id"], apply=False))
    owner.post(f"{of(note)}/apply", {"allocations": "oldest_first"})
    note = issued(owner, notes, over("3.00"))
    owner.post(f"{of(note)}/refund", {"amount": "3.00"})
    told = [
        (item["event"], item["text"])
        for item in stored.items(f"CLIENT#{client_id}")
        if item["sk"].startswith("HISTORY#") and "credit_note_id" in item["details"]
    ]
    first, second = f"CN-{TODAY.year}-00001", f"CN-{TODAY.year}-00002"
    assert told == [
        ("credit_note.issued", f"Credit note {first} issued: 5.00 EUR"),
        ("credit_note.applied", f"5.00 EUR of credit note {first} applied"),
        ("credit_note.issued", f"Credit note {second} issued: 3.00 EUR"),
        ("credit_note.refunded", f"3.00 EUR of credit note {second} refunded"),
    ]


def test_a_credit_note_reads_once_and_writes_once(owner: Staff, client_id: str, notes: str):
    invoice = invoiced(owner, client_id, "10.00")
    with recorded() as calls:
        issued(owner, notes, {"invoice_id": invoice["invoice_id"], "full": True})
    assert [name for name, _ in calls] == ["BatchGetItem", "TransactWriteItems"]


def test_a_clients_credit_notes_are_listed_the_last_issued_first(owner: Staff, notes: str):
    made = [issued(owner, notes, over(f"{each}.00")) for each in (1, 2, 3)]
    first = owner.get(notes, limit="2").body
    assert [each["number"] for each in first["items"]] == [made[2]["number"], made[1]["number"]]
    assert first["items"][0].items() <= made[2].items()
    rest = owner.get(notes, limit="2", cursor=first["next_cursor"]).body
    assert [each["number"] for each in rest["items"]] == [made[0]["number"]]
    assert rest["next_cursor"] is None


def test_long_credit_notes_are_listed_to_the_end(owner: Staff, notes: str):
    """A query ends after 1 MB, and a credit note can have a fifth of that."""
    lines = [new_line(description="x" * 560)] * 250
    made = [issued(owner, notes, {"lines": lines})["credit_note_id"] for _ in range(8)]
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = owner.get(notes, **cursor).body
        listed += [each["credit_note_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert listed == made[::-1]


@pytest.mark.parametrize(("what", "status"), [("apply", 200), ("send", 202)])
def test_nothing_has_to_be_said(what: str, status: int, owner: Staff, client_id: str, notes: str):
    assert owner.patch(f"/v1/clients/{client_id}", {"emails": ["a@x.example"]}).status == 200
    note = issued(owner, notes, over("10.00"))
    assert owner.post(f"{of(note)}/{what}").status == status


def test_credit_notes_are_no_payments(owner: Staff, client_id: str, notes: str):
    payments = f"/v1/clients/{client_id}/payments"
    made = [owner.post(payments, {"amount": "1.00"}).body for _ in range(2)]
    for _ in range(5):
        issued(owner, notes, over("1.00"))
    page = owner.get("/v1/payments", status="unapplied", limit="1").body
    more = owner.get("/v1/payments", status="unapplied", limit="1", cursor=page["next_cursor"]).body
    found = [each["payment_id"] for each in page["items"] + more["items"]]
    assert sorted(found) == sorted(each["payment_id"] for each in made)
    assert more["next_cursor"] is None


def test_a_credit_note_is_sent_with_its_paper(member: Staff, owner: Staff):
    client_id = new_client_id(owner, emails=["acme@x.example"])
    invoice = invoiced(owner, client_id, "100.00")
    notes = f"/v1/clients/{client_id}/credit-notes"
    note = issued(owner, notes, over("50.00", invoice_id=invoice["invoice_id"]))
    answer = member.post(f"{of(note)}/send", {"message": "As discussed."})
    assert answer.status == 202, answer.body
    (mail,) = [i for i in stored.items(f"CLIENT#{client_id}") if i["sk"].startswith("EMAIL#")]
    assert (mail["template"], mail["row"]["to"]) == ("credit_note", ["acme@x.example"])
    assert mail["context"] == {
        "message": "As discussed.",
        "credit_note": {
            "number": note["number"],
            "amount": "50.00",
            "currency": "EUR",
            "date": ago(0),
            "invoice": invoice["number"],
        },
    }
    assert mail["attachments"] == [{"kind": "credit_note", "id": note["credit_note_id"]}]
    (sent,) = owner.get(of(note)).body["sent"]
    assert sent["email_id"] == answer.body["email_id"]
    assert sent["by"]["name"] == "The staff"
    owner.post(f"/v1/clients/{client_id}/suspend", {})
    with stored.unchanged():
        assert_problem(owner.post(f"{of(note)}/send", {}), 409, "client_suspended")
