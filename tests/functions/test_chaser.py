"""Looking at clients: what is due is done once, re-checked at the moment of doing it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook import agenda
from tallybook.dates import now
from tests.support import billing, stored
from tests.support.api import Staff, invoke
from tests.support.calls import recorded
from tests.support.chasing import firm_works_by, look, mails, marks, of_client, tasks
from tests.support.imports import sqs_event

EMAIL = "zoe@acme.example"
MARCH = {"issue_date": "2026-03-01", "due_date": "2026-03-31"}
FRIENDLY = {"days": 7, "action": "email"}
FIRM = {"days": 14, "action": "email"}


@pytest.fixture
def acme(owner: Staff) -> str:
    return billing.new_client_id(owner, emails=[EMAIL], telephone="+49221123456")


@pytest.fixture
def invoice(owner: Staff, acme: str) -> dict[str, Any]:
    """Over 100.00, due on 31 March."""
    return billing.invoiced(owner, acme, "100.00", **MARCH)


def client(client_id: str) -> dict[str, Any]:
    return stored.item(f"CLIENT#{client_id}", "CLIENT")


def next_look(client_id: str) -> str | None:
    """When the client is looked at again."""
    place = client(client_id).get("agenda_sk")
    return place.partition("#")[0] if place else None


def test_the_function_does_what_is_due_for_the_clients_of_its_queue(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, FRIENDLY)
    event = sqs_event([{"client_id": acme}, {"client_id": "gone"}, {"client_id": acme}])
    assert invoke("chaser", event) == {"batchItemFailures": []}
    assert mails(acme) == [("reminder_friendly", [EMAIL], [invoice["number"]])]
    assert list(agenda.fallen_due("client", now() + timedelta(days=3000))) == []


def test_a_client_whose_look_fails_comes_back(owner: Staff, acme: str, invoice: dict[str, Any]):
    firm_works_by(owner, FRIENDLY)
    event = sqs_event([{"client_id": acme}])
    with stored.fault("TransactWriteItems", "ValidationException"):
        answer = invoke("chaser", event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    assert mails(acme) == []
    assert invoke("chaser", event) == {"batchItemFailures": []}
    assert len(mails(acme)) == 1


def test_a_reminder_leaves_on_its_day_and_is_marked_and_told(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, FRIENDLY, FIRM)
    assert look(acme, "2026-04-06") == 0
    assert next_look(acme) == "2026-04-07T00:00:00.000Z"
    assert look(acme, "2026-04-07") == 1
    assert look(acme, "2026-04-07") == 0
    assert mails(acme) == [("reminder_friendly", [EMAIL], [invoice["number"]])]
    assert next_look(acme) == "2026-04-14T00:00:00.000Z"
    (mail,) = of_client(acme, "EMAIL")
    assert mail["context"]["totals"] == [{"currency": "EUR", "amount": "100.00"}]
    assert mail["context"]["link"].startswith("https://firm.example/pay/")
    assert [each["kind"] for each in mail["attachments"]] == ["invoice"]
    (told,) = [
        each for each in of_client(acme, "HISTORY") if each.get("event") == "invoice.reminded"
    ]
    assert told["text"] == f"Reminded by e-mail: {invoice['number']}"
    assert told["details"]["invoice_id"] == invoice["invoice_id"]
    (shown,) = billing.read(owner, invoice)["reminders"]
    assert shown["what"] == "email"
    assert shown["date"] == "2026-04-07"
    assert shown["contact_id"] is None


def test_nobody_is_reminded_of_what_was_paid(owner: Staff, acme: str, invoice: dict[str, Any]):
    firm_works_by(owner, FRIENDLY)
    assert look(acme, "2026-04-01") == 0
    assert owner.post(f"/v1/clients/{acme}/payments", {"amount": "100.00"}).status == 201
    assert look(acme, "2026-04-07") == 0
    assert mails(acme) == []
    assert next_look(acme) is None


def test_a_payment_calls_for_a_look_at_once(owner: Staff, acme: str, invoice: dict[str, Any]):
    look(acme, "2026-04-01")
    assert next_look(acme) is None
    owner.post(f"/v1/clients/{acme}/payments", {"amount": "10.00"})
    assert next_look(acme) <= now().isoformat(timespec="milliseconds").replace("+00:00", "Z")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"workflow_id": None, "emails": ["other@acme.example"]}, True),
        ({"payment_settings": {"reminders": False}}, True),
        ({"invoicing_method": "print"}, True),
        ({"vat_id": "DE123456789"}, False),
    ],
)
def test_what_decides_about_reminders_calls_for_a_look(
    owner: Staff, acme: str, change: dict[str, Any], calls: bool
):
    look(acme, "2026-04-01")
    assert owner.patch(f"/v1/clients/{acme}", change).status == 200
    assert (next_look(acme) is not None) == calls


def test_contacts_that_get_reminders_call_for_a_look(owner: Staff, acme: str):
    contacts = f"/v1/clients/{acme}/contacts"

    def called(act: Any) -> bool:
        look(acme, "2026-04-01")
        answer = act()
        assert answer.status in (200, 201, 204), answer.body
        return next_look(acme) is not None

    first = {"first_name": "Zoë", "emails": [EMAIL]}
    assert called(lambda: owner.post(contacts, first))
    assert not called(lambda: owner.post(contacts, {"first_name": "Ada"}))
    ids = [each["contact_id"] for each in owner.get(contacts).body["items"]]
    zoe, ada = (f"{contacts}/{each}" for each in ids)
    assert not called(lambda: owner.patch(ada, {"telephone": "+49221123457"}))
    assert called(lambda: owner.patch(ada, {"billing": True}))
    assert called(lambda: owner.patch(zoe, {"emails": ["zoe2@acme.example"]}))
    assert not called(lambda: owner.patch(zoe, {"job_title": "Bookkeeper"}))
    assert called(lambda: owner.patch(ada, {"primary": True}))
    assert called(lambda: owner.delete(ada))


def test_a_dispute_holds_everything_until_it_ends(owner: Staff, acme: str, invoice: dict[str, Any]):
    firm_works_by(owner, FRIENDLY)
    status = f"{billing.path(invoice)}/collection-status"
    assert owner.put(status, {"status": "in_dispute"}).status == 200
    assert look(acme, "2026-04-20") == 0
    assert next_look(acme) is None
    assert owner.put(status, {"status": "none"}).status == 200
    assert next_look(acme) is not None
    assert look(acme, "2026-04-20") == 1


def test_several_invoices_are_one_mail_to_each_person(owner: Staff, acme: str):
    firm_works_by(owner, FRIENDLY)
    two = [billing.invoiced(owner, acme, gross, **MARCH) for gross in ("100.00", "20.00")]
    ids = [
        owner.post(f"/v1/clients/{acme}/contacts", {"emails": [email], "billing": True}).body
        for email in ("ada@acme.example", EMAIL)
    ]
    assert look(acme, "2026-04-07") == 2
    numbers = [each["number"] for each in two]
    assert sorted(mails(acme)) == [
        ("reminder_friendly", ["ada@acme.example"], numbers),
        ("reminder_friendly", [EMAIL], numbers),
    ]
    assert set(marks(two[0]).values()) == {"email"}
    assert {mark.partition("#")[2] for mark in marks(two[1])} == {
        each["contact_id"] for each in ids
    }


def test_who_have_one_address_or_number_get_one_message(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    text = "{{ invoice.number }}"
    firm_works_by(owner, FRIENDLY, {"days": 7, "action": "sms", "text": text})
    office = {"emails": ["office@acme.example"], "telephone": "+49221654321", "billing": True}
    first, second, third = (
        owner.post(f"/v1/clients/{acme}/contacts", office | other).body["contact_id"]
        for other in (
            {"first_name": "Ada"},
            {"first_name": "Bo", "emails": ["Office@Acme.example"]},
            {"first_name": "Cy", "emails": ["office@acme.example", EMAIL], "telephone": None},
        )
    )
    made_primary = owner.patch(f"/v1/clients/{acme}/contacts/{second}", {"primary": True})
    assert made_primary.status == 200, made_primary.body
    assert look(acme, "2026-04-07") == 4
    assert sorted(to for _, to, _ in mails(acme)) == [["Office@acme.example"], [EMAIL]]
    assert [each["row"]["to"] for each in of_client(acme, "SMS")] == ["+49221654321"]
    assert tasks(acme) == [f"Remind by post or telephone: {invoice['number']}"]  # Cy has no number
    whose = sorted(mark.partition("#")[2] for mark in marks(invoice))
    assert whose == sorted([second, second, third, third])
    assert first not in whose
    assert look(acme, "2026-04-08") == 0


def test_messages_wait_for_the_hours_at_which_the_firm_sends(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    hours = {"from": "08:00", "until": "18:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
    steps = {"days": 4, "action": "email"}, {"days": 4, "action": "call"}
    firm_works_by(owner, *steps, sending=hours, time_zone="Europe/Berlin")
    assert look(acme, "2026-04-04", "10:00") == 1  # a Saturday
    assert (mails(acme), len(tasks(acme))) == ([], 1)
    assert next_look(acme) == "2026-04-06T06:00:00.000Z"  # Monday, 8:00 in Berlin
    assert look(acme, "2026-04-06", "06:00") == 1
    assert len(mails(acme)) == 1


def test_a_late_fee_is_booked_once_and_shown_on_the_reminder(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    fee = {"amount": "5.00", "currency": "EUR", "per": "week", "cap_amount": "12.00"}
    firm_works_by(owner, {"days": 7, "action": "late_fee", "fee": fee}, FRIENDLY)
    assert look(acme, "2026-04-14") == 3
    (mail,) = of_client(acme, "EMAIL")
    assert mail["context"]["invoice"]["balance"] == "110.00"
    after = billing.read(owner, invoice)
    assert (after["totals"]["late_fees"], after["totals"]["balance"]) == ("10.00", "110.00")
    assert billing.account(owner, acme)["unpaid"] == "110.00"
    assert [each["row"]["date"] for each in of_client(acme, "LEDGER")] == [
        "2026-03-01",
        "2026-04-14",
        "2026-04-14",
    ]
    assert look(acme, "2026-04-14") == 0
    assert look(acme, "2026-05-30") == 6
    assert billing.read(owner, invoice)["totals"]["late_fees"] == "12.00"
    assert sorted(marks(invoice).values()) == ["email", *["late_fee"] * 3, *["no_fee"] * 5]


def test_a_task_is_the_specialist_s_and_names_what_is_unpaid(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, {"days": 1, "action": "call", "text": "Ask for Zoë\nShe knows of it."})
    assert look(acme, "2026-04-03") == 1
    (task,) = of_client(acme, "TASK")
    assert task["row"]["title"] == f"Ask for Zoë: {invoice['number']}"
    assert task["body"] == f"She knows of it.\n\n{invoice['number']}: 100.00 EUR, due 2026-03-31"
    assert task["row"]["kind"] == "call"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (None, "Call about {}"),
        ("Ask when they pay.", "Ask when they pay: {}"),
        ("Instalments, agency, or court?", "Instalments, agency, or court? {}"),
        ("…\nAnd more", "… {}"),
        ("..", "Call about {}"),
    ],
)
def test_a_task_is_called_what_its_step_says(
    owner: Staff, acme: str, invoice: dict[str, Any], text: str | None, title: str
):
    firm_works_by(owner, {"days": 1, "action": "call", "text": text})
    assert look(acme, "2026-04-03") == 1
    assert tasks(acme) == [title.format(invoice["number"])]


def test_an_sms_says_what_its_step_says(owner: Staff, acme: str, invoice: dict[str, Any]):
    text = "{{ client.business_name }}: {{ invoice.number }}, {{ invoice.balance }}"
    firm_works_by(owner, {"days": 1, "action": "sms", "text": text})
    assert look(acme, "2026-04-01") == 1
    (sms,) = owner.get(f"/v1/clients/{acme}/sms").body["items"]
    assert (sms["to"], sms["by"]) == ("+49221123456", None)
    assert sms["body"] == f"Acme: {invoice['number']}, 100.00"


def test_who_cannot_be_mailed_is_reminded_by_people(owner: Staff, invoice: dict[str, Any]):
    firm_works_by(owner, FRIENDLY)
    acme = invoice["client_id"]
    assert owner.patch(f"/v1/clients/{acme}", {"invoicing_method": "print"}).status == 200
    assert look(acme, "2026-04-07") == 1
    assert tasks(acme) == [f"Remind by post or telephone: {invoice['number']}"]
    assert (mails(acme), list(marks(invoice).values())) == ([], ["task"])


def test_what_falls_due_for_a_suspended_client_is_missed_and_not_done(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    fee = {"amount": "5.00", "currency": "EUR"}
    firm_works_by(owner, {"days": 7, "action": "late_fee", "fee": fee}, FRIENDLY)
    assert owner.post(f"/v1/clients/{acme}/suspend", {"reason": "Wait"}).status == 200
    assert look(acme, "2026-04-09", "03:00") == 2
    found = of_client(acme, "MISSED")
    assert sorted(each["row"]["text"] for each in found) == [
        f"Invoice {invoice['number']}: a late fee",
        f"Invoice {invoice['number']}: a reminder by e-mail",
    ]
    assert {each["row"]["date"] for each in found} == {"2026-04-07"}
    assert (mails(acme), set(marks(invoice).values())) == ([], {"missed"})
    assert look(acme, "2026-04-10") == 0


def test_what_was_missed_is_done_when_staff_say_so(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    fee = {"amount": "5.00", "currency": "EUR"}
    firm_works_by(owner, {"days": 7, "action": "late_fee", "fee": fee}, FRIENDLY)
    owner.post(f"/v1/clients/{acme}/suspend", {})
    look(acme, "2026-04-09")
    assert owner.post(f"/v1/clients/{acme}/activate", {"missed": "own_date"}).status == 200
    assert look(acme, "2026-04-20") == 2
    assert len(mails(acme)) == 1
    assert [each["row"]["date"] for each in of_client(acme, "LEDGER")][1:] == ["2026-04-07"]


def service(staff: Staff, client_id: str, **fields: Any) -> str:
    new = {"name": "Hosting", "reference": "h-1"} | fields
    answer = staff.post(f"/v1/clients/{client_id}/services", new)
    assert answer.status == 201, answer.body
    return f"/v1/clients/{client_id}/services/{answer.body['service_id']}"


def test_services_are_suspended_and_given_back_when_nothing_is_overdue(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, {"days": 10, "action": "suspend_services"})
    now_, later = service(owner, acme), service(owner, acme, paid_through="2026-04-15")
    assert look(acme, "2026-04-10") == 1
    assert [owner.get(each).body["status"] for each in (now_, later)] == ["suspended", "active"]
    assert next_look(acme) == "2026-04-16T00:00:00.000Z"
    assert (look(acme, "2026-04-16"), look(acme, "2026-04-17")) == (1, 0)
    assert list(marks(invoice).values()) == ["suspend_services"]
    owner.post(f"/v1/clients/{acme}/payments", {"amount": "100.00"})
    assert look(acme, "2026-04-17") == 1
    assert [owner.get(each).body["status"] for each in (now_, later)] == ["active", "active"]


def test_a_promise_pauses_and_a_broken_one_is_a_task(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, {"days": 1, "action": "email"})
    day = (now().date() + timedelta(days=3)).isoformat()
    new = {"amount": "100.00", "currency": "EUR", "date": day}
    assert owner.post(f"/v1/clients/{acme}/promises", new).status == 201
    assert look(acme, day) == 0
    after = datetime.fromisoformat(day) + timedelta(days=1)
    assert next_look(acme) == f"{after:%Y-%m-%d}T00:00:00.000Z"
    assert look(acme, f"{after:%Y-%m-%d}") == 2
    assert tasks(acme) == [f"Promise broken: 100.00 EUR by {day}"]
    assert len(mails(acme)) == 1


def test_an_invoice_that_waited_is_sent_at_the_first_hour(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    hours = {"from": "08:00", "until": "18:00"}
    assert owner.patch("/v1/settings", {"sending": hours}).status == 200
    stored.put(f"CLIENT#{acme}", f"TOSEND#{invoice['invoice_id']}")
    assert look(acme, "2026-03-02", "03:00") == 0
    assert next_look(acme) == "2026-03-02T08:00:00.000Z"
    assert look(acme, "2026-03-02", "08:00") == 1
    assert mails(acme) == [("invoice", [EMAIL], [])]
    assert len(billing.read(owner, invoice)["sent"]) == 1
    assert look(acme, "2026-03-02", "09:00") == 0


@pytest.mark.parametrize(("what", "mails_then"), [("payments", 1), ("void", 0)])
def test_an_invoice_that_waited_is_sent_although_it_is_paid_but_not_when_it_is_void(
    owner: Staff, acme: str, invoice: dict[str, Any], what: str, mails_then: int
):
    hours = {"from": "08:00", "until": "18:00"}
    assert owner.patch("/v1/settings", {"sending": hours}).status == 200
    stored.put(f"CLIENT#{acme}", f"TOSEND#{invoice['invoice_id']}")
    if what == "payments":
        pay = {"amount": "100.00", "allocations": "oldest_first"}
        assert owner.post(f"/v1/clients/{acme}/payments", pay).status == 201
    else:
        assert owner.post(f"{billing.path(invoice)}/void", {}).status == 200
    assert look(acme, "2026-03-02", "03:00") == 0
    assert look(acme, "2026-03-02", "08:00") == 1
    assert len(mails(acme)) == mails_then
    assert look(acme, "2026-03-02", "09:00") == 0


def test_what_is_dated_before_a_late_fee_pays_it_on_the_day_of_the_fee(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    fee = {"amount": "10.00", "currency": "EUR"}
    firm_works_by(owner, {"days": 7, "action": "late_fee", "fee": fee})
    due = date.fromisoformat(invoice["due_date"])
    day = due + timedelta(days=8)
    assert look(acme, day.isoformat()) == 1
    pay = {"amount": "110.00", "date": due.isoformat(), "allocations": "oldest_first"}
    answer = owner.post(f"/v1/clients/{acme}/payments", pay)
    assert answer.status == 201, answer.body
    assert [each["date"] for each in answer.body["allocations"]] == [day.isoformat()]


def test_a_look_at_what_is_not_due_is_eight_requests(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    firm_works_by(owner, FRIENDLY)
    with recorded() as calls:
        look(acme, "2026-04-01")
    assert [name for name, _ in calls] == [
        "Query", "Query", "Query", "BatchGetItem", "Query", "Query", "BatchGetItem", "UpdateItem",
    ]  # fmt: skip
    with recorded() as calls:
        look(acme, "2026-04-02")
    assert len(calls) == 7


def test_a_percentage_is_of_what_is_unpaid_beside_fees(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    fee = {"percent": "1.5", "per": "month"}
    firm_works_by(owner, {"days": 1, "action": "late_fee", "fee": fee})
    assert look(acme, "2026-06-01") == 3
    assert Decimal(billing.read(owner, invoice)["totals"]["late_fees"]) == Decimal("4.50")


def test_a_template_that_was_deleted_since_keeps_nobody_from_being_reminded(
    owner: Staff, acme: str, invoice: dict[str, Any]
):
    own = {"name": "mine", "based_on": "reminder_firm", "subject": "Pay", "text": "Pay, please"}
    assert owner.post("/v1/email-templates", own).status == 201
    workflow_id = firm_works_by(owner, FRIENDLY | {"template": "mine"}, FIRM | {"template": "mine"})
    assert look(acme, "2026-04-07") == 1
    assert owner.delete("/v1/email-templates/mine").status == 204
    ahead = owner.post(f"/v1/workflows/{workflow_id}/rehearse", {"client_id": acme})
    assert [each["subject"] for each in ahead.body["items"]] != [None]
    assert look(acme, "2026-04-14") == 1
    assert [template for template, _, _ in mails(acme)] == ["mine", "reminder_friendly"]
