"""What goes on by itself on the running stack, each function with its own rights only.

The agenda is worked through when a test asks for it, as the schedule does it every hour.
"""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.builders import new_client
from tests.e2e import outside
from tests.e2e.conftest import Stack
from tests.e2e.test_billing import asked, carried, mails_to, until
from tests.e2e.web import Web

type Json = dict[str, Any]

LINE = {"description": "Hosting, {month} {year}", "unit_price": "100.00", "tax_rate": "19"}


@pytest.fixture
def owner(stack: Stack) -> Web:
    """Of a firm that sends at any hour, and in English."""
    web = Web(stack.api_url, stack.token("owner"))
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    always = {"from": None, "until": None, "days": days, "holidays": []}
    settings = {"sending": always, "billing": {"locale": "en-GB"}}
    assert web.call("PATCH", "/v1/settings", settings).status_code == 200
    return web


def made(owner: Web, **fields: Any) -> tuple[str, str]:
    """A client's path, and its address."""
    address = f"books@t{uuid.uuid4().hex[:12]}.example"
    new = new_client(emails=[address], currency="EUR", **fields)
    client_id = asked(owner, "POST", "/v1/clients", new, status=201)["client_id"]
    return f"/v1/clients/{client_id}", address


def run_agenda(stack: Stack) -> None:
    answer = stack.client("lambda").invoke(FunctionName=stack.agenda_function, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def workflow(owner: Web, *steps: Json) -> str:
    body = {"name": f"Steps {uuid.uuid4().hex[:8]}", "steps": steps}
    return str(asked(owner, "POST", "/v1/workflows", body, status=201)["workflow_id"])


def overdue(owner: Web, client: str, days: int) -> Json:
    """An invoice over 119.00 that was due so many days ago."""
    due = datetime.now(UTC).date() - timedelta(days=days)
    dates = {"issue_date": f"{due - timedelta(days=14)}", "due_date": f"{due}"}
    body = {"lines": [LINE | {"description": "Hosting"}]} | dates
    draft = asked(owner, "POST", f"{client}/invoices", body, status=201)
    return asked(owner, "POST", f"{client}/invoices/{draft['invoice_id']}/finalize")


def test_recurring_invoices_of_the_past_are_made_once_each_with_its_own_date_and_mailed(
    stack: Stack, owner: Web
):
    client, address = made(owner)
    first = datetime.now(UTC).date() - timedelta(days=2)
    body = {"frequency": "daily", "start_date": f"{first}", "count": 3}
    body["template"] = {"lines": [LINE], "due_days": 7}
    recurring = asked(owner, "POST", f"{client}/recurring-invoices", body, status=201)
    path = f"{client}/recurring-invoices/{recurring['recurring_id']}"
    run_agenda(stack)
    mails = until(lambda: found if len(found := mails_to(stack, address)) >= 3 else None)
    invoices = asked(owner, "GET", f"{client}/invoices")["items"]
    days = [f"{first + timedelta(days=number)}" for number in range(3)]
    assert sorted(each["issue_date"] for each in invoices) == days
    numbers = {each["number"] for each in invoices}
    assert {name for mail in mails for name in carried(mail)} == {
        f"Invoice {number}.pdf" for number in numbers
    }
    assert len(numbers) == 3
    assert asked(owner, "GET", path)["status"] == "ended"
    run_agenda(stack)
    time.sleep(2)
    assert len(asked(owner, "GET", f"{client}/invoices")["items"]) == 3
    assert len(mails_to(stack, address)) == 3


def test_a_debtor_is_charged_reminded_called_and_cut_off_and_given_all_back_once_it_has_paid(
    stack: Stack, owner: Web, tmp_path: Path
):
    specialist = Web(stack.api_url, stack.token("specialist"))
    me = asked(specialist, "GET", "/v1/me")["staff_id"]
    steps = workflow(
        owner,
        {"days": 1, "action": "late_fee", "fee": {"amount": "40.00", "currency": "EUR"}},
        {"days": 3, "action": "email"},
        {"days": 5, "action": "call", "text": "Ask when they will pay."},
        {"days": 7, "action": "suspend_services"},
    )
    client, address = made(owner, workflow_id=steps, ar_specialist=me)
    named = {"name": "Hosting", "reference": "vm-1", "webhook_url": outside.URL}
    service = asked(owner, "POST", f"{client}/services", named, status=201)
    where = f"{client}/services/{service['service_id']}"
    secret = asked(owner, "GET", f"{where}/secret")["secret"]
    with outside.listening(stack, tmp_path) as told:
        invoice = overdue(owner, client, days=10)
        run_agenda(stack)
        (mail,) = until(lambda: mails_to(stack, address))
        assert "159.00" in mail["BodyText"]
        assert invoice["number"] in mail["BodyText"]
        path = f"{client}/invoices/{invoice['invoice_id']}"
        assert asked(owner, "GET", path)["totals"]["balance"] == "159.00"
        mine = asked(specialist, "GET", "/v1/tasks?assignee=me&limit=100")["items"]
        assert [each["kind"] for each in mine if each["client_id"] in client] == ["call"]
        stopped = asked(owner, "GET", where)
        assert (stopped["status"], stopped["suspended"]["reason"]) == ("suspended", "non_payment")
        until(lambda: told.events() == ["service.suspended"])

        run_agenda(stack)
        time.sleep(2)
        assert len(mails_to(stack, address)) == 1

        # What was paid gives back what non-payment stopped, without waiting for the hour.
        asked(owner, "POST", f"{client}/payments", {"amount": "159.00"}, status=201)
        until(lambda: told.events() == ["service.suspended", "service.reinstated"])
    assert asked(owner, "GET", where)["status"] == "active"
    for headers, body in told.got:
        said = Webhook(secret).verify(body, headers)
        assert said["data"]["service_id"] == service["service_id"]

    def delivered() -> bool:  # what has arrived is noted a moment later
        deliveries = asked(owner, "GET", f"{where}/deliveries")["items"]
        return {each["status"] for each in deliveries} == {"delivered"}

    until(delivered)


def test_a_webhook_that_leads_inside_is_refused_and_one_that_leads_nowhere_is_tried_again(
    owner: Web,
):
    client, _ = made(owner)
    for inside in ("http://hooks.example/", "https://127.0.0.1/", "https://localhost/"):
        body = {"name": "Hosting", "webhook_url": inside}
        assert owner.call("POST", f"{client}/services", body).status_code == 422
    body = {"name": "Hosting", "webhook_url": "https://nowhere.invalid/hook"}
    service = asked(owner, "POST", f"{client}/services", body, status=201)
    where = f"{client}/services/{service['service_id']}"
    asked(owner, "POST", f"{where}/suspend", {"reason": "other"})

    def tried() -> list[Json]:
        (row,) = asked(owner, "GET", f"{where}/deliveries")["items"]
        found = asked(owner, "GET", f"{where}/deliveries/{row['delivery_id']}")
        return list(found["attempts"])

    first = until(tried)[0]
    assert first["status"] is None
    assert first["error"]
    until(lambda: len(tried()) >= 2)  # five seconds later


def test_a_promise_holds_the_reminder_up_until_it_is_cancelled(stack: Stack, owner: Web):
    steps = workflow(owner, {"days": 3, "action": "email"})
    client, address = made(owner, workflow_id=steps)
    other, others_address = made(owner, workflow_id=steps)
    day = datetime.now(UTC).date() + timedelta(days=3)
    promise = {"amount": "119.00", "date": f"{day}"}
    overdue(owner, other, days=10)
    overdue(owner, client, days=10)
    promise_id = asked(owner, "POST", f"{client}/promises", promise, status=201)["promise_id"]
    run_agenda(stack)
    until(lambda: mails_to(stack, others_address))
    time.sleep(2)
    assert mails_to(stack, address) == []
    expected = json.dumps(asked(owner, "GET", f"{client}/outlook?days=10"))
    assert f"{day + timedelta(days=1)}" in expected
    assert owner.call("DELETE", f"{client}/promises/{promise_id}").status_code in (200, 204)
    run_agenda(stack)
    until(lambda: mails_to(stack, address))


def test_what_a_suspended_client_missed_is_listed_and_done_when_staff_say_so(
    stack: Stack, owner: Web
):
    client, address = made(owner)
    body = {"frequency": "monthly", "template": {"lines": [LINE]}}
    asked(owner, "POST", f"{client}/recurring-invoices", body, status=201)
    asked(owner, "POST", f"{client}/suspend", {"reason": "Moved away"})
    run_agenda(stack)
    (missed,) = until(lambda: asked(owner, "GET", f"{client}/missed")["items"])
    assert (missed["kind"], missed["reason"]) == ("recurring", "suspended")
    assert asked(owner, "GET", f"{client}/invoices")["items"] == []
    assert owner.call("POST", f"{client}/missed", {"all": "today"}).status_code == 409
    asked(owner, "POST", f"{client}/activate", {})
    decided = asked(owner, "POST", f"{client}/missed", {"all": "own_date"})
    assert [each["ok"] for each in decided["results"]] == [True]
    (invoice,) = asked(owner, "GET", f"{client}/invoices")["items"]
    assert invoice["issue_date"] == missed["date"]
    assert asked(owner, "GET", f"{client}/missed")["items"] == []
    (mail,) = until(lambda: mails_to(stack, address))
    assert list(carried(mail)) == [f"Invoice {invoice['number']}.pdf"]
