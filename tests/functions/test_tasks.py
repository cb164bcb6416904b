"""Tasks: what somebody has to do for a client, until it is done."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tallybook.clients.presence import current
from tallybook.dates import now
from tallybook.tasks.making import task
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff
from tests.support.billing import invoiced, new_client_id
from tests.support.clock import turned

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with turned(datetime(2026, 3, 10, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def acme(owner: Staff) -> str:
    return new_client_id(owner)


@pytest.fixture
def tasks(acme: str) -> str:
    return f"/v1/clients/{acme}/tasks"


@pytest.fixture
def ada(specialist: Staff) -> Staff:
    """A member of staff whom tasks can be given to."""
    stored.put(f"STAFF#{specialist.staff_id}", "STAFF", row={"active": True})
    return specialist


def made(staff: Staff, client_id: str, **fields: Any) -> Json:
    answer = staff.post(f"/v1/clients/{client_id}/tasks", {"title": "Ask"} | fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def where(task: Json) -> str:
    return f"/v1/clients/{task['client_id']}/tasks/{task['task_id']}"


def titles(staff: Staff, **query: str) -> list[str]:
    answer = staff.get("/v1/tasks", **query)
    assert answer.status == 200, answer.body
    return [each["title"] for each in answer.body["items"]]


def told(staff: Staff, client_id: str) -> list[Json]:
    return list(staff.get(f"/v1/clients/{client_id}/history", type="task").body["items"])


def event_of(entry: Json, client_id: str) -> str:
    return str(stored.item(f"CLIENT#{client_id}", f"HISTORY#{entry['entry_id']}")["event"])


# ---- Made ---------------------------------------------------------------------------------


def test_a_task_is_made_for_somebody(member: Staff, ada: Staff, acme: str, tasks: str):
    answer = member.post(
        tasks,
        {
            "title": "Ring her up",
            "kind": "call",
            "body": "About the invoice of May.\nShe is back on Monday.",
            "due_date": "2026-03-12",
            "assignee": ada.staff_id,
        },
    )
    assert answer.status == 201
    task = answer.body
    assert answer.etag == '"1"'
    assert answer.headers["location"] == where(task)
    assert task == {
        "client_id": acme,
        "task_id": task["task_id"],
        "kind": "call",
        "title": "Ring her up",
        "status": "open",
        "assignee": ada.staff_id,
        "due_date": "2026-03-12",
        "created_at": task["created_at"],
        "body": "About the invoice of May.\nShe is back on Monday.",
        "invoice_ids": [],
        "by": {"staff_id": member.staff_id, "name": "The staff"},
        "done": None,
        "version": 1,
    }
    assert member.get(where(task)).body == task
    (entry,) = told(member, acme)
    assert entry["text"] == "Ring her up"
    assert entry["by"]["staff_id"] == member.staff_id
    assert entry["details"] == {"task_id": task["task_id"], "what": "created", "task": "call"}
    assert event_of(entry, acme) == "task.created"


def test_a_task_is_the_specialists_and_for_today_unless_it_says_more(
    owner: Staff, ada: Staff, acme: str
):
    assert made(owner, acme)["assignee"] is None
    assert made(owner, acme)["due_date"] == "2026-03-10"
    client_id = new_client_id(owner, ar_specialist=ada.staff_id)
    assert made(owner, client_id)["assignee"] == ada.staff_id
    assert made(owner, client_id, assignee=None)["assignee"] is None
    owner.patch("/v1/settings", {"time_zone": "Pacific/Kiritimati"})
    assert made(owner, client_id)["due_date"] == "2026-03-11"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"kind": "visit"}, "kind"),
        ({"body": "x" * 5001}, "body"),
        ({"due_date": "soon"}, "due_date"),
        ({"assignee": "nobody-of-ours"}, "assignee"),
        ({"assignee": "x" * 61}, "assignee"),
        ({"status": "done"}, "status"),
    ],
)
def test_what_is_wrong_with_a_task_is_named(fields: Json, field: str, owner: Staff, tasks: str):
    with stored.unchanged():
        answer = owner.post(tasks, {"title": "Ask"} | fields)
    assert answer.status == 422
    assert list(answer.fields) == [field]


def test_a_key_makes_one_task(owner: Staff, acme: str, tasks: str):
    first = owner.post(tasks, {"title": "Ask"}, idempotency_key="k")
    with stored.unchanged():
        again = owner.post(tasks, {"title": "Ask"}, idempotency_key="k")
    assert (again.status, again.body, again.etag) == (201, first.body, first.etag)


def test_there_are_no_tasks_of_nobody(owner: Staff, acme: str):
    for nobody in (NOBODY, "x", "x" * 3000):
        path = f"/v1/clients/{nobody}/tasks"
        assert_problem(owner.get(path), 404, "client_not_found")
        assert_problem(owner.post(path, {"title": "Ask"}), 404, "client_not_found")
        assert_problem(owner.get(f"{path}/{NOBODY}"), 404, "client_not_found")
    for nothing in (NOBODY, "x", "x" * 3000):
        path = f"/v1/clients/{acme}/tasks/{nothing}"
        assert_problem(owner.get(path), 404, "task_not_found")
        assert_problem(owner.post(f"{path}/complete"), 404, "task_not_found")


def test_a_client_that_is_deleted_meanwhile_gets_no_task(owner: Staff, acme: str, tasks: str):
    with stored.in_between("TransactWriteItems", lambda: owner.delete(f"/v1/clients/{acme}")):
        assert_problem(owner.post(tasks, {"title": "Ask"}), 404, "client_not_found")
    assert titles(owner, assignee="none") == []


# ---- Made by the system -------------------------------------------------------------------


def by_itself(client_id: str, **fields: Any) -> None:
    transaction = Transaction()
    wanted: Json = {"title": "Post it", "due_date": date(2026, 3, 11), "assignee": None} | fields
    task(transaction, current(client_id), at=now(), **wanted)
    assert len(transaction) == 2
    transaction.commit()


def test_the_system_leaves_tasks_too(owner: Staff, ada: Staff, acme: str):
    invoice_id = invoiced(owner, acme, "10.00")["invoice_id"]
    by_itself(acme, kind="print", assignee=ada.staff_id, invoice_ids=[invoice_id])
    (row,) = ada.get("/v1/tasks").body["items"]
    shown = ada.get(where(row)).body
    assert (shown["kind"], shown["by"], shown["invoice_ids"]) == ("print", None, [invoice_id])
    assert told(owner, acme)[0]["by"] is None


def test_a_task_with_an_id_of_its_own_is_made_once(owner: Staff, acme: str):
    by_itself(acme, task_id=NOBODY)
    with stored.unchanged(), pytest.raises(VersionChanged):
        by_itself(acme, task_id=NOBODY)


# ---- Listed -------------------------------------------------------------------------------


def test_everybody_sees_what_they_have_to_do_what_is_due_first(owner: Staff, ada: Staff, acme: str):
    for title, day, whose in (
        ("third", "2026-04-01", ada.staff_id),
        ("first", "2026-02-01", ada.staff_id),
        ("nobody's", "2026-01-01", None),
        ("second", "2026-02-02", ada.staff_id),
    ):
        made(owner, acme, title=title, due_date=day, assignee=whose)
    assert titles(ada) == titles(ada, assignee="me") == ["first", "second", "third"]
    assert titles(owner, assignee=ada.staff_id, status="open") == ["first", "second", "third"]
    assert titles(ada, assignee="none") == ["nobody's"]
    assert titles(owner) == []
    row = ada.get("/v1/tasks").body["items"][0]
    assert row["client"] == {"client_id": acme, "number": "C-0001", "business_name": "Acme"}
    assert row["due_date"] == "2026-02-01"


def test_tasks_come_in_pages(owner: Staff, ada: Staff, acme: str, tasks: str):
    for day in range(1, 6):
        made(owner, acme, title=str(day), due_date=f"2026-03-0{day}", assignee=ada.staff_id)
    for path, wanted in (("/v1/tasks", "12345"), (tasks, "54321")):
        for limit in ("1", "2", "4", "5", "100"):
            seen, cursor = "", dict[str, str]()
            while True:
                page = ada.get(path, limit=limit, **cursor).body
                seen += "".join(each["title"] for each in page["items"])
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert seen == wanted


def test_a_cursor_of_somebody_elses_tasks_is_refused(owner: Staff, ada: Staff, acme: str):
    for _ in range(2):
        made(owner, acme, assignee=ada.staff_id)
    cursor = ada.get("/v1/tasks", limit="1").body["next_cursor"]
    assert_problem(owner.get("/v1/tasks", cursor=cursor), 400, "invalid_cursor")
    assert owner.get("/v1/tasks", assignee=ada.staff_id, cursor=cursor).status == 200


@pytest.mark.parametrize("query", [{"status": "done"}, {"assignee": ""}, {"colour": "red"}])
def test_an_unknown_filter_is_an_error(query: dict[str, str], owner: Staff):
    assert owner.get("/v1/tasks", **query).status == 422


# ---- Done ---------------------------------------------------------------------------------


def test_a_task_that_is_done_leaves_the_list_and_can_come_back(
    owner: Staff, ada: Staff, acme: str, tasks: str
):
    task = made(owner, acme, assignee=ada.staff_id)
    done = ada.post(f"{where(task)}/complete")
    assert (done.status, done.etag) == (200, '"2"')
    assert done.body["status"] == "done"
    assert done.body["done"]["by"]["staff_id"] == ada.staff_id
    assert owner.get(where(task)).body == done.body
    assert titles(ada) == []
    assert owner.get(tasks).body["items"][0]["status"] == "done"
    opened = owner.post(f"{where(task)}/reopen")
    assert opened.body == task | {"version": 3}
    assert titles(ada) == ["Ask"]
    entries = told(owner, acme)
    assert [each["text"] for each in entries] == [
        "Task reopened: Ask",
        "Task completed: Ask",
        "Ask",
    ]
    events = ["task.reopened", "task.completed", "task.created"]
    assert [event_of(each, acme) for each in entries] == events


def test_what_is_said_twice_changes_nothing_more(owner: Staff, acme: str):
    task = made(owner, acme)
    with stored.unchanged():
        assert owner.post(f"{where(task)}/reopen").body == task
    done = owner.post(f"{where(task)}/complete").body
    with stored.unchanged():
        assert owner.post(f"{where(task)}/complete").body == done


def test_a_stale_if_match_changes_nothing(owner: Staff, acme: str):
    task = made(owner, acme)
    with stored.unchanged():
        for deed in ("complete", "reopen"):
            answer = owner.post(f"{where(task)}/{deed}", if_match='"2"')
            assert_problem(answer, 412, "stale_version")
    assert owner.post(f"{where(task)}/complete", if_match='"1"').status == 200


def test_a_key_completes_a_task_once(owner: Staff, acme: str):
    task = made(owner, acme)
    first = owner.post(f"{where(task)}/complete", idempotency_key="k")
    owner.post(f"{where(task)}/reopen")
    with stored.unchanged():
        again = owner.post(f"{where(task)}/complete", idempotency_key="k")
    assert (again.body, again.headers["idempotency-replayed"]) == (first.body, "true")


def test_of_two_who_do_it_at_once_one_did(owner: Staff, member: Staff, acme: str):
    task = made(owner, acme)
    rival = lambda: member.post(f"{where(task)}/complete")  # noqa: E731
    with stored.in_between("TransactWriteItems", rival):
        done = owner.post(f"{where(task)}/complete").body
    assert done["done"]["by"]["staff_id"] == member.staff_id
    assert len(told(owner, acme)) == 2
