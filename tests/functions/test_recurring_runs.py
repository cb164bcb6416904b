"""The worker of recurring invoices: what is due is made once, with its own date, and sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tallybook.chasing import looking
from tallybook.recurring import running
from tests.functions.problem import assert_problem
from tests.support import billing, recurring, stored
from tests.support.api import Staff, invoke
from tests.support.billing import new_line
from tests.support.clock import Clock, turned
from tests.support.faults import hooked, no_pauses
from tests.support.recurring import path, read, run

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """It is 1 December 2026, at six."""
    with turned(recurring.moment("2026-12-01")) as clock:
        yield clock


@pytest.fixture
def client_id(owner: Staff, clock: Clock) -> str:
    return billing.new_client_id(owner, emails=["anna@acme.example"])


def of(client_id: str, kind: str) -> list[dict[str, Any]]:
    """The client's items of a kind."""
    items = stored.items(f"CLIENT#{client_id}")
    return [each for each in items if each["sk"].startswith(f"{kind}#")]


def missed(client_id: str) -> list[tuple[str, str]]:
    """The day and reason of what the client's recurring invoices missed."""
    return [(each["row"]["date"], each["row"]["reason"]) for each in of(client_id, "MISSED")]


def tasks(client_id: str) -> list[tuple[str, str]]:
    return [(each["row"]["kind"], each["row"]["title"]) for each in of(client_id, "TASK")]


def told(client_id: str, what: str) -> list[str]:
    entries = of(client_id, "HISTORY")
    return [each["text"] for each in entries if each["details"].get("what") == what]


# ---- Made ---------------------------------------------------------------------------------


