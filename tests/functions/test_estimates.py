"""Estimates: numbered, changed, sent, accepted or declined in time, and converted once."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.estimates.papers import paper
from tallybook.estimates.reading import with_estimate
from tests.builders import new_client, new_contact, removal_event
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff, function, invoke
from tests.support.billing import estimate_path as path
from tests.support.billing import estimated, new_invoice, new_line
from tests.support.calls import recorded

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
YEAR = f"{now():%Y}"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return owner.post("/v1/clients", new_client()).body["client_id"]


@pytest.fixture
def estimates(client_id: str) -> str:
    return f"/v1/clients/{client_id}/estimates"


@pytest.fixture
def estimate(owner: Staff, client_id: str) -> dict[str, Any]:
    return estimated(owner, client_id)


@pytest.fixture
def sent(owner: Staff, estimate: dict[str, Any]) -> dict[str, Any]:
    assert owner.post(f"{path(estimate)}/send").status == 202
    return read(owner, estimate)


@pytest.fixture
def expired(owner: Staff, client_id: str) -> dict[str, Any]:
    found = estimated(owner, client_id, issue_date="2026-01-01", expires_on="2026-01-31")
    assert found["status"] == "expired"
    return found


def read(staff: Staff, estimate: dict[str, Any]) -> dict[str, Any]:
    return dict(staff.get(path(estimate)).body)


def done(staff: Staff, estimate: dict[str, Any], what: str, **body: Any) -> dict[str, Any]:
    answer = staff.post(f"{path(estimate)}/{what}", body)
    assert answer.status in (200, 201, 202), answer.body
    return dict(answer.body)


def told(staff: Staff, client_id: str) -> list[dict[str, Any]]:
    """What the history says of estimates, the newest first."""
    return staff.get(f"/v1/clients/{client_id}/history", type="estimate").body["items"]


def event_of(client_id: str, entry: dict[str, Any]) -> str | None:
    return stored.item(f"CLIENT#{client_id}", f"HISTORY#{entry['entry_id']}").get("event")


def mails(client_id: str) -> list[dict[str, Any]]:
    items = stored.items(f"CLIENT#{client_id}")
    return [each for each in items if each["sk"].startswith("EMAIL#")]


def on(clock: pytest.MonkeyPatch, moment: str) -> None:
    clock.setattr(function("estimates"), "now", lambda: datetime.fromisoformat(moment))


# ---- Made --------------------------------------------------------------------------------


def test_an_estimate_reads_as_it_was_made(member: Staff, estimates: str, client_id: str):
    entered = new_invoice(
        issue_date="2026-11-22",
        expires_on="2199-12-01",
        notes="We look forward to it.",
        purchase_order="PO-1",
        allowances=[{"amount": "10.00", "tax_rate": "19", "reason": "Loyal"}],
        period={"from": "2026-12-01", "to": "2026-12-31"},
    )
    answer = member.post(estimates, entered)
    assert answer.status == 201
    made = answer.body
    assert answer.headers["location"] == path(made)
    assert answer.etag == '"1"'
    line = {"unit": "C62", "discount_percent": None, "tax_category": None, "net": "200.00"}
    assert made["lines"] == [new_line() | line]
    assert made["allowances"][0]["net"] == "10.00"
    assert made["totals"] == {
        "lines": "200.00",
        "allowances": "10.00",
        "charges": "0.00",
        "net": "190.00",
        "tax": "36.10",
        "gross": "226.10",
        "rounding": "0.00",
        "payable": "226.10",
    }
    assert made["taxes"] == [{"category": "S", "rate": "19", "taxable": "190.00", "tax": "36.10"}]
    shown = {name: made[name] for name in ("notes", "purchase_order", "period", "currency")}
    assert shown == {
        "notes": "We look forward to it.",
        "purchase_order": "PO-1",
        "period": {"from": "2026-12-01", "to": "2026-12-31"},
        "currency": "EUR",
    }
    assert (made["number"], made["status"]) == ("EST-2026-00001", "draft")
    assert (made["issue_date"], made["expires_on"]) == ("2026-11-22", "2199-12-01")
    assert made["buyer"]["name"] == "Müller & Söhne GmbH"
    assert (made["sent"], made["decided"], made["invoice_id"]) == ([], None, None)
    again = member.get(path(made))
    assert (again.status, again.body, again.etag) == (200, made, '"1"')
    row = dict.fromkeys(("invoice_id", "sent_at")) | {
        "client_id": client_id,
        "estimate_id": made["estimate_id"],
        "number": "EST-2026-00001",
        "status": "draft",
        "currency": "EUR",
        "issue_date": "2026-11-22",
        "expires_on": "2199-12-01",
        "total": "226.10",
        "created_at": made["created_at"],
    }
    assert member.get(estimates).body == {"items": [row], "next_cursor": None}


def test_an_estimate_is_of_today_and_holds_for_thirty_days(
    owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    owner.patch("/v1/settings", {"time_zone": "Pacific/Auckland"})
    on(monkeypatch, "2026-11-22T12:00:00+00:00")  # already the 23rd there
    made = estimated(owner, client_id)
    assert (made["issue_date"], made["expires_on"]) == ("2026-11-23", "2026-12-23")
    assert estimated(owner, client_id, issue_date="2026-01-05")["expires_on"] == "2026-02-04"


def test_an_estimate_has_its_own_currency_or_the_clients(owner: Staff, client_id: str):
    owner.patch(f"/v1/clients/{client_id}", {"currency": "JPY"})
    lines = [new_line(unit_price="100")]
    made = estimated(owner, client_id, lines=lines)
    assert (made["currency"], made["totals"]["gross"]) == ("JPY", "238")
    assert estimated(owner, client_id, currency="usd")["currency"] == "USD"
    # It stays what it was made in.
    owner.patch(f"/v1/clients/{client_id}", {"currency": "EUR"})
    assert owner.patch(path(made), {"notes": "x"}).body["currency"] == "JPY"


def test_an_estimate_may_begin_empty(owner: Staff, estimates: str):
    made = owner.post(estimates, {})
    assert (made.status, made.body["totals"]["gross"]) == (201, "0.00")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"issue_date": "yesterday"}, "issue_date"),
        ({"issue_date": 7}, "issue_date"),
        ({"issue_date": "2026-02-30"}, "issue_date"),
        ({"expires_on": "2026-11-22T00:00:00Z"}, "expires_on"),
        ({"issue_date": "2026-11-22", "expires_on": "2026-11-21"}, "expires_on"),
        ({"currency": "XXX"}, "currency"),
        ({"lines": [new_line(quantity="two")]}, "lines.0.quantity"),
        ({"lines": [new_line(), new_line(unit_price=5)]}, "lines.1.unit_price"),
        ({"lines": [new_line(tax_rate="101")]}, "lines.0.tax_rate"),
        ({"lines": [new_line(discount_percent="-1")]}, "lines.0.discount_percent"),
        ({"lines": [new_line(quantity="999999999999999", unit_price="99")]}, "lines.0"),
        ({"allowances": [{"amount": "1.001"}]}, "allowances.0.amount"),
        ({"allowances": [{}]}, "allowances.0"),
        ({"charges": [{"amount": "-1"}]}, "charges.0.amount"),
        ({"lines": [new_line()] * 301}, "lines"),
        ({"period": {"from": "2026-12-31", "to": "2026-12-01"}}, "period"),
        ({"due_date": "2026-12-01"}, "due_date"),
        ({"workflow_id": NOBODY}, "workflow_id"),
        ({"number": "EST-1"}, "number"),
        ({"status": "accepted"}, "status"),
        ({"notes": "a\u0000"}, "notes"),
    ],
)
def test_a_wrong_field_of_an_estimate_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, estimates: str
):
    made = owner.post(estimates, new_invoice())
    with stored.unchanged():
        created = owner.post(estimates, new_invoice() | wrong)
        assert_problem(created, 422, "validation_failed", field)
        changed = owner.patch(path(made.body), wrong)
        assert_problem(changed, 422, "validation_failed", field)


def test_a_key_makes_one_estimate(owner: Staff, estimates: str):
    first = owner.post(estimates, new_invoice(), idempotency_key="k")
    with stored.unchanged():
        again = owner.post(estimates, new_invoice(), idempotency_key="k")
        assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
        other = owner.post(estimates, {}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")


# ---- Its number --------------------------------------------------------------------------


def test_estimates_are_numbered_in_their_order_across_clients(owner: Staff, client_id: str):
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    numbers = [estimated(owner, each)["number"] for each in (client_id, other, client_id)]
    assert numbers == [f"EST-{YEAR}-{place:05}" for place in (1, 2, 3)]


def test_estimates_of_another_year_are_numbered_by_themselves(owner: Staff, client_id: str):
    for issued in ("2025-12-31", "2026-01-01", "2025-06-01", "2027-01-01"):
        estimated(owner, client_id, issue_date=issued)
    listed = owner.get(f"/v1/clients/{client_id}/estimates").body["items"]
    assert [each["number"] for each in reversed(listed)] == [
        "EST-2025-00001",
        "EST-2026-00001",
        "EST-2025-00002",
        "EST-2027-00001",
    ]


def test_a_firm_may_number_its_estimates_without_the_year(owner: Staff, client_id: str):
    numbering = {"yearly": False, "estimate": "Q{seq:03}"}
    assert owner.patch("/v1/settings", {"numbering": numbering}).status == 200
    for issued in ("2025-12-31", "2026-01-01"):
        estimated(owner, client_id, issue_date=issued)
    listed = owner.get(f"/v1/clients/{client_id}/estimates").body["items"]
    assert [each["number"] for each in listed] == ["Q002", "Q001"]


def test_a_number_that_another_takes_first_is_followed_by_the_next(
    owner: Staff, member: Staff, client_id: str
):
    with stored.in_between("TransactWriteItems", lambda: estimated(member, client_id)):
        mine = estimated(owner, client_id)
    assert mine["number"] == f"EST-{YEAR}-00002"
    items = stored.items("NUMBER#estimate#")
    assert [each["pk"].rpartition("-")[2] for each in items] == ["00001", "00002"]
    assert items[1]["document_id"] == mine["estimate_id"]


def test_a_number_that_an_older_pattern_gave_is_not_given_again(
    owner: Staff, client_id: str, estimates: str
):
    estimated(owner, client_id, issue_date="2026-01-01")
    owner.patch("/v1/settings", {"numbering": {"yearly": False, "estimate": "EST-2026-{seq:05}"}})
    with stored.unchanged():
        answer = owner.post(estimates, new_invoice())
    assert_problem(answer, 409, "series_number_taken")


def test_an_estimate_takes_one_read_and_one_transaction(owner: Staff, client_id: str):
    estimated(owner, client_id)
    with recorded() as calls:
        estimated(owner, client_id)
    assert [name for name, _ in calls] == ["BatchGetItem", "TransactWriteItems"]


# ---- Changed, deleted --------------------------------------------------------------------


def test_a_patch_of_an_estimate_changes_what_it_names(owner: Staff, estimate: dict[str, Any]):
    lines = [new_line(quantity="1"), new_line(unit_price="50.00")]
    first = owner.patch(path(estimate), {"lines": lines, "notes": "By spring"})
    assert first.etag == '"2"'
    assert (first.body["totals"]["gross"], first.body["notes"]) == ("238.00", "By spring")
    assert len(first.body["lines"]) == 2
    assert first.body["number"] == estimate["number"]
    second = owner.patch(path(estimate), {"notes": None, "issue_date": "2025-05-05"})
    assert second.body["notes"] is None
    assert (second.body["issue_date"], second.body["expires_on"]) == ("2025-05-05", "2025-06-04")
    assert second.body["number"] == estimate["number"]
    assert owner.get(path(estimate)).body == second.body
    with stored.unchanged():
        assert owner.patch(path(estimate), {"notes": None}).body == second.body


def test_the_history_says_what_was_changed(owner: Staff, estimate: dict[str, Any]):
    owner.patch(path(estimate), {"notes": "By spring", "purchase_order": "7"})
    changed, made = told(owner, estimate["client_id"])
    assert changed["text"] == f"Estimate {estimate['number']} changed: notes, purchase_order"
    assert made["text"] == f"Estimate {estimate['number']} made: 238.00 EUR"
    assert event_of(estimate["client_id"], changed) is None


def test_an_estimate_that_is_changed_has_to_be_sent_again(owner: Staff, sent: dict[str, Any]):
    client = f"/v1/clients/{sent['client_id']}"
    owner.patch(client, {"business_name": "Renamed"})
    assert read(owner, sent)["buyer"]["name"] == "Müller & Söhne GmbH"
    with stored.unchanged():
        assert owner.patch(path(sent), {"notes": None}).body["status"] == "sent"
    changed = owner.patch(path(sent), {"notes": "With delivery"}).body
    assert (changed["status"], changed["buyer"]["name"]) == ("draft", "Renamed")
    assert changed["sent"] == sent["sent"]
    assert done(owner, sent, "send")
    assert read(owner, sent)["status"] == "sent"


@pytest.mark.parametrize("decision", ["accept", "decline", "convert"])
def test_what_is_decided_is_not_changed_any_more(
    decision: str, owner: Staff, estimate: dict[str, Any]
):
    done(owner, estimate, decision)
    with stored.unchanged():
        for body in ({"notes": "x"}, {"expires_on": "2199-01-01"}, {}):
            assert_problem(owner.patch(path(estimate), body), 409, "estimate_closed")
        assert_problem(owner.delete(path(estimate)), 409, "estimate_closed")


def test_a_stale_if_match_stops_everything(owner: Staff, estimate: dict[str, Any]):
    owner.patch(path(estimate), {"notes": "x"})
    with stored.unchanged():
        for stale in ('"1"', '"3"', "2"):
            for answer in (
                owner.patch(path(estimate), {"notes": "y"}, if_match=stale),
                owner.delete(path(estimate), if_match=stale),
                *(
                    owner.post(f"{path(estimate)}/{what}", {}, if_match=stale)
                    for what in ("send", "accept", "decline", "convert")
                ),
            ):
                assert_problem(answer, 412, "stale_version")
    assert owner.delete(path(estimate), if_match='"1", "2"').status == 204


def test_two_changes_at_once_are_both_made(owner: Staff, member: Staff, estimate: dict[str, Any]):
    def rival() -> Answer:
        return member.patch(path(estimate), {"purchase_order": "7"})

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.patch(path(estimate), {"notes": "x"})
    assert (answer.body["notes"], answer.body["purchase_order"]) == ("x", "7")
    assert answer.body["version"] == 3


def test_an_estimate_that_is_deleted_leaves_its_number_behind(
    member: Staff, estimate: dict[str, Any], estimates: str
):
    assert member.delete(path(estimate)).status == 204
    assert_problem(member.get(path(estimate)), 404, "estimate_not_found")
    assert member.get(estimates).body["items"] == []
    assert told(member, estimate["client_id"])[0]["text"].endswith("deleted")
    assert estimated(member, estimate["client_id"])["number"] == f"EST-{YEAR}-00002"


def test_what_a_client_has_seen_is_deleted_by_managers(
    member: Staff, manager: Staff, sent: dict[str, Any]
):
    manager.patch(path(sent), {"notes": "x"})  # a draft again
    with stored.unchanged():
        assert_problem(member.delete(path(sent)), 403, "forbidden")
    assert manager.delete(path(sent)).status == 204


# ---- Sent --------------------------------------------------------------------------------


def test_an_estimate_is_sent_with_its_paper(member: Staff, estimate: dict[str, Any]):
    answer = member.post(f"{path(estimate)}/send", {"message": "As discussed."})
    assert answer.status == 202
    email_id, client_id = answer.body["email_id"], estimate["client_id"]
    assert answer.headers["location"] == f"/v1/clients/{client_id}/emails/{email_id}"
    (mail,) = mails(client_id)
    assert (mail["template"], mail["row"]["to"]) == ("estimate", ["office@mueller.example"])
    assert mail["attachments"] == [{"kind": "estimate", "id": estimate["estimate_id"]}]
    assert mail["context"] == {
        "estimate": {
            "number": estimate["number"],
            "total": "238.00",
            "currency": "EUR",
            "issue_date": estimate["issue_date"],
            "valid_until": estimate["expires_on"],
        },
        "message": "As discussed.",
    }
    shown = read(member, estimate)
    assert (shown["status"], shown["version"]) == ("sent", 2)
    assert shown["sent"] == [
        {
            "email_id": email_id,
            "at": shown["sent_at"],
            "by": {"staff_id": member.staff_id, "name": "The staff"},
        }
    ]
    entry = told(member, client_id)[0]
    assert entry["text"] == f"Estimate {estimate['number']} sent"
    assert entry["details"]["email_id"] == email_id
    assert event_of(client_id, entry) == "estimate.sent"


def test_an_estimate_goes_to_the_primary_and_the_billing_contacts(
    owner: Staff, estimate: dict[str, Any]
):
    contacts = f"/v1/clients/{estimate['client_id']}/contacts"
    for name, billing in (("primary", False), ("other", False), ("billing", True)):
        address = f"{name}@x.example"
        assert owner.post(contacts, new_contact(emails=address, billing=billing)).status == 201
    done(owner, estimate, "send")
    (mail,) = mails(estimate["client_id"])
    assert sorted(mail["row"]["to"]) == ["billing@x.example", "primary@x.example"]


def test_more_than_fifty_addresses_take_several_mails(owner: Staff, estimate: dict[str, Any]):
    contacts = f"/v1/clients/{estimate['client_id']}/contacts"
    for person in range(6):
        emails = [f"{person}-{number}@x.example" for number in range(10)]
        owner.post(
            contacts, new_contact(emails=[*emails[:9], f"ü{person}@x.example"], billing=True)
        )
    email_id = done(owner, estimate, "send")["email_id"]
    addressed = [mail["row"]["to"] for mail in mails(estimate["client_id"])]
    assert sorted(map(len, addressed)) == [4, 50]
    assert len({address for to in addressed for address in to}) == 54
    shown = read(owner, estimate)["sent"]
    assert shown[0]["email_id"] == email_id
    assert len(shown) == 2


def test_addresses_that_cannot_be_mailed_are_named(owner: Staff, estimate: dict[str, Any]):
    with stored.unchanged():
        answer = owner.post(f"{path(estimate)}/send", {"to": ["jürgen@x.example"]})
    assert_problem(answer, 409, "no_email_address")
    assert "jürgen@x.example" in answer.body["detail"]


def test_an_estimate_goes_to_whom_the_request_names(owner: Staff, estimate: dict[str, Any]):
    done(owner, estimate, "send", to=["anna@x.example", "b@x.example"])
    (mail,) = mails(estimate["client_id"])
    assert mail["row"]["to"] == ["anna@x.example", "b@x.example"]


def test_an_estimate_can_be_sent_again_and_ten_times_are_remembered(
    owner: Staff, estimate: dict[str, Any]
):
    ids = [done(owner, estimate, "send")["email_id"] for _ in range(12)]
    shown = read(owner, estimate)
    assert [each["email_id"] for each in shown["sent"]] == ids[-10:]
    assert len(mails(estimate["client_id"])) == 12


def test_what_is_accepted_can_be_sent_and_stays_accepted(owner: Staff, estimate: dict[str, Any]):
    done(owner, estimate, "accept")
    done(owner, estimate, "send")
    assert read(owner, estimate)["status"] == "accepted"


@pytest.mark.parametrize("decision", ["decline", "convert"])
def test_what_is_over_is_not_sent(decision: str, owner: Staff, estimate: dict[str, Any]):
    done(owner, estimate, decision)
    with stored.unchanged():
        assert_problem(owner.post(f"{path(estimate)}/send"), 409, "estimate_closed")


def test_nothing_is_sent_to_a_suspended_client(
    owner: Staff, manager: Staff, estimate: dict[str, Any]
):
    def suspend() -> Answer:
        return manager.post(f"/v1/clients/{estimate['client_id']}/suspend", {})

    with stored.in_between("TransactWriteItems", suspend):
        assert_problem(owner.post(f"{path(estimate)}/send"), 409, "client_suspended")
    with stored.unchanged():
        assert_problem(owner.post(f"{path(estimate)}/send"), 409, "client_suspended")
    assert mails(estimate["client_id"]) == []
    assert read(owner, estimate)["status"] == "draft"


def test_a_client_without_an_address_is_sent_nothing(owner: Staff):
    client_id = owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"]
    made = estimated(owner, client_id)
    with stored.unchanged():
        assert_problem(owner.post(f"{path(made)}/send"), 409, "no_email_address")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"to": []}, "to"),
        ({"to": ["x@"]}, "to.0"),
        ({"to": "a@x.example"}, "to"),
        ({"to": ["a@x.example"] * 51}, "to"),
        ({"message": ""}, "message"),
        ({"message": "x" * 5001}, "message"),
        ({"subject": "Hello"}, "subject"),
    ],
)
def test_a_wrong_field_of_a_sending_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, estimate: dict[str, Any]
):
    with stored.unchanged():
        answer = owner.post(f"{path(estimate)}/send", wrong)
    assert_problem(answer, 422, "validation_failed", field)


def test_a_key_sends_one_mail(owner: Staff, estimate: dict[str, Any]):
    first = owner.post(f"{path(estimate)}/send", {}, idempotency_key="k")
    with stored.unchanged():
        again = owner.post(f"{path(estimate)}/send", {}, idempotency_key="k")
    assert (again.status, again.body) == (202, first.body)


@pytest.mark.parametrize("what", ["send", "accept", "decline"])
@pytest.mark.parametrize(
    "lines", [[], [new_line(quantity="-1")], [new_line(), new_line(quantity="-3")]]
)
def test_an_estimate_of_nothing_is_not_put_to_a_client(
    what: str, lines: list[dict[str, Any]], owner: Staff, client_id: str
):
    made = estimated(owner, client_id, lines=lines)
    with stored.unchanged():
        answer = owner.post(f"{path(made)}/{what}", {})
    assert_problem(answer, 422, "validation_failed", "lines")


# ---- Accepted, declined, expired ---------------------------------------------------------


@pytest.mark.parametrize(("what", "status"), [("accept", "accepted"), ("decline", "declined")])
@pytest.mark.parametrize("before", ["estimate", "sent"])
def test_staff_note_down_what_the_client_said(
    what: str, status: str, before: str, member: Staff, request: pytest.FixtureRequest
):
    estimate = request.getfixturevalue(before)
    answer = member.post(f"{path(estimate)}/{what}", {"reason": "Said so on Tuesday"})
    assert answer.status == 200
    shown = answer.body
    assert answer.etag == f'"{estimate["version"] + 1}"'
    assert shown["status"] == status
    assert shown["decided"] == {
        "decision": status,
        "at": shown["decided"]["at"],
        "by": {"staff_id": member.staff_id, "name": "The staff"},
        "reason": "Said so on Tuesday",
    }
    assert read(member, estimate) == shown
    entry = told(member, estimate["client_id"])[0]
    assert entry["text"] == f"Estimate {estimate['number']} {status}: Said so on Tuesday"
    assert entry["details"]["estimate_id"] == estimate["estimate_id"]
    assert event_of(estimate["client_id"], entry) == f"estimate.{status}"


def test_a_decision_needs_no_body(owner: Staff, estimate: dict[str, Any]):
    answer = owner.post(f"{path(estimate)}/accept")
    assert (answer.status, answer.body["decided"]["reason"]) == (200, None)


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "a\nb"}, {"reason": 7}])
def test_a_wrong_reason_is_refused(wrong: dict[str, Any], owner: Staff, estimate: dict[str, Any]):
    with stored.unchanged():
        for what in ("accept", "decline"):
            answer = owner.post(f"{path(estimate)}/{what}", wrong)
            assert_problem(answer, 422, "validation_failed", "reason")


@pytest.mark.parametrize("first", ["accept", "decline", "convert"])
@pytest.mark.parametrize("second", ["accept", "decline"])
def test_a_decision_is_made_once(first: str, second: str, owner: Staff, estimate: dict[str, Any]):
    done(owner, estimate, first)
    with stored.unchanged():
        assert_problem(owner.post(f"{path(estimate)}/{second}", {}), 409, "estimate_closed")


def test_of_two_decisions_at_once_the_first_counts(
    owner: Staff, member: Staff, estimate: dict[str, Any]
):
    def rival() -> Answer:
        return member.post(f"{path(estimate)}/decline", {})

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.post(f"{path(estimate)}/accept", {})
    assert_problem(answer, 409, "estimate_closed")
    assert "declined" in answer.body["detail"]
    assert read(owner, estimate)["status"] == "declined"


def test_a_key_decides_once(owner: Staff, estimate: dict[str, Any]):
    first = owner.post(f"{path(estimate)}/accept", {}, idempotency_key="k")
    with stored.unchanged():
        again = owner.post(f"{path(estimate)}/accept", {}, idempotency_key="k")
    assert (again.status, again.body, again.etag) == (200, first.body, first.etag)


def test_an_estimate_expires_behind_its_last_day_where_the_firm_is(
    owner: Staff, client_id: str, estimates: str, monkeypatch: pytest.MonkeyPatch
):
    owner.patch("/v1/settings", {"time_zone": "America/New_York"})
    made = estimated(owner, client_id, issue_date="2026-11-22", expires_on="2026-12-24")
    on(monkeypatch, "2026-12-25T04:59:59+00:00")
    assert read(owner, made)["status"] == "draft"
    on(monkeypatch, "2026-12-25T05:00:00+00:00")
    assert read(owner, made)["status"] == "expired"
    assert owner.get(estimates).body["items"][0]["status"] == "expired"


@pytest.mark.parametrize("what", ["send", "accept", "decline", "convert"])
def test_what_is_expired_must_first_hold_again(what: str, owner: Staff, expired: dict[str, Any]):
    with stored.unchanged():
        answer = owner.post(f"{path(expired)}/{what}", {})
    assert_problem(answer, 409, "estimate_closed")
    assert "2026-01-31" in answer.body["detail"]
    assert owner.patch(path(expired), {"expires_on": "2199-12-31"}).body["status"] == "draft"
    done(owner, expired, what)


def test_what_is_accepted_in_time_does_not_expire(
    owner: Staff, estimate: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    done(owner, estimate, "accept")
    on(monkeypatch, "2028-01-01T12:00:00+00:00")
    assert read(owner, estimate)["status"] == "accepted"
    assert done(owner, estimate, "convert")["status"] == "draft"


# ---- Converted ---------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["draft", "send", "accept"])
def test_an_estimate_becomes_the_draft_of_an_invoice(before: str, member: Staff, client_id: str):
    made = estimated(
        member,
        client_id,
        currency="USD",
        expires_on="2199-01-01",
        issue_date="2026-11-01",
        notes="Thank you",
        purchase_order="PO-7",
        prices_include_tax=True,
        charges=[{"percent": "5", "tax_rate": "19"}],
    )
    if before != "draft":
        done(member, made, before)
    answer = member.post(f"{path(made)}/convert")
    assert answer.status == 201
    draft = answer.body
    where = f"/v1/clients/{client_id}/invoices/{draft['invoice_id']}"
    assert (answer.headers["location"], answer.etag) == (where, '"1"')
    assert (draft["status"], draft["number"]) == ("draft", None)
    assert draft["from_estimate"] == made["estimate_id"]
    same = ("currency", "lines", "charges", "notes", "purchase_order", "prices_include_tax")
    assert {name: draft[name] for name in same} == {name: made[name] for name in same}
    assert draft["totals"]["gross"] == made["totals"]["gross"]
    assert draft["issue_date"] != "2026-11-01"
    assert member.get(where).body == draft
    shown = read(member, made)
    assert (shown["status"], shown["invoice_id"]) == ("converted", draft["invoice_id"])
    entry = told(member, client_id)[0]
    assert entry["text"] == f"Estimate {made['number']} became the draft of an invoice"
    assert entry["details"]["invoice_id"] == draft["invoice_id"]
    assert event_of(client_id, entry) == "estimate.converted"


def test_an_estimate_is_converted_once(owner: Staff, estimate: dict[str, Any]):
    draft = done(owner, estimate, "convert")
    with stored.unchanged():
        answer = owner.post(f"{path(estimate)}/convert")
    assert_problem(answer, 409, "estimate_closed")
    assert draft["invoice_id"] in answer.body["detail"]


def test_two_who_convert_an_estimate_at_once_make_one_draft(
    owner: Staff, member: Staff, estimate: dict[str, Any]
):
    with stored.in_between("TransactWriteItems", lambda: done(member, estimate, "convert")):
        answer = owner.post(f"{path(estimate)}/convert")
    assert_problem(answer, 409, "estimate_closed")
    items = stored.items(f"CLIENT#{estimate['client_id']}")
    (draft,) = [each for each in items if each["sk"].startswith("INVOICE#")]
    assert draft["row"]["invoice_id"] in answer.body["detail"]


def test_a_crash_converts_nothing(owner: Staff, estimate: dict[str, Any]):
    with stored.unchanged(), stored.fault("TransactWriteItems", stored.Crash()):
        assert owner.post(f"{path(estimate)}/convert").status == 500


def test_a_key_converts_once_and_gives_the_draft_again(owner: Staff, estimate: dict[str, Any]):
    first = owner.post(f"{path(estimate)}/convert", idempotency_key="k")
    with stored.unchanged():
        again = owner.post(f"{path(estimate)}/convert", idempotency_key="k")
    assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
    assert again.headers["idempotency-replayed"] == "true"


def test_what_was_declined_becomes_no_invoice(owner: Staff, estimate: dict[str, Any]):
    done(owner, estimate, "decline")
    with stored.unchanged():
        answer = owner.post(f"{path(estimate)}/convert")
    assert_problem(answer, 409, "estimate_closed")


# ---- Its paper ---------------------------------------------------------------------------


def test_the_paper_of_an_estimate_says_until_when_it_holds(owner: Staff, sent: dict[str, Any]):
    found, record = with_estimate(sent["client_id"], sent["estimate_id"], at=now())
    shown = paper(record, found.client, found.settings)
    assert (shown.kind, shown.number) == ("estimate", sent["number"])
    assert shown.due_date == date.fromisoformat(sent["expires_on"])
    assert shown.due_date == shown.issue_date + timedelta(days=30)
    assert f"{shown.sums.gross}" == "238.00"
    assert shown.buyer.name == "Müller & Söhne GmbH"


# ---- Listed, not there -------------------------------------------------------------------


def test_estimates_are_listed_newest_first_in_pages(owner: Staff, estimates: str, client_id: str):
    ids = sorted((estimated(owner, client_id)["estimate_id"] for _ in range(5)), reverse=True)
    for limit in (1, 2, 5, 100):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = owner.get(estimates, limit=str(limit), **cursor).body
            seen += [each["estimate_id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == ids
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    cursor = {"cursor": owner.get(estimates, limit="1").body["next_cursor"]}
    answer = owner.get(f"/v1/clients/{other}/estimates", **cursor)
    assert_problem(answer, 400, "invalid_cursor")


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [each["estimate_id"] for each in answer.body["items"]]


@pytest.fixture
def of_each_status(owner: Staff, client_id: str) -> dict[str, str]:
    """The id of an estimate of each status, made in this order."""
    made = {}
    for status, act in {
        "draft": None,
        "sent": "send",
        "accepted": "accept",
        "declined": "decline",
        "converted": "convert",
        "expired": None,
    }.items():
        dates = {"issue_date": "2026-01-01", "expires_on": "2199-01-01"}
        if status == "expired":
            dates = {"issue_date": "2026-02-01"}
        estimate = estimated(owner, client_id, **dates)
        if act:
            done(owner, estimate, act)
        made[status] = estimate["estimate_id"]
    return made


def test_estimates_are_found_by_their_status(
    owner: Staff, estimates: str, of_each_status: dict[str, str]
):
    for status, estimate_id in of_each_status.items():
        for where in (estimates, "/v1/estimates"):
            assert ids(owner.get(where, status=status)) == [estimate_id]


def test_the_firms_estimates_are_listed_by_date_with_their_clients(owner: Staff, client_id: str):
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    days = ("2026-03-05", "2026-05-01", "2026-03-31", "2025-12-31")
    made = {
        day: estimated(owner, place, issue_date=day)["estimate_id"]
        for day, place in zip(days, (client_id, other, other, client_id), strict=True)
    }
    newest = [made[day] for day in sorted(days, reverse=True)]
    assert ids(owner.get("/v1/estimates")) == newest
    march = owner.get("/v1/estimates", month="2026-03")
    assert ids(march) == [made["2026-03-31"], made["2026-03-05"]]
    assert [each["client"] for each in march.body["items"]] == [
        {"client_id": other, "number": "C-0002", "business_name": "Other"},
        {"client_id": client_id, "number": "C-0001", "business_name": "Müller & Söhne GmbH"},
    ]
    for filters in ({}, {"status": "expired"}, {"month": "2026-03"}):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = owner.get("/v1/estimates", limit="1", **filters, **cursor)
            seen += ids(page)
            if page.body["next_cursor"] is None:
                break
            cursor = {"cursor": page.body["next_cursor"]}
        assert seen == ids(owner.get("/v1/estimates", **filters))


def test_an_estimate_that_is_dated_anew_moves_in_the_list(owner: Staff, client_id: str):
    first = estimated(owner, client_id, issue_date="2026-01-01")
    second = estimated(owner, client_id, issue_date="2026-01-02")
    owner.patch(path(first), {"issue_date": "2026-01-03"})
    assert ids(owner.get("/v1/estimates")) == [first["estimate_id"], second["estimate_id"]]


@pytest.mark.parametrize(
    ("name", "value"), [("status", "open"), ("month", "2026-13"), ("month", "2026"), ("due", "x")]
)
def test_a_filter_that_is_none_is_refused_and_named(name: str, value: str, owner: Staff):
    answer = owner.get("/v1/estimates", **{name: value})
    assert_problem(answer, 422, "validation_failed", name)


def test_long_estimates_are_all_listed(owner: Staff, estimates: str, client_id: str):
    """A query ends after a megabyte, and says where it would go on."""
    lines = [new_line(description="x" * 560)] * 250
    made = [estimated(owner, client_id, lines=lines)["estimate_id"] for _ in range(8)]
    assert ids(owner.get(estimates)) == sorted(made, reverse=True)
    first = owner.get(estimates, limit="6")
    assert ids(first) == sorted(made, reverse=True)[:6]
    rest = owner.get(estimates, limit="6", cursor=first.body["next_cursor"])
    assert ids(rest) == sorted(made, reverse=True)[6:]


def asked(staff: Staff, estimates: str, estimate_id: str) -> list[Answer]:
    where = f"{estimates}/{estimate_id}"
    return [
        staff.get(where),
        staff.patch(where, {"notes": "x"}),
        staff.delete(where),
        *(staff.post(f"{where}/{each}", {}) for each in ("send", "accept", "decline", "convert")),
        staff.post(f"{where}/convert", idempotency_key="k"),
    ]


@pytest.mark.parametrize("estimate_id", [NOBODY, "x", "é", "x" * 3000])
def test_an_estimate_that_is_not_there_is_not_found(estimate_id: str, owner: Staff, estimates: str):
    with stored.unchanged():
        for answer in asked(owner, estimates, estimate_id):
            assert_problem(answer, 404, "estimate_not_found")


def test_an_estimate_of_another_client_is_not_found(owner: Staff, estimate: dict[str, Any]):
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    with stored.unchanged():
        for answer in asked(owner, f"/v1/clients/{other}/estimates", estimate["estimate_id"]):
            assert_problem(answer, 404, "estimate_not_found")


@pytest.mark.parametrize("nobody", [NOBODY, "x", "é"])
def test_estimates_of_a_client_that_is_not_there_are_not_found(nobody: str, owner: Staff):
    estimates = f"/v1/clients/{nobody}/estimates"
    with stored.unchanged():
        for answer in (
            owner.get(estimates),
            owner.post(estimates, new_invoice()),
            owner.post(estimates, {}, idempotency_key="k"),
            *asked(owner, estimates, NOBODY),
        ):
            assert_problem(answer, 404, "client_not_found")


def test_a_client_that_is_deleted_meanwhile_gets_no_estimate(
    owner: Staff, manager: Staff, client_id: str, estimates: str
):
    def delete() -> Answer:
        return manager.delete(f"/v1/clients/{client_id}")

    with stored.in_between("TransactWriteItems", delete):
        answer = owner.post(estimates, new_invoice())
    assert_problem(answer, 404, "client_not_found")
    assert [each for each in stored.items() if each["sk"].startswith(("ESTIM", "NUMBER"))] == []


def test_the_estimates_of_an_erased_client_go(owner: Staff, estimate: dict[str, Any]):
    client_id = estimate["client_id"]
    stored.alter(f"CLIENT#{client_id}", "CLIENT", finalized_invoices=1)
    owner.delete(f"/v1/clients/{client_id}", {"erase": "true"})
    invoke("removals", removal_event(client_id))
    assert [each for each in stored.items() if each["sk"].startswith("ESTIM")] == []


# ---- The largest -------------------------------------------------------------------------


def test_the_largest_estimate_fits_into_the_table(owner: Staff, client_id: str):
    """What is entered has 180,000 bytes and an item 400 KB; the answer is kept with the key."""
    line = {"quantity": "-99999999.999999", "unit_price": "99999.9999999", "tax_rate": "19.000001"}
    fill = "x" * 200
    lines = [line | {"description": fill, "discount_percent": "99.999999"} for _ in range(150)]
    lines += [each | {"quantity": "99999999.999999"} for each in lines]
    made = estimated(owner, client_id, lines=lines)
    wide = "\N{CJK UNIFIED IDEOGRAPH-20BB7}"
    adjustments = [{"amount": "1.00", "reason": wide * 200, "tax_rate": "19"}] * 20
    more = {"allowances": adjustments, "charges": adjustments, "notes": wide * 5000}
    more |= {
        "payment_terms": wide * 1000,
        "purchase_order": wide * 200,
        "exemption_reason": wide * 200,
    }
    whole = owner.patch(path(made), json.dumps(more, ensure_ascii=False))
    assert whole.status == 200, whole.body
    assert owner.post(f"{path(made)}/accept", {}, idempotency_key="a").status == 200
    answer = owner.post(f"{path(made)}/convert", idempotency_key="c")
    assert answer.status == 201, answer.body
    assert len(answer.body["lines"]) == 300
    sizes = [
        len(json.dumps(each, ensure_ascii=False, default=str).encode()) for each in stored.items()
    ]
    assert max(sizes) < 400_000
