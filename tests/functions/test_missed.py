"""What was missed while a client was suspended: listed, and decided about by staff."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.missed.making import missed
from tallybook.transactions import Transaction
from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff, invoke
from tests.support.clock import Clock, turned
from tests.support.recurring import invoices, message, moment, recurring

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with turned(moment("2026-03-10")) as clock:
        yield clock


@pytest.fixture
def acme(owner: Staff) -> str:
    return billing.new_client_id(owner)


@pytest.fixture
def where(acme: str) -> str:
    return f"/v1/clients/{acme}/missed"


@pytest.fixture
def monthly(owner: Staff, acme: str, clock: Clock) -> Json:
    """A client that was suspended while it was to be invoiced in April, May and June."""
    made = recurring(owner, acme, start_date="2026-04-01", name="Hosting")
    suspend(owner, acme)
    clock.set(moment("2026-06-20"))
    run(made)
    return made


def suspend(staff: Staff, client_id: str) -> None:
    assert staff.post(f"/v1/clients/{client_id}/suspend", {"reason": "Unpaid"}).status == 200


def activate(staff: Staff, client_id: str, what: str | None = None, **headers: str) -> Json:
    body = {"missed": what} if what else None
    answer = staff.post(f"/v1/clients/{client_id}/activate", body, **headers)
    assert answer.status == 200, answer.body
    assert answer.etag == f'"{answer.body["version"]}"'
    return dict(answer.body)


def run(*made: Json) -> None:
    refs = [(each["client_id"], each["recurring_id"]) for each in made]
    assert invoke("recurring_runs", message(refs)) == {"batchItemFailures": []}


def listed(staff: Staff, client_id: str) -> list[Json]:
    answer = staff.get(f"/v1/clients/{client_id}/missed", limit="100")
    assert answer.status == 200, answer.body
    return list(answer.body["items"])


def ids(staff: Staff, client_id: str) -> list[str]:
    return [each["missed_id"] for each in listed(staff, client_id)]


def decided(staff: Staff, client_id: str, what: Json | str, **headers: str) -> Json:
    body = {"all": what} if isinstance(what, str) else what
    answer = staff.post(f"/v1/clients/{client_id}/missed", body, **headers)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def dates(staff: Staff, client_id: str) -> list[tuple[str, str]]:
    """The issue date of each invoice, and the time that it is for."""
    return [(each["issue_date"], each["period"]["from"]) for each in invoices(staff, client_id)]


def told(staff: Staff, client_id: str) -> list[Json]:
    entries = staff.get(f"/v1/clients/{client_id}/history", type="invoice").body["items"]
    return [each for each in entries if each["details"].get("what") == "missed"]


# ---- Listed -------------------------------------------------------------------------------


def test_what_was_missed_is_listed_the_oldest_first(
    owner: Staff, member: Staff, acme: str, monthly: Json
):
    first, second, third = listed(member, acme)
    assert first == {
        "client_id": acme,
        "missed_id": f"2026-04-01.recurring.{monthly['recurring_id']}",
        "kind": "recurring",
        "date": "2026-04-01",
        "text": "Hosting of 2026-04-01",
        "amount": "238.00",
        "currency": "EUR",
        "reason": "suspended",
        "recurring_id": monthly["recurring_id"],
        "invoice_id": None,
        "created_at": first["created_at"],
    }
    assert [second["date"], third["date"]] == ["2026-05-01", "2026-06-01"]
    assert invoices(owner, acme) == []


def test_what_was_missed_comes_in_pages(owner: Staff, acme: str, where: str, monthly: Json):
    whole = listed(owner, acme)
    for limit in ("1", "2", "3"):
        seen: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = owner.get(where, limit=limit, **cursor).body
            seen += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == whole


def test_there_is_nothing_of_nobody(owner: Staff):
    for nobody in (NOBODY, "x", "x" * 3000):
        path = f"/v1/clients/{nobody}"
        assert_problem(owner.get(f"{path}/missed"), 404, "client_not_found")
        assert_problem(owner.post(f"{path}/missed", {"all": "drop"}), 404, "client_not_found")
        assert_problem(owner.post(f"{path}/activate"), 404, "client_not_found")


# ---- Periods of recurring invoices --------------------------------------------------------


def test_a_period_is_made_up_for_today_or_on_its_own_date_or_dropped(
    owner: Staff, member: Staff, acme: str, monthly: Json
):
    activate(owner, acme)
    april, may, june = ids(owner, acme)
    answer = decided(
        member,
        acme,
        {
            "decisions": [
                {"missed_id": april, "do": "own_date"},
                {"missed_id": may, "do": "today"},
                {"missed_id": june, "do": "drop"},
            ]
        },
    )
    done = [
        {"missed_id": each, "ok": True, "code": None, "detail": None} for each in (april, may, june)
    ]
    assert answer == {"results": done, "left": 0}
    assert listed(owner, acme) == []
    assert dates(owner, acme) == [("2026-04-01", "2026-04-01"), ("2026-06-20", "2026-05-01")]
    assert all(each["number"] for each in invoices(owner, acme))
    dropped, today, own_date = told(owner, acme)
    assert own_date["text"] == "Missed, and done after all with its own date: Hosting of 2026-04-01"
    assert today["text"] == "Missed, and done after all: Hosting of 2026-05-01"
    assert dropped["text"] == "Missed, and dropped: Hosting of 2026-06-01"
    assert dropped["by"]["staff_id"] == member.staff_id
    assert dropped["details"] == {
        "what": "missed",
        "missed_id": june,
        "decision": "drop",
        "recurring_id": monthly["recurring_id"],
    }


@pytest.mark.parametrize(
    ("what", "issued"),
    [
        ("today", ["2026-06-20"] * 3),
        ("own_date", ["2026-04-01", "2026-05-01", "2026-06-01"]),
        ("drop", []),
    ],
)
def test_the_same_is_decided_about_all(
    what: str, issued: list[str], owner: Staff, acme: str, monthly: Json
):
    activate(owner, acme)
    answer = decided(owner, acme, what)
    assert ([each["ok"] for each in answer["results"]], answer["left"]) == ([True] * 3, 0)
    assert [issue_date for issue_date, _ in dates(owner, acme)] == issued
    assert decided(owner, acme, what) == {"results": [], "left": 0}


def test_while_it_is_suspended_things_are_only_dropped(
    owner: Staff, acme: str, where: str, monthly: Json
):
    april, may, _ = ids(owner, acme)
    drop, make = {"missed_id": april, "do": "drop"}, {"missed_id": may, "do": "today"}
    with stored.unchanged():
        for body in ({"all": "today"}, {"all": "own_date"}, {"decisions": [drop, make]}):
            assert_problem(owner.post(where, body), 409, "client_suspended")
    assert decided(owner, acme, {"decisions": [drop]})["left"] == 2
    assert ids(owner, acme)[0] == may


def test_a_client_that_is_suspended_meanwhile_gets_no_invoice(
    owner: Staff, manager: Staff, acme: str, monthly: Json
):
    activate(owner, acme)
    with stored.in_between("TransactWriteItems", lambda: suspend(manager, acme)):
        answer = decided(owner, acme, "today")
    assert [each["code"] for each in answer["results"]] == ["client_suspended"] * 3
    assert answer["left"] == 3
    assert invoices(owner, acme) == []


def test_of_a_recurring_invoice_that_is_gone_all_can_be_dropped(
    owner: Staff, acme: str, monthly: Json
):
    activate(owner, acme)
    path = f"/v1/clients/{acme}/recurring-invoices/{monthly['recurring_id']}"
    assert owner.delete(path).status == 204
    answer = decided(owner, acme, "today")
    assert {each["code"] for each in answer["results"]} == {"recurring_invoice_deleted"}
    assert answer["left"] == 3
    assert decided(owner, acme, "drop")["left"] == 0


def test_one_that_fails_stops_no_other_and_stays(owner: Staff, acme: str, monthly: Json):
    owner.patch("/v1/settings", {"billing": {"closed_until": "2026-04-30"}})
    activate(owner, acme)
    answer = decided(owner, acme, "own_date")
    assert [each["ok"] for each in answer["results"]] == [False, True, True]
    april = answer["results"][0]
    assert april["code"] == "validation_failed"
    assert "closed up to 2026-04-30" in april["detail"]
    assert (answer["left"], ids(owner, acme)) == (1, [april["missed_id"]])
    assert decided(owner, acme, "today")["left"] == 0
    assert [day for day, _ in dates(owner, acme)] == ["2026-05-01", "2026-06-01", "2026-06-20"]


def test_what_was_decided_before_is_not_there(owner: Staff, acme: str, monthly: Json):
    activate(owner, acme)
    april = ids(owner, acme)[0]
    body = {"decisions": [{"missed_id": april, "do": "today"}]}
    assert decided(owner, acme, body)["results"][0]["ok"]
    with stored.unchanged():
        again = decided(owner, acme, body)["results"][0]
    assert (again["ok"], again["code"]) == (False, "missed_not_found")


def test_of_two_who_decide_at_once_one_does(owner: Staff, manager: Staff, acme: str, monthly: Json):
    activate(owner, acme)
    april = ids(owner, acme)[0]
    body = {"decisions": [{"missed_id": april, "do": "today"}]}
    with stored.in_between("TransactWriteItems", lambda: decided(manager, acme, body)):
        late = decided(owner, acme, body)["results"][0]
    assert late["code"] == "missed_not_found"
    assert len(invoices(owner, acme)) == 1


def test_a_key_decides_once(owner: Staff, acme: str, monthly: Json):
    activate(owner, acme)
    first = decided(owner, acme, "today", idempotency_key="k")
    with stored.unchanged():
        assert decided(owner, acme, "today", idempotency_key="k") == first
    assert len(invoices(owner, acme)) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"all": "drop", "decisions": [{"missed_id": "x", "do": "drop"}]}, "body"),
        ({"all": "later"}, "all"),
        ({"decisions": []}, "decisions"),
        ({"decisions": [{"missed_id": "x", "do": "drop"}] * 101}, "decisions"),
        ({"decisions": [{"missed_id": "x"}]}, "decisions.0.do"),
        ({"decisions": [{"missed_id": "", "do": "drop"}]}, "decisions.0.missed_id"),
        ({"decisions": [{"missed_id": "x" * 201, "do": "drop"}]}, "decisions.0.missed_id"),
        (
            {"decisions": [{"missed_id": each, "do": "drop"} for each in ("a.b", "a#b")]},
            "decisions.1.missed_id",  # else two names of one item
        ),
    ],
)
def test_what_is_no_decision_is_named(body: Json, field: str, owner: Staff, where: str):
    answer = owner.post(where, body)
    assert answer.status == 422
    assert list(answer.fields) == [field]


def test_an_id_of_something_else_decides_nothing(owner: Staff, acme: str, monthly: Json):
    activate(owner, acme)
    for wrong in ("x", "CLIENT", ".", f"2026-04-01.recurring.{NOBODY}"):
        with stored.unchanged():
            answer = decided(owner, acme, {"decisions": [{"missed_id": wrong, "do": "drop"}]})
        assert answer["results"][0]["code"] == "missed_not_found"
        assert answer["left"] == 3


# ---- Steps of workflows -------------------------------------------------------------------


@pytest.fixture
def overdue(owner: Staff, acme: str) -> Json:
    return billing.invoiced(owner, acme, "100.00", issue_date="2026-02-01", due_date="2026-02-15")


MARK = f"{NOBODY}#client"


@pytest.fixture
def step(acme: str, overdue: Json) -> str:
    """The id of a reminder that was missed."""
    transaction, invoice_id = Transaction(), overdue["invoice_id"]
    missed(
        transaction,
        acme,
        kind="step",
        day=date(2026, 2, 22),
        ref=f"{invoice_id}~{MARK}",
        text="Invoice INV-2026-00001: reminder by e-mail",
        reason="suspended",
        subject={"invoice_id": invoice_id, "mark": MARK},
        at=now(),
        amount=Decimal(5),
        currency="EUR",
    )
    transaction.commit()
    marks = {MARK: {"on": "2026-02-22", "what": "missed"}}
    stored.alter(f"CLIENT#{acme}", f"INVOICE#{invoice_id}", steps=marks)
    return f"2026-02-22.step.{invoice_id}~{NOBODY}.client"


def mark(client_id: str, invoice: Json) -> Json:
    item = stored.item(f"CLIENT#{client_id}", f"INVOICE#{invoice['invoice_id']}")
    return dict(item["steps"][MARK])


def attention(client_id: str) -> object:
    return stored.item(f"CLIENT#{client_id}", "CLIENT").get("attention")


@pytest.mark.parametrize("what", ["today", "own_date"])
def test_a_step_is_done_by_who_looks_at_the_client(
    what: str, owner: Staff, acme: str, overdue: Json, step: str
):
    (shown,) = listed(owner, acme)
    assert (shown["missed_id"], shown["kind"], shown["amount"]) == (step, "step", "5.00")
    assert (shown["invoice_id"], shown["recurring_id"]) == (overdue["invoice_id"], None)
    before = attention(acme)
    answer = decided(owner, acme, {"decisions": [{"missed_id": step, "do": what}]})
    assert answer["results"][0]["ok"], answer
    again = {"on": "2026-03-10", "what": "again", "own_date": what == "own_date"}
    assert mark(acme, overdue) == again
    assert attention(acme) != before
    assert listed(owner, acme) == []
    assert told(owner, acme)[0]["details"]["invoice_id"] == overdue["invoice_id"]


def test_a_step_that_is_dropped_is_never_done(owner: Staff, acme: str, overdue: Json, step: str):
    suspend(owner, acme)
    before = attention(acme)
    assert decided(owner, acme, "drop")["left"] == 0
    assert mark(acme, overdue) == {"on": "2026-03-10", "what": "dropped"}
    assert attention(acme) == before
    assert listed(owner, acme) == []


def test_no_step_is_done_for_a_client_that_is_suspended_meanwhile(
    owner: Staff, manager: Staff, acme: str, overdue: Json, step: str
):
    with stored.in_between("TransactWriteItems", lambda: suspend(manager, acme)):
        answer = decided(owner, acme, "today")
    assert answer["results"][0]["code"] == "client_suspended"
    assert mark(acme, overdue)["what"] == "missed"
    assert ids(owner, acme) == [step]


# ---- Activating ---------------------------------------------------------------------------


def test_who_activates_a_client_is_asked_and_nothing_is_done_by_itself(
    owner: Staff, acme: str, monthly: Json
):
    client = activate(owner, acme)
    assert (client["missed"], client["results"]) == (3, [])
    assert (client["status"], client["suspended"]) == ("active", None)
    read = owner.get(f"/v1/clients/{acme}").body
    assert {name: client[name] for name in read} == read
    assert len(listed(owner, acme)) == 3
    assert invoices(owner, acme) == []


@pytest.mark.parametrize(("what", "made"), [("today", 3), ("own_date", 3), ("drop", 0)])
def test_who_activates_a_client_can_decide_at_once(
    what: str, made: int, owner: Staff, acme: str, monthly: Json
):
    client = activate(owner, acme, what)
    assert client["missed"] == 0
    assert [each["ok"] for each in client["results"]] == [True] * 3
    assert len(invoices(owner, acme)) == made
    account = billing.account(owner, acme)
    assert [each for each in client["account"] if each["currency"] == "EUR"] == [account]


def test_a_key_activates_a_client_once(owner: Staff, acme: str, monthly: Json):
    first = activate(owner, acme, "today", idempotency_key="k")
    suspend(owner, acme)
    with stored.unchanged():
        assert activate(owner, acme, "today", idempotency_key="k") == first
        other = owner.post(f"/v1/clients/{acme}/activate", {}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")
    assert owner.get(f"/v1/clients/{acme}").body["status"] == "suspended"


def test_a_client_that_is_activated_in_bulk_is_asked_about(owner: Staff, acme: str, monthly: Json):
    change = {"action": "activate", "client_ids": [acme]}
    assert owner.post("/v1/clients/bulk", change).body["results"][0]["ok"]
    assert len(listed(owner, acme)) == 3
    assert invoices(owner, acme) == []


def test_how_a_client_is_activated_is_one_of_four(owner: Staff, acme: str):
    answer = owner.post(f"/v1/clients/{acme}/activate", {"missed": "later"})
    assert list(answer.fields) == ["missed"]