def test_what_is_due_becomes_an_invoice_that_is_sent(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    run(made)
    (invoice,) = recurring.invoices(owner, client_id)
    assert (invoice["number"], invoice["status"]) == ("INV-2026-00001", "open")
    assert (invoice["issue_date"], invoice["due_date"]) == ("2026-12-01", "2026-12-31")
    assert invoice["period"] == {"from": "2026-12-01", "to": "2026-12-31"}
    from_recurring = {"recurring_id": made["recurring_id"], "date": "2026-12-01"}
    assert invoice["from_recurring"] == from_recurring
    assert len(invoice["sent"]) == 1
    (mail,) = of(client_id, "EMAIL")
    assert (mail["row"]["to"], mail["via"]) == (["anna@acme.example"], "documents")
    assert billing.account(owner, client_id)["unpaid"] == "238.00"
    assert told(client_id, "finalized") == ["Invoice INV-2026-00001 finalized: 238.00 EUR"]
    (entry,) = [e for e in of(client_id, "HISTORY") if e["details"].get("what") == "finalized"]
    assert entry["details"]["recurring_id"] == made["recurring_id"]
    assert (entry["event"], entry.get("by")) == ("invoice.finalized", None)
    now = read(owner, made)
    assert (now["next_date"], now["last_date"], now["made"]) == ("2027-01-01", "2026-12-01", 1)


def test_what_is_done_is_not_done_again(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    run(made, made)
    with stored.unchanged():
        run(made)


def test_what_is_not_due_yet_is_not_made(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, start_date="2026-12-02")
    with stored.unchanged():
        run(made)
    clock.set(recurring.moment("2026-12-02", "00:00"))
    run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-02"]


def test_its_day_is_that_of_the_firm(owner: Staff, client_id: str, clock: Clock):
    owner.patch("/v1/settings", {"time_zone": "Pacific/Kiritimati"})  # 20:00 on 1 December there
    made = recurring.recurring(owner, client_id, start_date="2026-12-02")
    run(made)
    assert recurring.invoices(owner, client_id) == []
    clock.set(recurring.moment("2026-12-01", "10:00"))
    run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-02"]


def test_another_time_zone_of_the_firm_moves_what_waits(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, start_date="2026-12-02")
    owner.patch("/v1/settings", {"time_zone": "Pacific/Niue"})
    run(made)
    item = stored.item(f"CLIENT#{client_id}", f"RECURRING#{made['recurring_id']}")
    assert item["agenda_sk"].startswith("2026-12-02T11:00:00.000Z#")
    assert recurring.invoices(owner, client_id) == []


def test_a_week_in_which_nothing_ran_is_made_up_for_with_the_days_own_dates(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id, frequency="daily")
    other = billing.new_client_id(owner)
    weekly = recurring.recurring(owner, other, frequency="weekly", start_date="2026-12-03")
    clock.set(recurring.moment("2026-12-08"))
    run(made, weekly)
    days = [f"2026-12-0{day}" for day in range(1, 9)]
    invoices = recurring.invoices(owner, client_id)
    assert [each["issue_date"] for each in invoices] == days
    assert recurring.dates(owner, other) == ["2026-12-03"]
    numbers = [each["number"] for each in [*invoices, *recurring.invoices(owner, other)]]
    assert sorted(numbers) == [f"INV-2026-{place:05}" for place in range(1, 10)]
    by_day = sorted((each["issue_date"], each["number"]) for each in invoices)
    assert by_day == sorted(by_day, key=lambda each: each[1]), "the older, the smaller its number"
    ids = [each["invoice_id"] for each in invoices]
    assert ids == sorted(ids)
    assert [each["due_date"] for each in invoices][:2] == ["2026-12-31", "2027-01-01"]


def test_a_changed_schedule_invoices_nothing_of_days_that_are_over(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id)
    run(made)  # on 1 December
    clock.set(recurring.moment("2026-12-22", "10:00"))
    changed = owner.patch(recurring.path(made), {"day_of_month": 15})
    assert changed.status == 200, changed.body
    assert changed.body["next_date"] == "2027-01-15"
    run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-01"]


def test_what_was_due_before_a_change_is_made_all_the_same(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id)
    run(made)
    clock.set(recurring.moment("2027-02-22", "10:00"))  # nothing ran for weeks
    owner.patch(recurring.path(made), {"day_of_month": 15})
    run(made)
    days = ["2026-12-01", "2026-12-15", "2027-01-15", "2027-02-15"]
    assert recurring.dates(owner, client_id) == days


def test_what_has_ended_and_is_prolonged_goes_on_from_today(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id, end_date="2026-12-31")
    run(made)
    clock.set(recurring.moment("2027-03-22", "10:00"))
    prolonged = owner.patch(recurring.path(made), {"end_date": None})
    assert (prolonged.body["status"], prolonged.body["next_date"]) == ("active", "2027-04-01")


def test_years_have_series_of_their_own(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, frequency="monthly")
    clock.set(recurring.moment("2027-02-01"))
    run(made)
    numbers = [each["number"] for each in recurring.invoices(owner, client_id)]
    assert numbers == ["INV-2026-00001", "INV-2027-00001", "INV-2027-00002"]


def test_it_ends_by_count_or_date(owner: Staff, client_id: str, clock: Clock):
    counted = recurring.recurring(owner, client_id, frequency="daily", count=2)
    other = billing.new_client_id(owner)
    dated = recurring.recurring(owner, other, frequency="daily", end_date="2026-12-03")
    clock.set(recurring.moment("2026-12-10"))
    run(counted, dated)
    assert recurring.dates(owner, client_id) == ["2026-12-01", "2026-12-02"]
    assert recurring.dates(owner, other) == ["2026-12-01", "2026-12-02", "2026-12-03"]
    for made in (counted, dated):
        now = read(owner, made)
        assert (now["status"], now["next_date"]) == ("ended", None)
        item = stored.item(f"CLIENT#{made['client_id']}", f"RECURRING#{made['recurring_id']}")
        assert "agenda_pk" not in item


def test_drafts_wait_for_staff(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, auto_finalize=False)
    run(made)
    (invoice,) = recurring.invoices(owner, client_id)
    assert (invoice["status"], invoice["number"]) == ("draft", None)
    assert invoice["from_recurring"]["date"] == "2026-12-01"
    assert told(client_id, "created") == ["Invoice drafted"]
    assert of(client_id, "EMAIL") == []
    finalized = owner.post(f"{billing.path(invoice)}/finalize")
    assert (finalized.status, finalized.body["number"]) == (200, "INV-2026-00001")
    assert finalized.body["from_recurring"] == invoice["from_recurring"]


def test_words_are_those_of_the_firms_papers(owner: Staff, client_id: str):
    owner.patch("/v1/settings", {"billing": {"locale": "de-DE"}})
    lines = [new_line(description="Wartung {period}, {month}, {date}")]
    made = recurring.recurring(
        owner, client_id, frequency="quarterly", covers="past", template={"lines": lines}
    )
    run(made)
    (invoice,) = recurring.invoices(owner, client_id)
    assert invoice["period"] == {"from": "2026-09-01", "to": "2026-11-30"}
    description = "Wartung 01.09.2026 – 30.11.2026, September, 01.12.2026"
    assert invoice["lines"][0]["description"] == description


def test_an_invoice_over_nothing_is_paid_and_sent(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, template={"lines": [new_line(unit_price="0")]})
    run(made)
    (invoice,) = recurring.invoices(owner, client_id)
    assert (invoice["status"], len(invoice["sent"])) == ("paid", 1)


# ---- Sent ---------------------------------------------------------------------------------


def test_what_is_not_sent_by_itself_is_not(owner: Staff, client_id: str):
    run(recurring.recurring(owner, client_id, auto_send=False))
    assert of(client_id, "EMAIL") == []
    (invoice,) = recurring.invoices(owner, client_id)
    assert (invoice["status"], invoice["sent"]) == ("open", [])


def test_the_firms_own_rule_of_sending_holds_for_what_is_not_sent_by_itself(
    owner: Staff, client_id: str
):
    owner.patch("/v1/settings", {"portal": {"auto_send_invoices": True}})
    made = recurring.recurring(owner, client_id, auto_send=False)
    run(made)
    assert of(client_id, "EMAIL") == []
    (text,) = told(client_id, "finalized")
    assert text.endswith("Not sent: nobody who gets invoices has accepted the invitation.")
    assert tasks(client_id) == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"emails": []}, "nobody who gets invoices has an e-mail address"),
        ({"emails": ["ännä@acme.example"]}, "nobody who gets invoices has an e-mail address"),
        ({"invoicing_method": "print"}, "the client is invoiced by print"),
    ],
)
def test_what_cannot_be_mailed_is_left_to_people(
    owner: Staff, specialist: Staff, fields: dict[str, Any], why: str
):
    assert specialist.get("/v1/me").status == 200
    client_id = billing.new_client_id(owner, ar_specialist=specialist.staff_id, **fields)
    run(recurring.recurring(owner, client_id))
    (text,) = told(client_id, "finalized")
    assert text == f"Invoice INV-2026-00001 finalized: 238.00 EUR. Not sent: {why}."
    assert tasks(client_id) == [("print", "Print and post invoice INV-2026-00001")]
    (task,) = of(client_id, "TASK")
    assert task["row"]["assignee"] == specialist.staff_id
    (invoice,) = recurring.invoices(owner, client_id)
    assert task["invoice_ids"] == [invoice["invoice_id"]]
    assert of(client_id, "EMAIL") == []


