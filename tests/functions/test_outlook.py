"""What is said to happen is what happens: the outlook, and then the hours of the agenda pass."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.ids import time_of
from tests.builders import new_client, new_contact
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff, invoke
from tests.support.clock import Clock, turned
from tests.support.imports import sqs_event
from tests.support.post import received
from tests.support.template import ROOT

type Json = dict[str, Any]
type Happening = tuple[str, ...]
"""When, to the hour in UTC, what, and what is known of it on both sides."""

BEGIN = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)  # a Wednesday, before summer time
OFFICE = {
    "from": "08:00",
    "until": "18:00",
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "holidays": ["2026-04-03", "2026-04-06"],
}
DAYS = 24
MOST_ROUNDS = 20  # of the workers in one hour: what follows from what they do is done as well
STEPS: list[Json] = [
    {"days": -3, "action": "email"},
    {"days": 2, "action": "email", "template": "reminder_friendly"},
    {"days": 2, "action": "late_fee", "fee": {"percent": "5", "per": "week", "cap_amount": "12"}},
    {"days": 4, "action": "sms", "text": "{{ invoice.number }}: please pay {{ invoice.balance }}"},
    {"days": 5, "action": "call", "text": "When do they pay?"},
    {"days": 6, "action": "suspend_services"},
    {"days": 9, "action": "email", "template": "reminder_firm"},
    {"days": 12, "action": "task"},
]
CLIENT_FIELDS: dict[str, Json] = {
    "nothing_special": {},
    "reminders_off": {"payment_settings": {"reminders": False}},
    "late_fees_off": {"payment_settings": {"late_fees": False}},
    "by_print": {"invoicing_method": "print"},
    "unreachable": {"emails": [], "telephone": None},
}


@pytest.fixture
def clock() -> Iterator[Clock]:
    with turned(BEGIN) as clock:
        yield clock


def made(staff: Staff, path: str, body: Json | None = None) -> Json:
    answer = staff.post(path, body)
    assert answer.status in (200, 201), answer.body
    return dict(answer.body)


def firm(staff: Staff, steps: list[Json] = STEPS, **settings: Any) -> Json:
    """The firm's own workflow, in an office in Berlin."""
    workflow = made(staff, "/v1/workflows", {"name": "Usual", "steps": steps})
    wanted = {"workflow_id": workflow["workflow_id"], "time_zone": "Europe/Berlin"} | settings
    assert staff.patch("/v1/settings", wanted).status == 200
    return workflow


def client(staff: Staff, **fields: Any) -> str:
    return str(made(staff, "/v1/clients", new_client(**fields))["client_id"])


def invoice(staff: Staff, client_id: str, due_date: str, **fields: Any) -> Json:
    invoices = f"/v1/clients/{client_id}/invoices"
    content = {"lines": [{"unit_price": "100"}], "issue_date": "2026-03-01", "due_date": due_date}
    draft = made(staff, invoices, content | fields)
    return made(staff, f"{invoices}/{draft['invoice_id']}/finalize")


def recurring(staff: Staff, client_id: str, **fields: Any) -> Json:
    template = {"lines": [{"description": "Week", "unit_price": "20"}], "due_days": 2}
    content = {"frequency": "weekly", "start_date": "2026-03-21", "template": template} | fields
    return made(staff, f"/v1/clients/{client_id}/recurring-invoices", content)


# ---- Both sides in the same words --------------------------------------------------------


def hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%m-%d %H}"


def said(outlook: Json) -> Counter[Happening]:
    """What the outlook says."""
    found = [_said(each) for each in outlook["items"] if not each["would_be_missed"]]
    return Counter(found)


def _said(item: Json) -> Happening:
    when, what = hour(datetime.fromisoformat(item["at"])), item["action"]
    numbers = ",".join(sorted(each["number"] or "new" for each in item["invoices"]))
    match what:
        case "late_fee":
            return when, what, numbers, item["fee"]
        case "recurring_invoice":
            return when, what, item["amount"]
        case "email" | "send_invoice":
            return when, what, numbers, ",".join(item["to"])
        case "sms":
            return when, what, *item["to"]
        case "promise_broken" | "suspend_services":
            return when, what
    return when, what, numbers


