"""Promises, tasks and decisions whose container dies anywhere are made once when asked for again.

The container dies before each of its calls of AWS, or after each that writes.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.chasing import looking
from tallybook.dates import now
from tallybook.recurring import running
from tests.support import billing, billing_audit, snapshots
from tests.support.api import Staff
from tests.support.billing_trial import Trial, seen
from tests.support.clock import Clock, turned
from tests.support.faults import Death, death_at_call, no_pauses
from tests.support.local_table import forget
from tests.support.recurring import recurring

WHEN = pytest.mark.parametrize("when", ["before", "after"])
SPRING = datetime(2026, 3, 10, 12, tzinfo=UTC)

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    with turned(SPRING) as clock:
        yield clock


@pytest.fixture
def acme(owner: Staff, clock: Clock) -> str:
    return billing.new_client_id(owner)


@pytest.fixture
def missed(owner: Staff, acme: str, clock: Clock) -> list[str]:
    """What was missed of a client in April, May and June while it was suspended."""
    made = recurring(owner, acme, start_date="2026-04-01", auto_send=False)
    assert owner.post(f"/v1/clients/{acme}/suspend", {}).status == 200
    clock.set(datetime(2026, 6, 20, 12, tzinfo=UTC))
    running.run([(acme, made["recurring_id"])], at=now())
    items = owner.get(f"/v1/clients/{acme}/missed").body["items"]
    assert len(items) == 3
    return [each["missed_id"] for each in items]


# ---- Promises and tasks ---------------------------------------------------------------------


@WHEN
@pytest.mark.parametrize("deed", ["promises", "tasks"])
def test_a_promise_or_task_is_made_once(admin: Any, owner: Staff, acme: str, deed: str, when: str):
    bodies = {
        "promises": {"amount": "80.00", "date": "2026-03-20"},
        "tasks": {"title": "Ask", "due_date": "2026-03-20"},
    }
    trial = Trial(admin, owner, f"/v1/clients/{acme}/{deed}", bodies[deed])
    trial.check(when, deaths=1)
    assert len(owner.get(f"/v1/clients/{acme}/{deed}").body["items"]) == 1


@WHEN
def test_a_task_is_completed_once(admin: Any, owner: Staff, acme: str, when: str):
    path = f"/v1/clients/{acme}/tasks"
    task = owner.post(path, {"title": "Ask"}).body
    Trial(admin, owner, f"{path}/{task['task_id']}/complete", None).check(when, deaths=1)


@WHEN
def test_a_broken_promise_leaves_one_task_wherever_its_worker_died(
    admin: Any, owner: Staff, acme: str, clock: Clock, when: str
):
    billing.invoiced(owner, acme, "100.00", due_date="2026-12-31")
    for amount in ("80.00", "90.00"):
        body = {"amount": amount, "date": "2026-03-20"}
        assert owner.post(f"/v1/clients/{acme}/promises", body).status == 201
    clock.set(SPRING + timedelta(days=11))
    before = snapshots.take(admin, objects=False)

    def look() -> Counter[str]:
        forget()
        looking.look(acme, now())
        return seen(snapshots.take(admin, objects=False), before)

    expected = look()
    tasks = owner.get(f"/v1/clients/{acme}/tasks").body["items"]
    assert len(tasks) == 2
    died = 0
    for count in range(1, 200):
        snapshots.restore(admin, before, objects=False)
        try:
            with death_at_call(count, when=when):
                look()
        except Death:
            died += 1
            assert look() == expected
            assert look() == expected
        else:
            break
    assert died >= 3  # each promise, and the date of the next look


# ---- Decisions ------------------------------------------------------------------------------


def decisions(missed: list[str]) -> Json:
    what = ("own_date", "today", "drop")
    chosen = [{"missed_id": each, "do": do} for each, do in zip(missed, what, strict=True)]
    return {"decisions": chosen}


@WHEN
def test_each_decision_is_done_once(
    admin: Any, owner: Staff, acme: str, missed: list[str], when: str
):
    assert owner.post(f"/v1/clients/{acme}/activate", {}).status == 200
    path = f"/v1/clients/{acme}/missed"
    Trial(admin, owner, path, decisions(missed)).check(when, deaths=4)
    assert owner.get(path).body["items"] == []
    assert len(owner.get(f"/v1/clients/{acme}/invoices").body["items"]) == 2


@WHEN
@pytest.mark.parametrize("what", ["ask", "today", "drop"])
def test_a_client_is_activated_once_and_nothing_missed_is_done_twice_or_forgotten(
    admin: Any, owner: Staff, acme: str, missed: list[str], what: str, when: str
):
    """What a dead container had decided is not told again, so only the table is compared."""
    trial = Trial(admin, owner, f"/v1/clients/{acme}/activate", {"missed": what})
    assert trial.ask().status == 200
    expected = standing(admin, owner, acme)
    died = 0
    for _ in trial.deaths(when):
        died += 1
        answer = trial.ask()
        assert answer.status == 200, answer.body
        assert answer.body["missed"] == (3 if what == "ask" else 0)
        assert standing(admin, owner, acme) == expected
        again = trial.ask()
        assert again.body == answer.body
        assert standing(admin, owner, acme) == expected
    assert died >= (2 if what == "ask" else 5)


@WHEN
@pytest.mark.parametrize("what", ["today", "drop"])
def test_a_step_is_decided_about_once_and_then_done_once(
    admin: Any, owner: Staff, acme: str, clock: Clock, what: str, when: str
):
    steps = [{"days": 1, "action": "task", "text": "Ring them up."}]
    made = owner.post("/v1/workflows", {"name": "Usual", "steps": steps})
    assert made.status == 201, made.body
    path = f"/v1/clients/{acme}"
    assert owner.patch(path, {"workflow_id": made.body["workflow_id"]}).status == 200
    billing.invoiced(owner, acme, "100.00", due_date="2026-03-20")
    assert owner.post(f"{path}/suspend", {}).status == 200
    clock.set(SPRING + timedelta(days=30))
    looking.look(acme, now())
    assert owner.get(f"{path}/tasks").body["items"] == []
    (missed,) = owner.get(f"{path}/missed").body["items"]
    assert owner.post(f"{path}/activate", {}).status == 200
    looking.look(acme, now())
    assert owner.get(f"{path}/tasks").body["items"] == []  # nobody has decided
    body = {"decisions": [{"missed_id": missed["missed_id"], "do": what}]}
    Trial(admin, owner, f"{path}/missed", body).check(when, deaths=2)
    for _ in range(2):
        looking.look(acme, now())
        tasks = owner.get(f"{path}/tasks").body["items"]
        assert len(tasks) == (1 if what == "today" else 0)


def standing(admin: Any, owner: Staff, client_id: str) -> Json:
    """What became of the client, but for ids."""
    assert billing_audit.faults(snapshots.take(admin, objects=False).plain()) == []
    path = f"/v1/clients/{client_id}"
    rows = owner.get(f"{path}/invoices", limit="100").body["items"]
    history = owner.get(f"{path}/history", limit="100").body["items"]
    client = owner.get(path).body
    return {
        "status": client["status"],
        "account": client["account"],
        "invoices": sorted((row["issue_date"], row["total"], row["number"]) for row in rows),
        "missed": len(owner.get(f"{path}/missed").body["items"]),
        "history": Counter(each["text"] for each in history),
    }