def test_mail_waits_for_the_hours_at_which_the_firm_sends(owner: Staff, client_id: str):
    owner.patch("/v1/settings", {"sending": {"from": "08:00", "until": "18:00"}})
    run(recurring.recurring(owner, client_id))
    (item,) = of(client_id, "INVOICE")
    (waiting,) = of(client_id, "TOSEND")
    assert waiting["sk"] == f"TOSEND#{item['row']['invoice_id']}"
    assert of(client_id, "EMAIL") == []
    client = stored.item(f"CLIENT#{client_id}", "CLIENT")
    assert client["agenda_pk"] == "DUE#client", "whoever looks at the client sends it"
    assert "waits for the hours" in told(client_id, "finalized")[0]


@pytest.mark.parametrize(
    ("auto_send", "to"), [(True, ["a@x.example", "b@x.example"]), (False, ["a@x.example"])]
)
def test_mail_that_waited_goes_to_whom_it_would_have_gone(
    owner: Staff, client_id: str, clock: Clock, auto_send: bool, to: list[str]
):
    settings = {
        "sending": {"from": "08:00", "until": "18:00"},
        "portal": {"auto_send_invoices": True},
    }
    assert owner.patch("/v1/settings", settings).status == 200
    contacts = f"/v1/clients/{client_id}/contacts"
    for name in ("a", "b"):
        person = {"first_name": name, "emails": [f"{name}@x.example"], "billing": True}
        assert owner.post(contacts, person).status == 201
    first = owner.get(contacts).body["items"]
    accepted = next(each for each in first if each["first_name"] == "a")
    state = {"status": "accepted", "turn": 1}
    stored.alter(f"CLIENT#{client_id}", f"CONTACT#{accepted['contact_id']}", portal=state)
    run(recurring.recurring(owner, client_id, auto_send=auto_send))
    assert of(client_id, "EMAIL") == []
    clock.set(recurring.moment("2026-12-01", "09:00"))
    looking.look(client_id, at=clock.ask())
    (mail,) = of(client_id, "EMAIL")
    assert sorted(mail["row"]["to"]) == to
    assert of(client_id, "TOSEND") == []


