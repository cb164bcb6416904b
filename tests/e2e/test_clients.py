"""Clients on the running stack, from the HTTP API to the table and its stream."""

import json
import time
import uuid
from typing import Any

import pytest

from tests.builders import new_client, new_contact
from tests.e2e.conftest import Stack
from tests.e2e.web import Web


@pytest.fixture
def owner(stack: Stack) -> Web:
    return Web(stack.api_url, stack.token("owner"))


@pytest.fixture
def word() -> str:
    """A word that no other test's clients have."""
    return f"z{uuid.uuid4().hex[:12]}"


def create(web: Web, word: str, **fields: Any) -> dict[str, Any]:
    body = new_client(
        business_name=f"{word} Müller & Söhne", emails=[f"{word}@mueller.example"], **fields
    )
    answer = web.call("POST", "/v1/clients", body)
    assert answer.status_code == 201, answer.text
    client: dict[str, Any] = answer.json()
    return client


@pytest.mark.parametrize("role", ["owner", "manager", "specialist", "staff"])
def test_every_role_signs_in_and_is_told_who_it_is(stack: Stack, role: str):
    me = Web(stack.api_url, stack.token(role)).call("GET", "/v1/me").json()
    assert me["role"] == role


def test_the_staff_list_has_everybody(stack: Stack, owner: Web):
    owner.call("GET", "/v1/me")
    listed = owner.call("GET", "/v1/staff").json()["items"]
    assert {user[0] for user in stack.users} <= {member["email"] for member in listed}


def test_a_client_is_created_found_changed_and_deleted(stack: Stack, owner: Web, word: str):
    client = create(owner, word)
    path = f"/v1/clients/{client['client_id']}"

    found = owner.call("GET", "/v1/clients", query={"q": word.upper()}).json()["items"]
    assert [row["client_id"] for row in found] == [client["client_id"]]

    changed = owner.call("PATCH", path, {"tags": ["vip"]}, if_match='"1"')
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    stale = owner.call("PATCH", path, {"tags": []}, if_match='"1"')
    assert stale.status_code == 412
    assert stale.headers["Content-Type"] == "application/problem+json"

    assert owner.call("PUT", f"{path}/flag", {"reason": "Disputes"}).status_code == 200
    assert owner.call("PUT", f"{path}/favourite").json()["favourite"] is True
    assert owner.call("POST", f"{path}/contacts", new_contact()).json()["primary"] is True
    overview = owner.call("GET", f"{path}/overview").json()
    assert overview["client"]["flag"]["reason"] == "Disputes"
    assert overview["latest"]["invoices"] == []

    assert owner.call("DELETE", path).status_code == 204
    assert owner.call("GET", path).status_code == 404
    assert owner.call("GET", "/v1/clients", query={"q": word}).json()["items"] == []
    create(owner, word, number=client["number"])  # number and address are free at once
    assert nothing_is_left(stack, client["client_id"])


def nothing_is_left(stack: Stack, client_id: str) -> bool:
    """Whether the stream's function removes every item of a client before long."""
    table = stack.client("dynamodb")
    for _ in range(120):
        left = table.query(
            TableName=stack.table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"CLIENT#{client_id}"}},
            ConsistentRead=True,
        )["Items"]
        if not left:
            return True
        time.sleep(0.5)
    return False


