"""Recurring invoices: made, read, changed, paused, resumed, previewed, deleted and listed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, recurring, stored
from tests.support.api import Staff
from tests.support.billing import new_line
from tests.support.clock import Clock, turned
from tests.support.recurring import new_recurring, path, read, run

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """It is 22 November 2026."""
    with turned(recurring.moment("2026-11-22")) as clock:
        yield clock


@pytest.fixture
def client_id(owner: Staff, clock: Clock) -> str:
    return billing.new_client_id(owner, emails=["anna@acme.example"])


@pytest.fixture
def where(client_id: str) -> str:
    return f"/v1/clients/{client_id}/recurring-invoices"


def agenda(made: dict[str, Any]) -> str | None:
    """When it is to be seen to again."""
    item = stored.item(f"CLIENT#{made['client_id']}", f"RECURRING#{made['recurring_id']}")
    moment, _, rest = item.get("agenda_sk", "").partition("#")
    assert rest in ("", f"{made['client_id']}#{made['recurring_id']}")
    assert item.get("agenda_pk") == ("DUE#recurring" if moment else None)
    return moment or None


def previewed(staff: Staff, made: dict[str, Any], count: int = 4) -> list[str]:
    answer = staff.get(f"{path(made)}/preview", count=str(count))
    assert answer.status == 200, answer.body
    return [each["date"] for each in answer.body["items"]]


def told(staff: Staff, client_id: str) -> list[str]:
    """What the history says of invoices, the newest first."""
    entries = staff.get(f"/v1/clients/{client_id}/history", type="invoice").body["items"]
    return [each["text"] for each in entries]


# ---- Made ---------------------------------------------------------------------------------


def test_a_recurring_invoice_reads_as_it_was_made(member: Staff, where: str, client_id: str):
    template = billing.new_invoice(
        lines=[new_line(description="Care in {month} {year}")],
        notes="{from} to {to}",
        due_days=14,
        allowances=[{"amount": "10.00", "tax_rate": "19", "reason": "Loyal"}],
    )
    entered = new_recurring(name="Care", interval=2, count=6, covers="past", template=template)
    answer = member.post(where, entered)
    assert answer.status == 201, answer.body
    made = answer.body
    assert (answer.headers["location"], answer.etag) == (path(made), '"1"')
    shown = {name: made[name] for name in ("name", "frequency", "interval", "count", "covers")}
    assert shown == {
        "name": "Care",
        "frequency": "monthly",
        "interval": 2,
        "count": 6,
        "covers": "past",
    }
    assert (made["start_date"], made["end_date"], made["day_of_month"]) == (
        "2026-12-01",
        None,
        None,
    )
    assert (made["auto_finalize"], made["auto_send"]) == (True, True)
    assert (made["status"], made["next_date"], made["last_date"]) == ("active", "2026-12-01", None)
    assert (made["currency"], made["total"], made["made"]) == ("EUR", "226.10", 0)
    assert made["template"]["lines"][0]["description"] == "Care in {month} {year}"
    assert (made["template"]["due_days"], made["template"]["currency"]) == (14, "EUR")
    assert made["template"]["allowances"][0]["reason"] == "Loyal"
    again = member.get(path(made))
    assert (again.status, again.body, again.etag) == (200, made, '"1"')
    row = {
        "client_id": client_id,
        "recurring_id": made["recurring_id"],
        "name": "Care",
        "status": "active",
        "frequency": "monthly",
        "interval": 2,
        "next_date": "2026-12-01",
        "currency": "EUR",
        "total": "226.10",
        "made": 0,
        "created_at": made["created_at"],
    }
    assert member.get(where).body == {"items": [row], "next_cursor": None}
    overview = member.get(f"/v1/clients/{client_id}/overview").body
    assert overview["latest"]["recurring"] == [row]
    client = {"client_id": client_id, "number": "C-0001", "business_name": "Acme"}
    everywhere = member.get("/v1/recurring-invoices").body["items"]
    assert [each | {"client": client} for each in [row]] == everywhere
    assert told(member, client_id)[0] == "Recurring invoice 'Care' made: 226.10 EUR monthly"


def test_what_is_left_out_is_the_usual(owner: Staff, where: str):
    made = owner.post(where, {"frequency": "weekly", "template": billing.new_invoice()}).body
    assert (made["start_date"], made["interval"], made["covers"]) == ("2026-11-22", 1, "coming")
    assert made["name"] is None
    assert agenda(made) == "2026-11-22T00:00:00.000Z"


def test_a_draft_is_not_sent_unless_somebody_finalizes_it(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, auto_finalize=False)
    assert (made["auto_finalize"], made["auto_send"]) == (False, False)


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("UTC", "2026-12-01T00:00:00.000Z"),
        ("Europe/Berlin", "2026-11-30T23:00:00.000Z"),
        ("Pacific/Kiritimati", "2026-11-30T10:00:00.000Z"),
        ("Pacific/Niue", "2026-12-01T11:00:00.000Z"),
    ],
)
def test_its_day_begins_where_the_firm_is(owner: Staff, client_id: str, zone: str, moment: str):
    assert owner.patch("/v1/settings", {"time_zone": zone}).status == 200
    assert agenda(recurring.recurring(owner, client_id)) == moment


def test_a_request_sent_twice_makes_one(owner: Staff, where: str):
    first = owner.post(where, new_recurring(), idempotency_key="k")
    assert owner.post(where, new_recurring(), idempotency_key="k").body == first.body
    assert len(owner.get(where).body["items"]) == 1


def line(**fields: Any) -> dict[str, Any]:
    return {"template": {"lines": [new_line(**fields)]}}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": None}, "frequency"),
        ({"interval": 0}, "interval"),
        ({"interval": 101}, "interval"),
        ({"interval": "1"}, "interval"),
        ({"count": 0}, "count"),
        ({"count": 3, "end_date": "2027-01-01"}, "count"),
        ({"end_date": "2026-11-30"}, "end_date"),
        ({"start_date": None, "end_date": "2026-11-21"}, "end_date"),  # from today on
        ({"day_of_month": 15, "end_date": "2026-12-14"}, "end_date"),
        ({"start_date": "2199-12-31", "day_of_month": 15}, "start_date"),
        ({"day_of_month": 32}, "day_of_month"),
        ({"frequency": "weekly", "day_of_month": 3}, "day_of_month"),
        ({"auto_finalize": False, "auto_send": True}, "auto_send"),
        ({"start_date": "2016-11-21"}, "start_date"),
        ({"frequency": "daily", "start_date": "2026-08-13"}, "start_date"),
        ({"covers": "both"}, "covers"),
        ({"template": {"lines": "x"}}, "template.lines"),
        ({"template": {"lines": []}}, "template.lines"),
        (line(quantity="-1"), "template.lines"),
        (line(unit_price="x"), "template.lines.0.unit_price"),
        (line(unit_price="0.12345678901234", quantity="999999999999999"), "template.lines.0"),
        (line(description="In {moonth}"), "template.lines.0.description"),
        (line(description="In {"), "template.lines.0.description"),
        (line(description="{{month}}"), "template.lines.0.description"),
        (line(description="{period} " * 100), "template.lines.0.description"),
        ({"template": {"notes": "{0}"}}, "template.notes"),
        ({"template": {"purchase_order": "{}"}}, "template.purchase_order"),
        ({"template": {"payment_terms": "}"}}, "template.payment_terms"),
        ({"template": {"issue_date": "2026-12-01"}}, "template.issue_date"),
        ({"template": {"due_days": 366}}, "template.due_days"),
        ({"template": {"workflow_id": NOBODY}}, "template.workflow_id"),
    ],
)
def test_what_makes_no_invoices_is_refused(
    owner: Staff, where: str, fields: dict[str, Any], field: str
):
    with stored.unchanged():
        answer = owner.post(where, new_recurring(**fields))
    assert answer.status == 422, answer.body
    assert [each for each in answer.fields if each.startswith(field)], answer.fields


def test_what_lies_back_a_little_is_taken(owner: Staff, where: str):
    for fields in (
        {"frequency": "daily", "start_date": "2026-08-14"},  # a hundred days before today
        {"frequency": "yearly", "start_date": "2016-11-22"},
        {"frequency": "monthly", "start_date": "2016-11-22", "count": 100},
    ):
        assert owner.post(where, new_recurring(**fields)).status == 201


def test_there_is_none_of_a_client_that_is_not_there(owner: Staff, client_id: str):
    nowhere = f"/v1/clients/{NOBODY}/recurring-invoices"
    assert_problem(owner.post(nowhere, new_recurring()), 404, "client_not_found")
    assert_problem(owner.get(nowhere), 404, "client_not_found")
    for recurring_id in (NOBODY, "x" * 2000):
        one = f"/v1/clients/{client_id}/recurring-invoices/{recurring_id}"
        for answer in (owner.get(one), owner.patch(one, {"interval": 2}), owner.delete(one)):
            assert_problem(answer, 404, "recurring_invoice_not_found")
        for act in ("pause", "resume"):
            assert_problem(owner.post(f"{one}/{act}", {}), 404, "recurring_invoice_not_found")
        assert_problem(owner.get(f"{one}/preview"), 404, "recurring_invoice_not_found")


# ---- Changed ------------------------------------------------------------------------------


def test_a_change_counts_from_the_next_run_on(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, start_date="2026-11-01")
    run(made)
    lines = [new_line(quantity="3")]
    answer = owner.patch(path(made), {"template": {"lines": lines}, "name": "More"})
    assert answer.status == 200, answer.body
    assert (answer.body["total"], answer.body["next_date"]) == ("357.00", "2026-12-01")
    assert answer.body["template"]["currency"] == "EUR"
    clock.set(recurring.moment("2026-12-01"))
    run(made)
    totals = [each["totals"]["gross"] for each in recurring.invoices(owner, client_id)]
    assert totals == ["238.00", "357.00"]
    assert told(owner, client_id).count("Recurring invoice 'More' changed: name, template") == 1


@pytest.mark.parametrize(
    ("patch", "following"),
    [
        ({"frequency": "weekly"}, "2026-11-22"),
        ({"interval": 3}, "2027-02-01"),
        ({"day_of_month": 15}, "2026-12-15"),
        ({"day_of_month": 31}, "2026-11-30"),
        ({"start_date": "2027-01-10"}, "2027-01-10"),
        ({"frequency": "yearly"}, "2027-11-01"),
        ({"end_date": "2026-11-30"}, None),
        ({"count": 1}, None),
        ({"count": 2}, "2026-12-01"),
    ],
)
def test_another_schedule_begins_behind_the_last_run(
    owner: Staff, client_id: str, patch: dict[str, Any], following: str | None
):
    made = recurring.recurring(owner, client_id, start_date="2026-11-01")
    run(made)
    changed = owner.patch(path(made), patch).body
    assert changed["next_date"] == following
    assert changed["status"] == ("active" if following else "ended")
    assert (agenda(made) or "")[:10] == (following or "")
    assert previewed(owner, made, 1) == ([following] if following else [])


def test_what_has_ended_goes_on_when_its_end_is_put_off(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, start_date="2026-11-01", count=1)
    run(made)
    assert read(owner, made)["status"] == "ended"
    changed = owner.patch(path(made), {"count": 2}).body
    assert (changed["status"], changed["next_date"]) == ("active", "2026-12-01")


def test_a_change_is_of_the_version_that_was_read(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    assert owner.patch(path(made), {"interval": 2}, if_match='"1"').etag == '"2"'
    for answer in (
        owner.patch(path(made), {"interval": 3}, if_match='"1"'),
        owner.post(f"{path(made)}/pause", {}, if_match='"1"'),
        owner.post(f"{path(made)}/resume", {}, if_match='"1"'),
        owner.delete(path(made), if_match='"1"'),
    ):
        assert_problem(answer, 412, "stale_version")
    with stored.unchanged():
        assert owner.patch(path(made), {"interval": 2}).etag == '"2"'


@pytest.mark.parametrize(
    "patch",
    [
        {"frequency": None},
        {"auto_finalize": False},
        {"template": {"lines": []}},
        {"template": {"notes": "{nothing}"}},
        {"start_date": "2016-01-01"},
        {"start_date": None, "end_date": "2026-11-21"},
        {"frequency": "daily", "start_date": "2026-01-01"},
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    owner: Staff, client_id: str, patch: dict[str, Any]
):
    made = recurring.recurring(owner, client_id)
    with stored.unchanged():
        assert owner.patch(path(made), patch).status == 422


def test_a_deleted_one_makes_no_more_and_what_it_made_stays(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, start_date="2026-10-22")
    run(made)
    assert owner.delete(path(made)).status == 204
    with stored.unchanged():
        run(made)
    assert recurring.dates(owner, client_id) == ["2026-10-22", "2026-11-22"]
    assert_problem(owner.get(path(made)), 404, "recurring_invoice_not_found")
    assert told(owner, client_id)[0] == "Recurring invoice deleted"


# ---- Paused -------------------------------------------------------------------------------


def test_what_is_paused_is_not_made(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22")
    paused = owner.post(f"{path(made)}/pause").body
    assert (paused["status"], paused["next_date"]) == ("paused", None)
    by = {"staff_id": owner.staff_id, "name": "The owner"}
    assert paused["paused"] == {
        "until": None,
        "catch_up": False,
        "by": by,
        "at": paused["updated_at"],
    }
    assert agenda(made) is None
    clock.set(recurring.moment("2027-02-10"))
    with stored.unchanged():
        run(made)


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (False, None, ["2027-02-22"]),
        (True, None, ["2026-11-22", "2026-12-22", "2027-01-22", "2027-02-22"]),
        (True, False, ["2027-02-22"]),
        (False, True, ["2026-11-22", "2026-12-22", "2027-01-22", "2027-02-22"]),
    ],
)
def test_what_is_resumed_skips_or_makes_up_for_what_was_left_out(
    owner: Staff, client_id: str, clock: Clock, said: bool, asked: bool | None, expected: list[str]
):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22")
    owner.post(f"{path(made)}/pause", {"catch_up": said})
    assert_problem(owner.post(f"{path(made)}/pause", {"until": "2026-11-22"}), 422,
                   "validation_failed", "until")  # fmt: skip
    clock.set(recurring.moment("2027-02-10"))
    resumed = owner.post(f"{path(made)}/resume", {"catch_up": asked})
    assert (resumed.status, resumed.body["paused"]) == (200, None)
    assert resumed.body["next_date"] == expected[0]
    clock.set(recurring.moment("2027-02-22"))
    run(made)
    assert recurring.dates(owner, client_id) == expected
    assert read(owner, made)["next_date"] == "2027-03-22"


@pytest.mark.parametrize("catch_up", [False, True])
def test_a_pause_that_has_an_end_ends_by_itself(
    owner: Staff, client_id: str, clock: Clock, catch_up: bool
):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22", frequency="weekly")
    owner.post(f"{path(made)}/pause", {"until": "2026-12-10", "catch_up": catch_up})
    assert agenda(made) == "2026-12-10T00:00:00.000Z"
    clock.set(recurring.moment("2026-12-09"))
    with stored.unchanged():
        run(made)
    clock.set(recurring.moment("2026-12-21"))  # nothing ran for some days behind its end
    run(made)
    missed = ["2026-11-22", "2026-11-29", "2026-12-06"] if catch_up else []
    assert recurring.dates(owner, client_id) == [*missed, "2026-12-13", "2026-12-20"]
    now = read(owner, made)
    assert (now["status"], now["paused"], now["next_date"]) == ("active", None, "2026-12-27")


def test_a_pause_ends_on_its_day_although_nothing_is_to_be_made_then(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22")
    owner.post(f"{path(made)}/pause", {"until": "2026-11-23"})
    clock.set(recurring.moment("2026-11-23"))
    run(made)
    now = read(owner, made)
    assert (now["status"], now["next_date"], now["made"]) == ("active", "2026-12-22", 0)
    assert agenda(made) == "2026-12-22T00:00:00.000Z"
    with stored.unchanged():
        run(made)


def test_what_is_skipped_does_not_count(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22", count=2)
    owner.post(f"{path(made)}/pause")
    clock.set(recurring.moment("2027-03-01"))
    owner.post(f"{path(made)}/resume")
    assert previewed(owner, made) == ["2027-03-22", "2027-04-22"]


def test_what_is_not_as_it_should_be_is_told(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22", count=1)
    assert_problem(owner.post(f"{path(made)}/resume"), 409, "recurring_invoice_not_paused")
    run(made)
    assert_problem(owner.post(f"{path(made)}/pause"), 409, "recurring_invoice_ended")
    daily = recurring.recurring(owner, client_id, start_date="2026-11-22", frequency="daily")
    owner.post(f"{path(daily)}/pause")
    clock.set(recurring.moment("2027-06-01"))
    resume = owner.post(f"{path(daily)}/resume", {"catch_up": True})
    assert_problem(resume, 422, "validation_failed", "catch_up")
    assert owner.post(f"{path(daily)}/resume", {"catch_up": False}).status == 200


# ---- Previewed ----------------------------------------------------------------------------


def test_the_preview_is_what_is_made(owner: Staff, client_id: str, clock: Clock):
    template = {
        "lines": [new_line(description="{period}, {month}/{next_month}/{previous_month} {year}")],
        "notes": "{date}: {from} - {to}, no. {number_of_run}",
        "due_days": 10,
    }
    made = recurring.recurring(
        owner, client_id, start_date="2026-11-30", day_of_month=31, template=template
    )
    shown = owner.get(f"{path(made)}/preview", count="4").body["items"]
    clock.set(recurring.moment("2027-02-28"))
    run(made)
    invoices = recurring.invoices(owner, client_id)
    assert shown == [
        {
            "number": number,
            "date": each["issue_date"],
            "due_date": each["due_date"],
            "period": each["period"],
            "currency": each["currency"],
            "total": each["totals"]["payable"],
            "lines": [every["description"] for every in each["lines"]],
        }
        for number, each in enumerate(invoices, 1)
    ]
    assert [each["date"] for each in shown] == [
        *("2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28")
    ]
    assert shown[0]["period"] == {"from": "2026-11-30", "to": "2026-12-30"}
    nbsp = "\N{NO-BREAK SPACE}"
    days = [text.replace(" ", nbsp) for text in ("30 Nov 2026", "30 Dec 2026")]
    assert shown[0]["lines"] == [f"{days[0]} – {days[1]}, November/December/October 2026"]
    assert invoices[0]["notes"] == f"{days[0]}: {days[0]} - {days[1]}, no. 1"
    assert previewed(owner, made, 1) == ["2027-03-31"]


def test_a_preview_of_what_is_paused_shows_how_it_goes_on(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, start_date="2026-11-22")
    owner.post(f"{path(made)}/pause", {"until": "2027-01-01"})
    assert previewed(owner, made, 2) == ["2027-01-22", "2027-02-22"]
    owner.post(f"{path(made)}/pause", {"until": "2027-01-01", "catch_up": True})
    assert previewed(owner, made, 2) == ["2026-11-22", "2026-12-22"]
    for count in ("0", "101", "x"):
        assert owner.get(f"{path(made)}/preview", count=count).status == 422


def test_a_preview_ends_where_it_ends(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, count=3)
    assert previewed(owner, made, 12) == ["2026-12-01", "2027-01-01", "2027-02-01"]
    made = recurring.recurring(owner, client_id, end_date="2026-12-31")
    assert previewed(owner, made, 12) == ["2026-12-01"]


# ---- Listed -------------------------------------------------------------------------------


def test_lists_go_on_where_a_page_ended(owner: Staff, where: str, client_id: str):
    made = [recurring.recurring(owner, client_id)["recurring_id"] for _ in range(5)]
    for at in (where, "/v1/recurring-invoices"):
        first = owner.get(at, limit="2").body
        second = owner.get(at, limit="3", cursor=first["next_cursor"]).body
        found = [each["recurring_id"] for each in first["items"] + second["items"]]
        assert found == made[::-1]
        assert second["next_cursor"] is None
    assert owner.get(where, cursor="x").status == 400


def test_the_firms_list_is_filtered_by_status(owner: Staff, client_id: str, clock: Clock):
    other = billing.new_client_id(owner)
    active = recurring.recurring(owner, client_id)
    paused = recurring.recurring(owner, other)
    ended = recurring.recurring(owner, other, start_date="2026-11-22", count=1)
    owner.post(f"{path(paused)}/pause")
    run(ended)
    for status, one in (("active", active), ("paused", paused), ("ended", ended)):
        items = owner.get("/v1/recurring-invoices", status=status).body["items"]
        assert [each["recurring_id"] for each in items] == [one["recurring_id"]]
        assert items[0]["client"]["client_id"] == one["client_id"]
    assert owner.get("/v1/recurring-invoices", status="x").status == 422
    assert date.fromisoformat(active["next_date"]) == date(2026, 12, 1)