def test_mail_leaves_at_once_within_the_hours(owner: Staff, client_id: str, clock: Clock):
    owner.patch("/v1/settings", {"sending": {"from": "08:00", "until": "18:00"}})
    made = recurring.recurring(owner, client_id)
    clock.set(recurring.moment("2026-12-01", "08:00"))
    run(made)
    assert len(of(client_id, "EMAIL")) == 1
    assert of(client_id, "TOSEND") == []


# ---- Missed -------------------------------------------------------------------------------


def test_nothing_is_made_for_a_suspended_client_and_nothing_is_lost(
    owner: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id, count=3, name="Care")
    draft = recurring.recurring(owner, client_id, auto_finalize=False)
    assert owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "x"}).status == 200
    clock.set(recurring.moment("2027-01-05"))
    run(made, draft)
    assert recurring.invoices(owner, client_id) == []
    days = ("2026-12-01", "2026-12-01", "2027-01-01", "2027-01-01")
    assert missed(client_id) == [(day, "suspended") for day in days]
    assert tasks(client_id) == []
    now = read(owner, made)
    assert (now["made"], now["next_date"]) == (2, "2027-02-01")
    row = of(client_id, "MISSED")[0]["row"]
    assert (row["kind"], row["amount"], row["currency"]) == ("recurring", 238, "EUR")
    assert {each["row"]["text"] for each in of(client_id, "MISSED")} == {
        *("Care of 2026-12-01", "Care of 2027-01-01"),
        *("Recurring invoice of 2026-12-01", "Recurring invoice of 2027-01-01"),
    }


@pytest.mark.parametrize(("own_date", "issued"), [(True, "2026-12-01"), (False, "2027-01-05")])
def test_what_was_missed_can_be_made_afterwards(
    owner: Staff, client_id: str, clock: Clock, own_date: bool, issued: str
):
    lines = [new_line(description="No. {number_of_run}, {month}")]
    made = recurring.recurring(owner, client_id, template={"lines": lines})
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "x"})
    run(made)
    owner.patch(path(made), {"day_of_month": 15})  # the run stays what it was
    owner.post(f"/v1/clients/{client_id}/activate")
    clock.set(recurring.moment("2027-01-05"))
    do = {"all": "own_date" if own_date else "today"}
    answer = owner.post(f"/v1/clients/{client_id}/missed", do)
    assert [each["ok"] for each in answer.body["results"]] == [True]
    (invoice,) = recurring.invoices(owner, client_id)
    assert (invoice["issue_date"], invoice["status"]) == (issued, "open")
    assert invoice["from_recurring"]["date"] == "2026-12-01"
    assert invoice["period"] == {"from": "2026-12-01", "to": "2026-12-31"}
    assert invoice["lines"][0]["description"] == "No. 1, December"
    assert len(invoice["sent"]) == 1
    assert missed(client_id) == []
    again = owner.post(f"/v1/clients/{client_id}/missed", do)
    assert again.body["results"] == []