def test_removals_hear_of_an_erased_client_once(stack: Stack, owner: Web, word: str):
    erased, other = create(owner, word)["client_id"], create(owner, f"{word}2")["client_id"]
    stack.client("dynamodb").update_item(  # as the first finalized invoice will
        TableName=stack.table_name,
        Key={"pk": {"S": f"CLIENT#{erased}"}, "sk": {"S": "CLIENT"}},
        UpdateExpression="SET finalized_invoices = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    path = f"/v1/clients/{erased}"
    assert owner.call("DELETE", path, query={"erase": "true"}).status_code == 204
    assert removals_of(stack, erased, at_least=1) == 1
    # What the stream brings is worked on in order: this comes after the stub of the erased client.
    assert owner.call("DELETE", f"/v1/clients/{other}").status_code == 204
    assert removals_of(stack, other, at_least=1) == 1
    assert removals_of(stack, erased, at_least=2, attempts=4) == 1


def removals_of(stack: Stack, client_id: str, *, at_least: int, attempts: int = 120) -> int:
    """How often the log says that the client was removed, once it says so often enough."""
    found = 0
    for _ in range(attempts):
        answer = stack.client("logs").filter_log_events(
            logGroupName=f"/tallybook/{stack.stack_name}/removals", filterPattern=client_id
        )
        lines = [event["message"] for event in answer["events"] if client_id in event["message"]]
        found = sum(json.loads(line[line.index("{") :])["message"] == "done" for line in lines)
        if found >= at_least:
            break
        time.sleep(0.5)
    return found


def test_a_repeated_post_is_done_once(owner: Web, word: str):
    body, key = {"business_name": word}, str(uuid.uuid4())
    first = owner.call("POST", "/v1/clients", body, idempotency_key=key)
    again = owner.call("POST", "/v1/clients", body, idempotency_key=key)
    assert again.status_code == first.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    other = owner.call("POST", "/v1/clients", {"business_name": "x"}, idempotency_key=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    found = owner.call("GET", "/v1/clients", query={"q": word}).json()["items"]
    assert len(found) == 1


def test_pages_lead_through_the_whole_list(owner: Web, word: str):
    wanted = {create(owner, f"{word}{place}")["client_id"] for place in range(7)}
    seen: list[str] = []
    query = {"q": word, "limit": "3"}
    while True:
        page = owner.call("GET", "/v1/clients", query=query).json()
        seen += [row["client_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        query["cursor"] = page["next_cursor"]
    assert len(seen) == 7
    assert set(seen) == wanted


def test_a_bulk_action_says_for_each_client_whether_it_worked(owner: Web, word: str):
    client = create(owner, word)
    missing = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    body = {"action": "suspend", "client_ids": [client["client_id"], missing]}
    results = owner.call("POST", "/v1/clients/bulk", body).json()["results"]
    assert results == [
        {"client_id": client["client_id"], "ok": True, "code": None},
        {"client_id": missing, "ok": False, "code": "client_not_found"},
    ]


def test_settings_shape_new_clients(stack: Stack, owner: Web, word: str):
    before = owner.call("GET", "/v1/settings").json()["currency"]
    manager = Web(stack.api_url, stack.token("manager"))
    try:
        assert manager.call("PATCH", "/v1/settings", {"currency": "JPY"}).status_code == 200
        client = create(owner, word)
        assert client["account"] == [
            {"currency": "JPY", "invoiced": "0", "paid": "0", "unpaid": "0", "credit": "0"}
        ]
    finally:
        manager.call("PATCH", "/v1/settings", {"currency": before})


def test_an_owner_invites_promotes_and_lets_go(stack: Stack, owner: Web, word: str):
    invited = owner.call(
        "POST", "/v1/staff", {"email": f"{word}@firm.example", "name": "Ada", "role": "staff"}
    )
    assert invited.status_code == 201, invited.text
    path = f"/v1/staff/{invited.json()['staff_id']}"
    again = owner.call("POST", f"{path}/invitation")
    assert (again.status_code, again.json()) == (202, invited.json())
    change = {"role": "manager", "name": "Ada King"}
    assert owner.call("PATCH", path, change).json()["role"] == "manager"
    pool, user = stack.client("cognito-idp"), f"{word}@firm.example"
    groups = pool.admin_list_groups_for_user(UserPoolId=stack.staff_pool_id, Username=user)
    assert [group["GroupName"] for group in groups["Groups"]] == ["manager"]
    assert owner.call("PATCH", path, {"active": False}).json()["active"] is False
    found = pool.admin_get_user(UserPoolId=stack.staff_pool_id, Username=user)
    assert found["Enabled"] is False
    assert {"Name": "name", "Value": "Ada King"} in found["UserAttributes"]