def happened(client_id: str, known: set[str]) -> Counter[Happening]:
    """What was done for the client by itself; `known` are the invoices that were there before."""
    items = {item["sk"]: item for item in stored.items(f"CLIENT#{client_id}")}
    numbers = {
        sk.removeprefix("INVOICE#"): item["row"]["number"] if sk.endswith(tuple(known)) else "new"
        for sk, item in items.items()
        if sk.startswith("INVOICE#")
    }
    found = []
    for sk, item in items.items():
        if sk.startswith("HISTORY#") and "by" not in item:
            when = hour(time_of(sk.removeprefix("HISTORY#")))
            found += [(when, *rest) for rest in _happened(item, items, numbers)]
        elif sk.startswith("EMAIL#"):
            what = "send_invoice" if item["row"]["template"] == "invoice" else "email"
            about = ",".join(sorted(numbers[each["id"]] for each in item["attachments"]))
            when = hour(time_of(sk.removeprefix("EMAIL#")))
            found.append((when, what, about, ",".join(item["row"]["to"])))
        elif sk.startswith("SMS#"):
            found.append((hour(time_of(sk.removeprefix("SMS#"))), "sms", item["row"]["to"]))
    return Counter({each: 1 if each[1] == "suspend_services" else n
                    for each, n in Counter(found).items()})  # fmt: skip


def _happened(entry: Json, items: dict[str, Json], numbers: dict[str, str]) -> list[Happening]:
    told = entry.get("details", {})
    about = ",".join(sorted(numbers[each] for each in told.get("invoice_ids", [])))
    match entry.get("event"):
        case "invoice.late_fee_charged":
            return [("late_fee", about, told["amount"])]
        case "invoice.finalized":
            total = items[f"INVOICE#{told['invoice_id']}"]["sums"]["payable"]
            return [("recurring_invoice", f"{float(total):.2f}")]
        case "service.suspended":
            return [("suspend_services",)]
        case "promise.broken":
            return [("promise_broken",)]
        case "task.created":
            task = items[f"TASK#{told['task_id']}"]
            if task["row"]["title"].startswith(("Promise broken", "Print and post")):
                return []  # told with what it is made for
            named = task.get("invoice_ids") or []
            return [(task["row"]["kind"], ",".join(sorted(numbers[each] for each in named)))]
    return []


def let_pass(clock: Clock, until: datetime) -> None:
    """Each hour the agenda sends what is due to the workers; hours without any are left out."""
    event = json.loads((ROOT / "events" / "agenda.json").read_text(encoding="utf-8"))
    while (due := _next_due()) is not None and due <= until:
        if due > clock.at:
            clock.set(due)
        rounds = 0
        while sum(invoke("agenda", event).values()):
            rounds += 1
            assert rounds < MOST_ROUNDS
            for name, queue in (
                ("recurring_runs", "RECURRING_QUEUE_URL"),
                ("chaser", "CHASE_QUEUE_URL"),
            ):
                for body in received(queue):
                    invoke(name, sqs_event([body]))  # who ran out of time is sent again


def _next_due() -> datetime | None:
    """The next full hour at which the agenda finds something."""
    places = (item.get("agenda_sk") for item in stored.items())
    moments = [datetime.fromisoformat(each.partition("#")[0]) for each in places if each]
    if not moments:
        return None
    begun = min(moments).replace(minute=0, second=0, microsecond=0)
    return begun if begun == min(moments) else begun + timedelta(hours=1)


def outlook(staff: Staff, client_id: str, days: int = DAYS) -> Json:
    answer = staff.get(f"/v1/clients/{client_id}/outlook", days=str(days))
    assert answer.status == 200, answer.body
    return dict(answer.body)


def ends(days: int = DAYS) -> datetime:
    """The last moment of the outlook, in Berlin's summer time."""
    return datetime(2026, 3, 18, 22, tzinfo=UTC) + timedelta(days=days - 1, seconds=-1)