def test_what_was_missed_of_a_deleted_one_can_only_be_dropped(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "x"})
    run(made)
    owner.post(f"/v1/clients/{client_id}/activate")
    owner.delete(path(made))
    answer = owner.post(f"/v1/clients/{client_id}/missed", {"all": "today"})
    assert [each["code"] for each in answer.body["results"]] == ["recurring_invoice_deleted"]
    assert len(missed(client_id)) == 1


def test_closed_books_stop_nothing_but_what_they_are_closed_for(
    owner: Staff, specialist: Staff, client_id: str, clock: Clock
):
    made = recurring.recurring(owner, client_id, start_date="2026-11-30", frequency="daily")
    owner.patch("/v1/settings", {"billing": {"closed_until": "2026-11-30"}})
    run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-01"]
    why = "issue_date: The books are closed up to 2026-11-30."
    assert missed(client_id) == [("2026-11-30", why)]
    assert tasks(client_id) == [("task", "Recurring invoice of 2026-11-30 was not made")]
    assert of(client_id, "TASK")[0]["body"] == why
    assert read(owner, made)["made"] == 2
    owner.patch("/v1/settings", {"billing": {"closed_until": None}})
    owner.post(f"/v1/clients/{client_id}/missed", {"all": "own_date"})
    assert recurring.dates(owner, client_id) == ["2026-11-30", "2026-12-01"]


def test_a_template_that_a_rule_refuses_by_now_is_told_of(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    sk = f"RECURRING#{made['recurring_id']}"
    stored.alter(f"CLIENT#{client_id}", sk, template__lines=[new_line(tax_rate="101")])
    run(made)
    ((day, why),) = missed(client_id)
    assert (day, why.split(":")[0]) == ("2026-12-01", "lines.0.tax_rate")
    assert len(tasks(client_id)) == 1
    with stored.unchanged():
        run(made)


def test_what_hinders_one_does_not_hinder_others(owner: Staff, client_id: str):
    broken = recurring.recurring(owner, client_id)
    sk = f"RECURRING#{broken['recurring_id']}"
    stored.alter(f"CLIENT#{client_id}", sk, template__lines=[])
    suspended = billing.new_client_id(owner)
    held = recurring.recurring(owner, suspended)
    owner.post(f"/v1/clients/{suspended}/suspend", {"reason": "x"})
    fine = recurring.recurring(owner, billing.new_client_id(owner))
    gone = {"client_id": NOBODY, "recurring_id": NOBODY}
    run(broken, gone, held, fine)
    assert (len(missed(client_id)), len(missed(suspended))) == (1, 1)
    (invoice,) = recurring.invoices(owner, fine["client_id"])
    assert invoice["number"] == "INV-2026-00001"


def test_a_series_that_gives_a_number_again_stops_until_it_is_put_right(
    owner: Staff, client_id: str
):
    made = recurring.recurring(owner, client_id)
    stored.put("NUMBER#invoice#INV-2026-00001", "NUMBER", client_id="x", document_id="x")
    with stored.unchanged():
        answer = invoke("recurring_runs", recurring.message([recurring.ref(made)]))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    owner.patch("/v1/settings", {"numbering": {"invoice": "R-{year}-{seq}"}})
    run(made)
    assert recurring.invoices(owner, client_id)[0]["number"] == "R-2026-1"


# ---- What others do meanwhile -------------------------------------------------------------


@pytest.mark.parametrize("auto_finalize", [True, False])
def test_a_client_that_is_suspended_meanwhile_gets_nothing(
    owner: Staff, client_id: str, auto_finalize: bool
):
    made = recurring.recurring(owner, client_id, auto_finalize=auto_finalize)

    def suspend() -> None:
        owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "x"})

    with stored.in_between("TransactWriteItems", suspend), no_pauses():
        run(made)
    assert recurring.invoices(owner, client_id) == []
    assert missed(client_id) == [("2026-12-01", "suspended")]


