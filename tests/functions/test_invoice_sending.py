"""Sending invoices: whom they go to, what the mail carries, and what is sent unasked (C6)."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, path


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner, emails=["office@acme.example"])


def mails() -> list[dict[str, Any]]:
    return [each for each in stored.items("CLIENT#") if each["sk"].startswith("EMAIL#")]


def contact(staff: Staff, client_id: str, email: str | None, **fields: Any) -> str:
    entered = {"first_name": "Zoë", "emails": [email] if email else []} | fields
    answer = staff.post(f"/v1/clients/{client_id}/contacts", entered)
    assert answer.status == 201
    return str(answer.body["contact_id"])


def has_come(client_id: str, contact_id: str | None = None) -> None:
    """Somebody accepted the invitation to the portal."""
    state = {"status": "accepted", "accepted_at": "2026-11-01T00:00:00.000Z"}
    if contact_id:
        stored.alter(f"CLIENT#{client_id}", f"CONTACT#{contact_id}", portal=state)
    else:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", portal={"own": state, "turn": 1})


def sending_is_automatic(owner: Staff) -> None:
    answer = owner.patch("/v1/settings", {"portal": {"auto_send_invoices": True}})
    assert answer.status == 200


def test_an_invoice_is_sent_with_its_paper_and_a_link_to_pay_it(member: Staff, client_id: str):
    invoice = finalized(member, client_id)
    answer = member.post(f"{path(invoice)}/send", {"message": "As discussed."})
    assert answer.status == 202, answer.body
    assert answer.headers["location"].endswith(f"/emails/{answer.body['email_id']}")
    (mail,) = mails()
    assert mail["row"]["to"] == ["office@acme.example"]
    assert mail["attachments"] == [{"kind": "invoice", "id": invoice["invoice_id"]}]
    assert mail["context"]["message"] == "As discussed."
    assert mail["context"]["link"].startswith("https://firm.example/pay/")
    assert mail["context"]["invoice"] == {
        "number": "INV-2026-00001",
        "total": "238.00",
        "balance": "238.00",
        "currency": "EUR",
        "issue_date": invoice["issue_date"],
        "due_date": invoice["due_date"],
    }
    sent = billing.read(member, invoice)
    assert sent["sent_at"] == sent["sent"][0]["at"]
    assert sent["sent"][0]["email_id"] == answer.body["email_id"]
    assert sent["sent"][0]["by"]["name"] == "The staff"
    assert sent["version"] == invoice["version"] + 1


def test_the_last_ten_times_that_it_was_sent_are_remembered(member: Staff, client_id: str):
    invoice = finalized(member, client_id)
    ids = [member.post(f"{path(invoice)}/send").body["email_id"] for _ in range(11)]
    sent = billing.read(member, invoice)["sent"]
    assert [each["email_id"] for each in sent] == ids[1:]


def test_it_goes_to_the_primary_and_the_billing_contacts(member: Staff, client_id: str):
    contact(member, client_id, "first@acme.example")
    contact(member, client_id, "billing@acme.example", billing=True)
    contact(member, client_id, "other@acme.example")
    invoice = finalized(member, client_id)
    assert member.post(f"{path(invoice)}/send").status == 202
    assert sorted(mails()[0]["row"]["to"]) == ["billing@acme.example", "first@acme.example"]


def test_contacts_without_an_address_leave_it_to_the_clients_own(member: Staff, client_id: str):
    contact(member, client_id, None, billing=True)
    invoice = finalized(member, client_id)
    assert member.post(f"{path(invoice)}/send").status == 202
    assert mails()[0]["row"]["to"] == ["office@acme.example"]


def test_more_than_fifty_addresses_are_several_mails(member: Staff, client_id: str):
    for number in range(6):
        emails = [f"a{number}-{each}@acme.example" for each in range(10)]
        contact(member, client_id, None, emails=emails, billing=True)
    invoice = finalized(member, client_id)
    assert member.post(f"{path(invoice)}/send").status == 202
    assert sorted(len(each["row"]["to"]) for each in mails()) == [10, 50]
    assert len(billing.read(member, invoice)["sent"]) == 2


def test_what_cannot_be_sent_is_refused(manager: Staff, owner: Staff, client_id: str):
    draft, voided = drafted(manager, client_id), finalized(manager, client_id)
    invoice = finalized(manager, client_id)
    assert manager.post(f"{path(voided)}/void").status == 200
    mute = finalized(manager, billing.new_client_id(manager))
    with stored.unchanged():
        assert_problem(manager.post(f"{path(draft)}/send"), 409, "is_a_draft")
        assert_problem(manager.post(f"{path(voided)}/send"), 409, "invoice_not_open")
        assert_problem(manager.post(f"{path(mute)}/send"), 409, "no_email_address")
        stale = manager.post(f"{path(invoice)}/send", if_match='"1"')
        assert_problem(stale, 412, "stale_version")
        wrong = manager.post(f"{path(invoice)}/send", {"to": ["x"]})
        assert_problem(wrong, 422, "validation_failed", "to.0")
    assert manager.post(f"{path(mute)}/send", {"to": ["a@b.example"]}).status == 202
    assert manager.post(f"/v1/clients/{client_id}/suspend").status == 200
    with stored.unchanged():
        assert_problem(manager.post(f"{path(invoice)}/send"), 409, "client_suspended")


def test_the_same_key_sends_once(member: Staff, client_id: str):
    invoice = finalized(member, client_id)
    first = member.post(f"{path(invoice)}/send", idempotency_key="k")
    with stored.unchanged():
        again = member.post(f"{path(invoice)}/send", idempotency_key="k")
    assert (again.status, again.body) == (202, first.body)


# ---- Unasked, when it is finalized (C6) ----------------------------------------------------


def finalizing_told() -> str:
    (entry,) = [
        each for each in stored.items("CLIENT#") if each.get("event") == "invoice.finalized"
    ]
    return str(entry["text"])


def test_nothing_is_sent_unasked_unless_the_firm_says_so(owner: Staff, client_id: str):
    has_come(client_id)
    assert finalized(owner, client_id)["sent"] == []
    assert mails() == []
    assert finalizing_told() == "Invoice INV-2026-00001 finalized: 238.00 EUR"


def test_it_is_sent_to_those_who_accepted_the_invitation(owner: Staff, client_id: str):
    sending_is_automatic(owner)
    came = contact(owner, client_id, "came@acme.example")
    contact(owner, client_id, "not@acme.example", billing=True)
    has_come(client_id, came)
    has_come(client_id)
    invoice = finalized(owner, client_id)
    (mail,) = mails()
    assert mail["row"]["to"] == ["came@acme.example"]
    assert mail["context"]["invoice"]["number"] == invoice["number"]
    assert [each["by"] for each in invoice["sent"]] == [None]
    assert invoice == billing.read(owner, invoice)


def test_a_client_that_came_itself_gets_it_itself(owner: Staff, client_id: str):
    sending_is_automatic(owner)
    has_come(client_id)
    finalized(owner, client_id)
    assert mails()[0]["row"]["to"] == ["office@acme.example"]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("suspended", "the client is suspended"),
        ("by print", "the client is invoiced by print"),
        ("not accepted", "nobody who gets invoices has accepted the invitation"),
    ],
)
def test_why_it_is_not_sent_unasked_is_told(why: str, told: str, owner: Staff, client_id: str):
    sending_is_automatic(owner)
    match why:
        case "suspended":
            has_come(client_id)
            assert owner.post(f"/v1/clients/{client_id}/suspend").status == 200
        case "by print":
            has_come(client_id)
            stored.alter(f"CLIENT#{client_id}", "CLIENT", invoicing_method="print")
    invoice = finalized(owner, client_id)
    assert (invoice["status"], invoice["sent"]) == ("open", [])
    assert mails() == []
    assert finalizing_told() == f"Invoice INV-2026-00001 finalized: 238.00 EUR. Not sent: {told}."
