"""Workflows: made, changed and deleted, and what the steps of one may say."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff

WORKFLOWS = "/v1/workflows"
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
EMAIL: dict[str, Any] = {"days": 3, "action": "email"}
FEE: dict[str, Any] = {"days": 7, "action": "late_fee", "fee": {"percent": "1"}}
EVERY_KIND: list[dict[str, Any]] = [
    {"days": -3, "action": "email", "template": "reminder_friendly"},
    {"days": 5, "action": "sms", "text": "Invoice {{ invoice.number }} is unpaid."},
    {"days": 7, "action": "late_fee", "fee": {"amount": "40", "currency": "EUR"}},
    {"days": 10, "action": "call", "text": "Ask when they pay."},
    {"days": 14, "action": "task"},
    {"days": 30, "action": "suspend_services"},
]


def made(staff: Staff, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = staff.post(WORKFLOWS, {"name": "Usual", "steps": list(steps)} | fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def path(workflow: dict[str, Any]) -> str:
    return f"{WORKFLOWS}/{workflow['workflow_id']}"


def refused(answer: Answer) -> dict[str, str]:
    assert_problem(answer, 422, "validation_failed", *answer.fields)
    return answer.fields


def agenda(pk: str, sk: str) -> str | None:
    key = stored.item(pk, sk).get("agenda_sk")
    return key and str(key)


def called(workflow: dict[str, Any]) -> str | None:
    return agenda(f"WORKFLOW#{workflow['workflow_id']}", "WORKFLOW")


# ---- Make and read -----------------------------------------------------------------------


def test_a_workflow_reads_as_it_was_made(manager: Staff, member: Staff):
    answer = manager.post(WORKFLOWS, {"name": "Usual", "steps": EVERY_KIND})
    assert (answer.status, answer.etag) == (201, '"1"')
    assert answer.headers["location"] == path(answer.body)
    nothing = {"template": None, "text": None, "fee": None}
    fee = {"percent": None, "per": "once", "cap_amount": None, "cap_percent": None}
    ids = [each["step_id"] for each in answer.body["steps"]]
    assert len(set(ids)) == len(EVERY_KIND)
    expected = [
        nothing | step | {"step_id": id_} for step, id_ in zip(EVERY_KIND, ids, strict=True)
    ]
    expected[2]["fee"] = fee | EVERY_KIND[2]["fee"]
    assert answer.body == {
        "workflow_id": answer.body["workflow_id"],
        "name": "Usual",
        "active": True,
        "steps": expected,
        "created_at": answer.body["created_at"],
        "updated_at": answer.body["created_at"],
        "version": 1,
    }
    read = member.get(path(answer.body))
    assert (read.status, read.body, read.etag) == (200, answer.body, '"1"')


def test_a_preset_is_ready_to_use(manager: Staff):
    body = manager.post(WORKFLOWS, {"preset": "standard"}).body
    assert (body["name"], body["active"]) == ("Standard", True)
    assert [(each["days"], each["action"], each["template"]) for each in body["steps"]] == [
        (3, "email", "reminder_friendly"),
        (14, "email", "reminder_firm"),
        (21, "call", None),
        (28, "email", "reminder_final"),
        (42, "task", None),
    ]
    other = manager.post(WORKFLOWS, {"preset": "standard", "name": "Mild", "active": False}).body
    assert (other["name"], other["active"], len(other["steps"])) == ("Mild", False, 5)
    assert other["steps"][0]["step_id"] != body["steps"][0]["step_id"]


def test_a_preset_has_its_own_steps_and_the_rest_needs_a_name(manager: Staff):
    assert set(refused(manager.post(WORKFLOWS, {"preset": "standard", "steps": []}))) == {"steps"}
    assert set(refused(manager.post(WORKFLOWS, {"preset": "harsh"}))) == {"preset"}
    assert set(refused(manager.post(WORKFLOWS, {"steps": []}))) == {"name"}
    assert stored.keys() == []


def test_a_workflow_without_steps_does_nothing_which_may_be_wanted(manager: Staff):
    assert made(manager)["steps"] == []


def test_workflows_are_listed_by_name_page_by_page(manager: Staff, member: Staff):
    for name in ("Ötzi", "beta", "Alpha"):
        made(manager, EMAIL, FEE, name=name)
    first = member.get(WORKFLOWS, limit="2").body
    rest = member.get(WORKFLOWS, limit="2", cursor=first["next_cursor"]).body
    assert [each["name"] for each in first["items"]] == ["Alpha", "beta"]
    assert ([each["name"] for each in rest["items"]], rest["next_cursor"]) == (["Ötzi"], None)
    row = first["items"][0]
    assert row.keys() == {"workflow_id", "name", "active", "steps", "created_at"}
    assert (row["active"], row["steps"]) == (True, 2)


def test_a_workflow_is_made_once_however_often_it_is_asked_for(manager: Staff):
    body = {"name": "Usual", "steps": [EMAIL]}
    one, two = (manager.post(WORKFLOWS, body, idempotency_key="k") for _ in range(2))
    assert (one.body, two.headers["idempotency-replayed"]) == (two.body, "true")
    assert len(manager.get(WORKFLOWS).body["items"]) == 1


@pytest.mark.parametrize("workflow_id", [NOBODY, "x", "a" * 3000])
def test_a_workflow_that_is_not_there(workflow_id: str, manager: Staff):
    there = f"{WORKFLOWS}/{workflow_id}"
    for answer in (manager.get(there), manager.patch(there, {"name": "x"}), manager.delete(there)):
        assert_problem(answer, 404, "workflow_not_found")


@pytest.mark.parametrize("role", ["specialist", "staff"])
def test_managers_alone_decide_about_workflows(role: str, manager: Staff):
    workflow, other = made(manager, EMAIL), Staff(role)
    with stored.unchanged():
        assert_problem(other.post(WORKFLOWS, {"name": "x"}), 403, "forbidden")
        assert_problem(other.patch(path(workflow), {"name": "x"}), 403, "forbidden")
        assert_problem(other.delete(path(workflow)), 403, "forbidden")
    assert other.get(path(workflow)).status == 200


# ---- What steps may say ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ({"action": "email"}, "days"),
        ({"days": 3}, "action"),
        ({"days": 366, "action": "task"}, "days"),
        ({"days": -91, "action": "task"}, "days"),
        ({"days": "3", "action": "task"}, "days"),
        ({"days": 3, "action": "fax"}, "action"),
        (EMAIL | {"template": "Not one"}, "template"),
        (EMAIL | {"template": "unheard_of"}, "template"),
        (EMAIL | {"template": "payment_receipt"}, "template"),
        (EMAIL | {"text": "Pay"}, "text"),
        (EMAIL | {"fee": {"percent": "1"}}, "fee"),
        (EMAIL | {"step_id": NOBODY}, "step_id"),
        ({"days": 3, "action": "sms"}, "text"),
        ({"days": 3, "action": "sms", "text": " "}, "text"),
        ({"days": 3, "action": "sms", "text": "x" * 1601}, "text"),
        ({"days": 3, "action": "sms", "text": "ä" * 801}, "text"),
        ({"days": 3, "action": "sms", "text": "{{ password }}"}, "text"),
        ({"days": 3, "action": "sms", "text": "{{ invoice"}, "text"),
        ({"days": 3, "action": "task", "template": "reminder_firm"}, "template"),
        ({"days": 3, "action": "late_fee"}, "fee"),
        ({"days": 0, "action": "late_fee", "fee": {"percent": "1"}}, "days"),
        ({"days": 0, "action": "suspend_services"}, "days"),
        ({"days": 3, "action": "suspend_services", "text": "x"}, "text"),
        (FEE | {"fee": {}}, "fee"),
        (FEE | {"fee": {"percent": "1", "amount": "1", "currency": "EUR"}}, "fee"),
        (FEE | {"fee": {"percent": "0"}}, "fee.percent"),
        (FEE | {"fee": {"percent": "101"}}, "fee.percent"),
        (FEE | {"fee": {"percent": 1}}, "fee.percent"),
        (FEE | {"fee": {"amount": "5"}}, "fee.currency"),
        (FEE | {"fee": {"amount": "5", "currency": "XXX"}}, "fee.currency"),
        (FEE | {"fee": {"amount": "0.00", "currency": "EUR"}}, "fee.amount"),
        (FEE | {"fee": {"amount": "-5", "currency": "EUR"}}, "fee.amount"),
        (FEE | {"fee": {"amount": "5.001", "currency": "EUR"}}, "fee.amount"),
        (FEE | {"fee": {"amount": "5.5", "currency": "JPY"}}, "fee.amount"),
        (FEE | {"fee": {"percent": "1", "per": "day"}}, "fee.per"),
        (FEE | {"fee": {"percent": "1", "cap_amount": "0"}}, "fee.cap_amount"),
        (FEE | {"fee": {"percent": "1", "cap_percent": "200"}}, "fee.cap_percent"),
    ],
)
def test_a_mistake_is_named_by_its_step_and_field(step: dict[str, Any], field: str, manager: Staff):
    answer = manager.post(WORKFLOWS, {"name": "x", "steps": [EMAIL, step]})
    assert list(refused(answer)) == [f"steps.1.{field}"]
    assert stored.keys() == []


def test_every_mistake_is_told_at_once(manager: Staff):
    steps = [EMAIL | {"template": "unheard_of"}, FEE | {"fee": {"amount": "1"}}]
    answer = manager.post(WORKFLOWS, {"name": "x", "steps": steps})
    assert set(refused(answer)) == {"steps.0.template", "steps.1.fee.currency"}


def test_a_workflow_has_twenty_steps_at_most(manager: Staff):
    assert len(made(manager, *[EMAIL] * 20)["steps"]) == 20
    answer = manager.post(WORKFLOWS, {"name": "x", "steps": [EMAIL] * 21})
    assert set(refused(answer)) == {"steps"}


def test_a_reminder_is_written_from_a_template_of_the_firm_s_own(manager: Staff):
    for name, base in (("mild", "reminder_friendly"), ("thanks", "payment_receipt")):
        manager.post("/v1/email-templates", {"name": name, "based_on": base})
    workflow = made(manager, EMAIL | {"template": "mild"})
    assert workflow["steps"][0]["template"] == "mild"
    answer = manager.patch(path(workflow), {"steps": [EMAIL | {"template": "thanks"}]})
    assert "about something else" in refused(answer)["steps.0.template"]


# ---- Change and delete -------------------------------------------------------------------


def test_steps_that_stay_keep_their_ids_and_new_ones_get_theirs(manager: Staff):
    workflow = made(manager, EMAIL, FEE)
    first, second = (each["step_id"] for each in workflow["steps"])
    steps = [{"days": 20, "action": "task"}, EMAIL | {"step_id": first, "days": 5}]
    answer = manager.patch(path(workflow), {"steps": steps})
    assert (answer.status, answer.body["version"]) == (200, 2)
    ids = [each["step_id"] for each in answer.body["steps"]]
    assert ids[1] == first
    assert ids[0] not in (first, second)
    gone = manager.patch(path(workflow), {"steps": [FEE | {"step_id": second}]})
    assert list(refused(gone)) == ["steps.0.step_id"]
    twice = manager.patch(path(workflow), {"steps": [EMAIL | {"step_id": first}] * 2})
    assert list(refused(twice)) == ["steps.1.step_id"]


def test_a_step_stays_of_its_action(manager: Staff):
    workflow = made(manager, EMAIL)
    (step,) = workflow["steps"]
    task = {"days": step["days"], "action": "task", "step_id": step["step_id"]}
    with stored.unchanged():
        assert list(refused(manager.patch(path(workflow), {"steps": [task]}))) == ["steps.0.action"]


def test_a_change_that_changes_nothing_writes_nothing(manager: Staff):
    workflow = made(manager, *EVERY_KIND)
    with stored.unchanged():
        assert manager.patch(path(workflow), {}).body == workflow
        assert manager.patch(path(workflow), {"name": "Usual", "active": True}).body == workflow
        assert manager.patch(path(workflow), {"steps": workflow["steps"]}).body == workflow


def test_a_stale_change_is_refused(manager: Staff):
    workflow = made(manager, EMAIL)
    manager.patch(path(workflow), {"name": "Mild"}, if_match='"1"')
    answer = manager.patch(path(workflow), {"name": "Harsh"}, if_match='"1"')
    assert_problem(answer, 412, "stale_version")
    assert_problem(manager.delete(path(workflow), if_match='"1"'), 412, "stale_version")
    assert manager.get(path(workflow)).body["name"] == "Mild"


def test_a_change_of_what_is_done_has_the_clients_looked_at(manager: Staff):
    workflow = made(manager, EMAIL)
    assert called(workflow) is None  # nobody has it yet
    manager.patch(path(workflow), {"name": "Mild"})
    assert called(workflow) is None
    manager.patch(path(workflow), {"active": False})
    first = called(workflow)
    assert first is not None
    assert first.endswith(workflow["workflow_id"])
    manager.patch(path(workflow), {"steps": []})
    assert (called(workflow) or "") > first


def test_a_deleted_workflow_is_gone_and_stays_known_to_what_names_it(manager: Staff):
    workflow = made(manager, EMAIL)
    client = manager.post(
        "/v1/clients", {"business_name": "Acme", "workflow_id": workflow["workflow_id"]}
    ).body
    assert manager.delete(path(workflow), if_match='"1"').status == 204
    assert_problem(manager.get(path(workflow)), 404, "workflow_not_found")
    assert manager.get(WORKFLOWS).body["items"] == []
    assert called(workflow) is not None
    there = f"/v1/clients/{client['client_id']}"
    assert manager.get(there).body["workflow_id"] == workflow["workflow_id"]
    assert manager.patch(there, {"telephone": "+49221123456"}).status == 200
    answer = manager.post(
        "/v1/clients", {"business_name": "Late", "workflow_id": workflow["workflow_id"]}
    )
    assert list(refused(answer)) == ["workflow_id"]


# ---- The firm's own ----------------------------------------------------------------------


def test_the_workflow_of_the_settings_exists(manager: Staff):
    answer = manager.patch("/v1/settings", {"workflow_id": NOBODY})
    assert list(refused(answer)) == ["workflow_id"]
    workflow = made(manager, EMAIL)
    there = manager.patch("/v1/settings", {"workflow_id": workflow["workflow_id"]})
    assert there.body["workflow_id"] == workflow["workflow_id"]
    assert_problem(manager.delete(path(workflow)), 409, "workflow_in_use")
    assert manager.patch("/v1/settings", {"workflow_id": None}).status == 200
    assert manager.delete(path(workflow)).status == 204


@pytest.mark.parametrize(
    "patch", [{"time_zone": "Europe/Berlin"}, {"sending": {"from": "08:00", "until": "18:00"}}]
)
def test_settings_that_decide_when_something_is_sent_have_clients_looked_at(
    patch: dict[str, Any], manager: Staff
):
    manager.patch("/v1/settings", {"name": "Sturm"})
    assert agenda("SETTINGS", "SETTINGS") is None
    manager.patch("/v1/settings", patch)
    called_at = agenda("SETTINGS", "SETTINGS")
    assert called_at is not None
    manager.patch("/v1/settings", {"name": "Sturm & Partner"})
    assert agenda("SETTINGS", "SETTINGS") == called_at


def test_the_firm_s_workflow_named_has_the_clients_looked_at(manager: Staff):
    workflow = made(manager, EMAIL)
    manager.patch("/v1/settings", {"workflow_id": workflow["workflow_id"]})
    assert agenda("SETTINGS", "SETTINGS") is not None