def test_a_client_that_is_active_again_meanwhile_gets_it(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "x"})

    def activate() -> None:
        owner.post(f"/v1/clients/{client_id}/activate")

    with stored.in_between("TransactWriteItems", activate), no_pauses():
        run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-01"]
    assert missed(client_id) == []


@pytest.mark.parametrize("operation", ["Query", "TransactWriteItems"])
def test_a_client_that_is_deleted_meanwhile_gets_nothing_and_others_do(
    owner: Staff, client_id: str, operation: str
):
    made = recurring.recurring(owner, client_id)
    fine = recurring.recurring(owner, billing.new_client_id(owner))

    def remove() -> None:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", removed_at="2026-12-01T06:00:00.000Z")

    with stored.in_between(operation, remove), no_pauses():
        run(made, fine)
    assert of(client_id, "INVOICE") == []
    assert recurring.dates(owner, fine["client_id"]) == ["2026-12-01"]


@pytest.mark.parametrize("what", ["change", "pause", "delete", "run"])
def test_what_staff_do_meanwhile_counts(owner: Staff, client_id: str, what: str):
    made = recurring.recurring(owner, client_id)

    def rival() -> None:
        match what:
            case "change":
                lines = [new_line(quantity="1")]
                assert owner.patch(path(made), {"template": {"lines": lines}}).status == 200
            case "pause":
                assert owner.post(f"{path(made)}/pause").status == 200
            case "delete":
                assert owner.delete(path(made)).status == 204
            case "run":
                run(made)

    with stored.in_between("TransactWriteItems", rival), no_pauses():
        run(made)
    expected = {"change": ["119.00"], "run": ["238.00"]}.get(what, [])
    totals = [each["totals"]["gross"] for each in recurring.invoices(owner, client_id)]
    assert totals == expected


def test_books_that_are_closed_meanwhile_are_closed(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id, start_date="2026-11-30")

    def close() -> None:
        owner.patch("/v1/settings", {"billing": {"closed_until": "2026-11-30"}})

    with stored.in_between("TransactWriteItems", close), no_pauses():
        run(made)
    assert recurring.invoices(owner, client_id) == []
    assert len(missed(client_id)) == 1


# ---- Packed -------------------------------------------------------------------------------


@contextmanager
def transactions() -> Iterator[list[int]]:
    """How many actions each transaction has."""
    sizes: list[int] = []

    def count(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(json.loads(params["body"])["TransactItems"]))

    with hooked("before-call.dynamodb.TransactWriteItems", count):
        yield sizes


@pytest.mark.parametrize(("auto_send", "packs"), [(True, 4), (False, 3)])
def test_invoices_of_many_clients_share_full_transactions(
    owner: Staff, auto_send: bool, packs: int
):
    made = [
        recurring.recurring(
            owner, billing.new_client_id(owner, emails=[f"a{n}@x.example"]), auto_send=auto_send
        )
        for n in range(30)
    ]
    with transactions() as sizes:
        run(*made)
    assert len(sizes) == packs
    assert all(90 <= size <= 100 for size in sizes[:-1]), sizes
    numbers = [recurring.invoices(owner, each["client_id"])[0]["number"] for each in made]
    assert numbers == [f"INV-2026-{place:05}" for place in range(1, 31)]


def test_much_of_one_client_shares_full_transactions(owner: Staff, client_id: str, clock: Clock):
    made = recurring.recurring(owner, client_id, frequency="daily", auto_send=False)
    clock.set(recurring.moment("2027-01-31"))
    with transactions() as sizes:
        run(made)
    assert len(recurring.dates(owner, client_id)) == 62
    # Of December and of January: a series of its own.
    assert sum(size >= 90 for size in sizes) >= len(sizes) - 2, sizes