# ---- It is what happens ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sending", "fields"),
    [({}, {}), *((OFFICE, each) for each in CLIENT_FIELDS.values())],
    ids=["always", *CLIENT_FIELDS.keys()],
)
def test_what_the_outlook_says_is_what_happens(
    sending: Json, fields: Json, owner: Staff, clock: Clock
):
    firm(owner, sending=sending)
    client_id = client(owner, **fields)
    there = f"/v1/clients/{client_id}"
    known = {invoice(owner, client_id, f"2026-03-{day}")["invoice_id"] for day in (15, 19, 19, 26)}
    made(owner, f"{there}/services", {"name": "Hosting"})
    made(owner, f"{there}/services", {"name": "Domain", "paid_through": "2026-03-30"})
    recurring(owner, client_id)
    recurring(owner, client_id, frequency="monthly", start_date="2026-04-01", auto_send=False)
    let_pass(clock, clock.at + timedelta(minutes=40))  # what is due already is done
    before, foreseen = happened(client_id, known), outlook(owner, client_id)
    let_pass(clock, ends())
    done = happened(client_id, known) - before
    assert (said(foreseen) - done, done - said(foreseen)) == (Counter(), Counter())
    kinds = {each["action"] for each in foreseen["items"]}
    assert kinds >= {"recurring_invoice", "call", "suspend_services", "task"}
    assert ("late_fee" in kinds) == (fields.get("payment_settings", {}).get("late_fees", True))


def with_promise(owner: Staff, there: str, known: Json) -> None:
    promise = {"amount": "50", "currency": "EUR", "date": "2026-03-27"}
    made(owner, f"{there}/promises", promise)
    made(owner, f"{there}/promises",
         promise | {"date": "2026-04-02", "invoice_ids": [known["invoice_id"]]})  # fmt: skip


def with_dispute(owner: Staff, there: str, known: Json) -> None:
    path = f"{there}/invoices/{known['invoice_id']}/collection-status"
    assert owner.put(path, {"status": "in_dispute"}).status == 200


def with_own_workflows(owner: Staff, there: str, known: Json) -> None:
    mild = [{"days": 8, "action": "email"}, {"days": 9, "action": "call"}]
    workflow = made(owner, "/v1/workflows", {"name": "Mild", "steps": mild})
    own = {"workflow_id": workflow["workflow_id"]}
    made(owner, f"{there}/contacts", new_contact(emails=["ada@mueller.example"]))
    made(owner, f"{there}/contacts", new_contact(billing=True, **own))
    made(owner, f"{there}/contacts", new_contact(emails=[], telephone="+49221123457", billing=True))
    invoice(owner, there.rpartition("/")[2], "2026-03-20", **own)


def with_pauses(owner: Staff, there: str, known: Json) -> None:
    client_id = there.rpartition("/")[2]
    for until, catch_up in (("2026-04-01", True), ("2026-04-02", False), (None, False)):
        weekly = recurring(owner, client_id)
        path = f"{there}/recurring-invoices/{weekly['recurring_id']}/pause"
        made(owner, path, {"until": until, "catch_up": catch_up})


def with_closed_books(owner: Staff, there: str, known: Json) -> None:
    """An invoice of the past cannot be made, one to come can."""
    owner.patch("/v1/settings", {"billing": {"closed_until": "2026-03-10"}})
    recurring(owner, there.rpartition("/")[2], start_date="2026-03-09", count=4)


def with_another_currency(owner: Staff, there: str, known: Json) -> None:
    invoice(owner, there.rpartition("/")[2], "2026-03-19", currency="JPY")


@pytest.mark.parametrize(
    "prepare",
    [
        with_promise,
        with_dispute,
        with_own_workflows,
        with_pauses,
        with_closed_books,
        with_another_currency,
    ],
)
def test_so_it_is_with(prepare: Callable[[Staff, str, Json], None], owner: Staff, clock: Clock):
    firm(owner, sending=OFFICE)
    client_id = client(owner)
    _, second = (invoice(owner, client_id, f"2026-03-{day}") for day in (19, 24))
    prepare(owner, f"/v1/clients/{client_id}", second)
    let_pass(clock, clock.at + timedelta(minutes=40))
    there = stored.items(f"CLIENT#{client_id}")
    known = {each["sk"][8:] for each in there if each["sk"].startswith("INVOICE#")}
    before, foreseen = happened(client_id, known), outlook(owner, client_id)
    let_pass(clock, ends())
    done = happened(client_id, known) - before
    assert (said(foreseen) - done, done - said(foreseen)) == (Counter(), Counter())
    assert len(foreseen["items"]) > 5