def test_a_pack_that_others_keep_out_is_halved(owner: Staff, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "MOST_READ", 2)
    made = [recurring.recurring(owner, billing.new_client_id(owner)) for _ in range(3)]
    refused: list[int] = []

    def keep_out(params: dict[str, Any], **_: Any) -> None:
        """Somebody changes the first again and again while it shares a transaction."""
        text = json.dumps(json.loads(params["body"]))
        (pk, sk), other = recurring.ref(made[0]), made[1]["client_id"]
        if pk in text and other in text:
            refused.append(len(json.loads(text)["TransactItems"]))
            stored.alter(f"CLIENT#{pk}", f"RECURRING#{sk}", version=10 + len(refused))

    with hooked("before-call.dynamodb.TransactWriteItems", keep_out), no_pauses():
        run(*made)
    assert len(refused) > 1
    for one in made:
        assert recurring.dates(owner, one["client_id"]) == ["2026-12-01"]


def test_what_nobody_foresaw_about_one_does_not_hinder_others(owner: Staff, client_id: str):
    odd = recurring.recurring(owner, client_id)
    stored.alter(f"CLIENT#{client_id}", f"RECURRING#{odd['recurring_id']}", covers=None, row={})
    fine = [recurring.recurring(owner, billing.new_client_id(owner)) for _ in range(4)]
    refs = [recurring.ref(each) for each in (*fine[:2], odd, *fine[2:])]
    answer = invoke("recurring_runs", recurring.message(refs))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    for each in fine:
        assert recurring.dates(owner, each["client_id"]) == ["2026-12-01"]


def test_a_message_that_fails_comes_back(owner: Staff, client_id: str):
    made = recurring.recurring(owner, client_id)
    with stored.fault("TransactWriteItems", "ValidationException"):
        answer = invoke("recurring_runs", recurring.message([recurring.ref(made)]))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    run(made)
    assert recurring.dates(owner, client_id) == ["2026-12-01"]
    assert_problem(
        owner.get(f"/v1/clients/{client_id}/invoices/{NOBODY}"), 404, "invoice_not_found"
    )


def test_drafts_that_fill_a_transaction_are_made_once_whatever_comes_next(
    owner: Staff, client_id: str, clock: Clock
):
    """Each draft is two actions, the recurring invoice and the client are one: a hundred."""
    drafted = recurring.recurring(owner, client_id, frequency="daily", auto_finalize=False)
    other = recurring.recurring(
        owner, client_id, frequency="daily", auto_finalize=False, start_date="2026-12-03"
    )
    booked = recurring.recurring(owner, client_id, start_date="2026-12-26")
    clock.set(recurring.moment("2026-12-28"))
    with transactions() as sizes:
        run(booked, drafted, other)
    assert max(sizes) <= 100
    assert len(recurring.dates(owner, client_id)) == 28 + 26 + 1
    assert [read(owner, each)["made"] for each in (drafted, other, booked)] == [28, 26, 1]


@pytest.mark.parametrize("auto_finalize", [True, False])
def test_what_is_long_is_no_more_than_a_transaction_takes(
    owner: Staff,
    client_id: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    auto_finalize: bool,
):
    """DynamoDB counts items as they are: those that are merely moved on, too."""
    monkeypatch.setattr("tallybook.invoices.packing.MOST_BYTES", 150_000)
    template = {"lines": [new_line(description="x" * 900) for _ in range(10)]}
    how = {"frequency": "daily", "auto_finalize": auto_finalize, "auto_send": False}
    made = [recurring.recurring(owner, client_id, template=template, **how) for _ in range(8)]
    lengths: list[int] = []

    def measure(params: dict[str, Any], **_: Any) -> None:
        lengths.append(len(params["body"]))

    clock.set(recurring.moment("2026-12-02"))
    with hooked("before-call.dynamodb.TransactWriteItems", measure):
        run(*made)
    assert len(recurring.dates(owner, client_id)) == 16
    assert max(lengths) + len(made) * 10_000 < 250_000, lengths