def test_of_a_suspended_client_the_outlook_says_what_would_be_missed(owner: Staff, clock: Clock):
    firm(owner, sending=OFFICE)
    client_id = client(owner)
    invoice(owner, client_id, "2026-03-19")
    recurring(owner, client_id)
    made(owner, f"/v1/clients/{client_id}/services", {"name": "Hosting"})
    made(owner, f"/v1/clients/{client_id}/suspend", {})
    foreseen = outlook(owner, client_id)
    let_pass(clock, ends())
    assert all(each["would_be_missed"] for each in foreseen["items"])
    missed = [each["sk"] for each in stored.items(f"CLIENT#{client_id}")
              if each["sk"].startswith("MISSED#")]  # fmt: skip
    noted = Counter(each.split("#")[2] for each in missed)
    runs = [each for each in foreseen["items"] if each["action"] == "recurring_invoice"]
    assert noted["recurring"] == len(runs) == 3
    # What was due before is noted with its own day.
    days = sorted(max(each.split("#")[1], f"{BEGIN:%Y-%m-%d}") for each in missed)
    assert days == sorted(each["date"] for each in foreseen["items"])
    assert happened(client_id, set()) == Counter()


# ---- What it says ------------------------------------------------------------------------


def test_mails_are_told_with_their_subjects_and_sms_with_their_texts(owner: Staff, clock: Clock):
    firm(owner)
    client_id = client(owner)
    number = invoice(owner, client_id, "2026-03-19")["number"]
    items = outlook(owner, client_id)["items"]
    (first, *_), (sms,) = (
        [each for each in items if each["action"] == action] for action in ("email", "sms")
    )
    assert (first["date"], first["to"]) == ("2026-03-18", ["office@mueller.example"])
    assert number in first["subject"]
    assert sms["text"] == f"{number}: please pay 105.00"
    assert sms["to"] == ["+49221123456"]
    assert sms["invoices"][0] == {
        "invoice_id": first["invoices"][0]["invoice_id"],
        "number": number,
        "recurring_id": None,
        "due_date": "2026-03-19",
        "balance": "105.00",
        "currency": "EUR",
    }


def test_who_cannot_be_mailed_leaves_something_to_do(owner: Staff, clock: Clock):
    firm(owner, [{"days": 3, "action": "email"}])
    client_id = client(owner, emails=[], telephone=None)
    invoice(owner, client_id, "2026-03-19")
    (item,) = outlook(owner, client_id)["items"]
    assert (item["action"], item["text"]) == ("task", "Remind by post or telephone")


def test_the_outlook_ends_with_its_last_day(owner: Staff, clock: Clock):
    firm(owner, [{"days": days, "action": "task"} for days in (1, 2, 3)])
    client_id = client(owner)
    invoice(owner, client_id, "2026-03-18")
    found = outlook(owner, client_id, days=3)
    assert (found["until"], found["complete"]) == ("2026-03-20", True)
    assert [each["date"] for each in found["items"]] == ["2026-03-19", "2026-03-20"]


def test_an_outlook_that_would_be_too_long_ends_with_a_whole_day(owner: Staff, clock: Clock):
    client_id = client(owner)
    for _ in range(4):
        recurring(owner, client_id, frequency="daily", start_date="2026-03-19")
    found = outlook(owner, client_id, days=90)
    assert (found["until"], found["complete"]) == ("2026-05-07", False)
    runs = Counter(each["date"] for each in found["items"]
                   if each["action"] == "recurring_invoice")  # fmt: skip
    assert set(runs.values()) == {4}
    assert max(runs) == found["until"]


def test_nothing_is_to_come_of_a_client_that_owes_nothing(owner: Staff, clock: Clock):
    assert outlook(owner, client(owner))["items"] == []


@pytest.mark.parametrize("days", ["0", "91", "x"])
def test_an_outlook_has_one_to_ninety_days(days: str, owner: Staff, clock: Clock):
    answer = owner.get(f"/v1/clients/{client(owner)}/outlook", days=days)
    assert_problem(answer, 422, "validation_failed", "days")


def test_the_outlook_of_nobody(owner: Staff):
    answer = owner.get("/v1/clients/01JA2Y5B7Q8RZ4T9C1N6V3X0WD/outlook")
    assert_problem(answer, 404, "client_not_found")


# ---- Rehearsal ---------------------------------------------------------------------------


def rehearsed(staff: Staff, workflow: Json, client_id: str, **fields: Any) -> list[Json]:
    path = f"/v1/workflows/{workflow['workflow_id']}/rehearse"
    answer = staff.post(path, {"client_id": client_id} | fields)
    assert answer.status == 200, answer.body
    return list(answer.body["items"])


def test_a_rehearsal_shows_what_a_workflow_would_do_that_nobody_has(member: Staff, clock: Clock):
    owner = Staff("owner")
    workflow = made(owner, "/v1/workflows", {"name": "Usual", "active": False, "steps": STEPS})
    client_id = client(owner)
    invoice(owner, client_id, "2026-03-19")
    made(owner, f"/v1/clients/{client_id}/services", {"name": "Hosting"})
    recurring(owner, client_id)
    with stored.unchanged():
        items = rehearsed(member, workflow, client_id)
    assert [(each["date"], each["action"]) for each in items] == [
        ("2026-03-18", "email"),
        ("2026-03-21", "late_fee"),
        ("2026-03-21", "email"),
        ("2026-03-23", "sms"),
        ("2026-03-24", "call"),
        ("2026-03-25", "suspend_services"),
        ("2026-03-28", "late_fee"),
        ("2026-03-28", "email"),
        ("2026-03-31", "task"),
        ("2026-04-04", "late_fee"),
    ]
    assert [each["fee"] for each in items if each["action"] == "late_fee"] == [
        "5.00", "5.00", "2.00",
    ]  # fmt: skip
    ids = {each["step_id"] for each in workflow["steps"]}
    assert {each["step_id"] for each in items} == ids


def test_steps_are_rehearsed_before_they_are_saved(owner: Staff, clock: Clock):
    workflow = firm(owner)
    client_id = client(owner)
    invoice(owner, client_id, "2026-03-19")
    kept = workflow["steps"][1] | {"days": 10}
    steps = [kept, {"days": 20, "action": "task", "text": "Look"}]
    items = rehearsed(owner, workflow, client_id, steps=steps)
    assert [(each["date"], each["step_id"], each["text"]) for each in items] == [
        ("2026-03-29", kept["step_id"], None),
        ("2026-04-08", None, "Look"),
    ]
    assert rehearsed(owner, workflow, client_id, steps=steps, days=13) == items[:1]
    path = f"/v1/workflows/{workflow['workflow_id']}/rehearse"
    wrong = [{"days": 1, "action": "sms"}]
    answer = owner.post(path, {"client_id": client_id, "steps": wrong})
    assert_problem(answer, 422, "validation_failed", "steps.0.text")


def test_what_is_done_already_is_not_rehearsed(owner: Staff, clock: Clock):
    workflow = firm(owner, [{"days": -1, "action": "email"}, {"days": 9, "action": "task"}])
    client_id = client(owner)
    invoice(owner, client_id, "2026-03-19")
    assert len(rehearsed(owner, workflow, client_id)) == 2
    let_pass(clock, clock.at + timedelta(minutes=40))
    assert [each["action"] for each in rehearsed(owner, workflow, client_id)] == ["task"]


def test_a_rehearsal_of_nothing_or_for_nobody(owner: Staff, clock: Clock):
    workflow, nobody = firm(owner), "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    path = f"/v1/workflows/{workflow['workflow_id']}/rehearse"
    assert_problem(owner.post(path, {"client_id": nobody}), 404, "client_not_found")
    other = f"/v1/workflows/{nobody}/rehearse"
    assert_problem(owner.post(other, {"client_id": nobody}), 404, "workflow_not_found")
