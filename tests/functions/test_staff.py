"""Staff members, in the table and in the pool that lets them in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tallybook.callers import ROLES
from tests.functions.problem import assert_problem
from tests.support import account, stored
from tests.support.api import Staff

STAFF = "/v1/staff"
ADA = {"email": "ada@firm.example", "name": "Ada Lovelace", "role": "manager"}


class Pool:
    """moto's user pool of the staff."""

    def __init__(self) -> None:
        self.client: Any = account.client("cognito-idp")
        self.id = os.environ["STAFF_POOL_ID"]
        for role in ROLES:
            self.client.create_group(UserPoolId=self.id, GroupName=role)

    def user(self, email: str) -> dict[str, Any]:
        return self.client.admin_get_user(UserPoolId=self.id, Username=email)

    def name(self, email: str) -> str:
        attributes = self.user(email)["UserAttributes"]
        return next(str(each["Value"]) for each in attributes if each["Name"] == "name")

    def groups(self, email: str) -> list[str]:
        answer = self.client.admin_list_groups_for_user(UserPoolId=self.id, Username=email)
        return [group["GroupName"] for group in answer["Groups"]]

    def users(self) -> int:
        return len(self.client.list_users(UserPoolId=self.id)["Users"])


@pytest.fixture(autouse=True)
def pool(aws: None) -> Pool:
    return Pool()


def added(staff: Staff, **fields: Any) -> dict[str, Any]:
    answer = staff.post(STAFF, ADA | fields)
    assert answer.status == 201, answer.body
    return answer.body


@contextmanager
def mailing(error: str | None = None) -> Iterator[list[dict[str, Any]]]:
    """The repeated invitations that the pool is asked for; it refuses with `error`.

    moto takes a repeated invitation for that of a second user.
    """
    from tallybook.staff import pool

    asked: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))

    def answer(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        content = {"Error": {"Code": error, "Message": "Made up by a test"}} if error else {}
        response = AWSResponse("https://cognito.test", 400 if error else 200, HTTPHeaders(), None)
        return response, content

    events: Any = pool._client().meta.events
    operation = "cognito-identity-provider.AdminCreateUser"
    events.register(f"provide-client-params.{operation}", note)
    events.register(f"before-call.{operation}", answer)
    try:
        yield asked
    finally:
        events.unregister(f"provide-client-params.{operation}", note)
        events.unregister(f"before-call.{operation}", answer)


def path(member: dict[str, Any]) -> str:
    return f"{STAFF}/{member['staff_id']}"


# ---- Me ----------------------------------------------------------------------------------


def test_me_is_who_the_token_names(specialist: Staff):
    answer = specialist.get("/v1/me")
    assert answer.etag == '"1-specialist"'
    assert answer.status == 200
    assert answer.body == {
        "staff_id": specialist.staff_id,
        "email": "specialist@firm.example",
        "name": "The specialist",
        "role": "specialist",
    }


def test_whoever_signs_in_first_is_written_down(owner: Staff):
    assert owner.get(STAFF).body["items"] == []
    owner.get("/v1/me")
    with stored.unchanged():
        owner.get("/v1/me")
    (listed,) = owner.get(STAFF).body["items"]
    assert (listed["staff_id"], listed["role"], listed["active"]) == (owner.staff_id, "owner", True)


def test_me_goes_by_the_name_of_the_record(owner: Staff, specialist: Staff):
    specialist.get("/v1/me")
    owner.get("/v1/me")
    specialist.claims = {"name": "As in an old token", "email": "old@firm.example"}
    me = specialist.get("/v1/me").body
    assert (me["name"], me["email"]) == ("The specialist", "specialist@firm.example")


def issued(ago: timedelta) -> dict[str, str]:
    """The claim of a token that was made so long before now."""
    return {"iat": str(int((datetime.now(UTC) - ago).timestamp()))}


def last_changed(staff: Staff, ago: timedelta) -> None:
    at = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stored.alter(f"STAFF#{staff.staff_id}", "STAFF", row__updated_at=at)


def test_a_role_that_was_changed_in_the_pool_is_taken_over(member: Staff):
    member.get("/v1/me")
    last_changed(member, timedelta(minutes=5))
    promoted = Staff("owner", member.staff_id, issued(timedelta(minutes=1)))
    assert promoted.get("/v1/me").body["role"] == "owner"
    listed = promoted.get(f"{STAFF}/{member.staff_id}")
    assert (listed.body["role"], listed.etag) == ("owner", '"2"')
    assert listed.body["name"] == "The staff"
    with stored.unchanged():
        promoted.get("/v1/me")
    # And the token that the member still has from before says nothing new.
    member.claims = issued(timedelta(minutes=1))
    with stored.unchanged():
        assert member.get("/v1/me").body["role"] == "staff"


@pytest.mark.parametrize(
    "claims",
    [
        issued(timedelta(minutes=30)),
        issued(timedelta(minutes=5)),
        issued(timedelta(minutes=4, seconds=10)),
        {},
        {"iat": ""},
        {"iat": "soon"},
        {"iat": "-1"},
        {"iat": "²"},
        {"iat": "9" * 30},
    ],
)
def test_an_older_token_does_not_undo_a_change_of_the_role(claims: dict[str, str], owner: Staff):
    owner.get("/v1/me")
    last_changed(owner, timedelta(minutes=5))
    before = Staff("staff", owner.staff_id, claims)
    with stored.unchanged():
        assert before.get("/v1/me").body["role"] == "staff"


def test_a_role_is_not_taken_over_from_under_a_rival(member: Staff, owner: Staff):
    member.get("/v1/me")
    last_changed(member, timedelta(minutes=5))
    key = f"STAFF#{member.staff_id}", "STAFF"

    def rival() -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stored.alter(*key, row__role="manager", row__version=2, row__updated_at=now)

    promoted = Staff("owner", member.staff_id, issued(timedelta(minutes=1)))
    with stored.in_between("UpdateItem", rival):
        assert promoted.get("/v1/me").status == 200
    row = stored.item(*key)["row"]
    assert (row["role"], row["version"]) == ("manager", 2)


def test_a_token_without_a_name_is_called_by_its_address(owner: Staff):
    owner.claims = {"name": ""}
    assert owner.get("/v1/me").body["name"] == "owner@firm.example"


# ---- Invite ------------------------------------------------------------------------------


def test_an_invited_member_can_sign_in_with_the_role(owner: Staff, pool: Pool):
    answer = owner.post(STAFF, ADA)
    assert answer.status == 201
    member = answer.body
    assert answer.headers["location"] == path(member)
    assert answer.etag == '"1"'
    user = pool.user("ada@firm.example")
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert attributes["sub"] == member["staff_id"]
    assert attributes["email_verified"] == "true"
    assert pool.groups("ada@firm.example") == ["manager"]
    read = owner.get(path(member))
    assert (read.body, read.etag) == (member, '"1"')
    assert member == ADA | {
        "staff_id": member["staff_id"],
        "active": True,
        "created_at": member["created_at"],
        "updated_at": member["created_at"],
        "version": 1,
    }


def test_a_new_member_is_staff_when_nothing_is_said(owner: Staff, pool: Pool):
    member = owner.post(STAFF, {"email": "bob@firm.example", "name": "Bob 🦊"}).body
    assert (member["role"], member["name"]) == ("staff", "Bob 🦊")
    assert pool.groups("bob@firm.example") == ["staff"]


def test_somebody_who_signs_in_already_is_not_invited_again(owner: Staff, pool: Pool):
    added(owner)
    with stored.unchanged():
        assert_problem(owner.post(STAFF, ADA | {"name": "x"}), 409, "staff_member_exists")
    assert pool.users() == 1
    assert pool.groups("ada@firm.example") == ["manager"]


@pytest.mark.parametrize("operation", ["PutItem", "GetItem"])
def test_an_invitation_that_crashed_goes_on(operation: str, owner: Staff, pool: Pool):
    with stored.fault(operation, stored.Crash("in the middle")):
        assert owner.post(STAFF, ADA).status == (201 if operation == "GetItem" else 500)
    if operation == "PutItem":
        assert added(owner)["email"] == "ada@firm.example"
    assert pool.users() == 1
    assert len(owner.get(STAFF).body["items"]) == 1


def test_an_invitation_that_goes_on_has_the_name_of_the_second_try(owner: Staff, pool: Pool):
    with stored.fault("PutItem", stored.Crash("in the middle")):
        owner.post(STAFF, ADA | {"name": "Adda"})
    added(owner)
    assert pool.name("ada@firm.example") == "Ada Lovelace"


def test_an_invitation_with_a_key_is_made_once(owner: Staff, pool: Pool):
    first = owner.post(STAFF, ADA, idempotency_key="k")
    again = owner.post(STAFF, ADA, idempotency_key="k")
    assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
    assert again.headers["location"] == first.headers["location"]
    with stored.unchanged():
        other = owner.post(STAFF, ADA | {"email": "bob@firm.example"}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")
    assert pool.users() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": ""}, "email"),
        ({"email": " "}, "email"),
        ({"email": ["ada@firm.example"]}, "email"),
        ({"email": None}, "email"),
        ({"name": ""}, "name"),
        ({"name": "a\u0007"}, "name"),
        ({"name": "\udfff"}, "name"),
        ({"role": "admin"}, "role"),
        ({"role": None}, "role"),
        ({"staff_id": "x"}, "staff_id"),
    ],
)
def test_a_wrong_invitation_is_refused(wrong: dict[str, Any], field: str, owner: Staff, pool: Pool):
    with stored.unchanged():
        assert_problem(owner.post(STAFF, ADA | wrong), 422, "validation_failed", field)
    assert pool.users() == 0


def test_only_owners_invite_and_change_staff(
    owner: Staff, manager: Staff, specialist: Staff, member: Staff, pool: Pool
):
    ada = added(owner)
    for refused in (manager, specialist, member):
        with stored.unchanged():
            invited = refused.post(STAFF, ADA | {"email": "bob@firm.example"})
            assert_problem(invited, 403, "forbidden")
            assert_problem(refused.patch(path(ada), {"role": "owner"}), 403, "forbidden")
        assert refused.get(path(ada)).body == ada
        assert refused.get(STAFF).body["items"] == [ada]
    assert pool.users() == 1


# ---- Invite again ------------------------------------------------------------------------


def test_an_invitation_that_got_lost_is_mailed_again(owner: Staff, pool: Pool):
    ada = added(owner)
    with mailing() as mailed, stored.unchanged():
        answer = owner.post(f"{path(ada)}/invitation")
    assert (answer.status, answer.body, answer.etag) == (202, ada, '"1"')
    assert mailed == [
        {
            "UserPoolId": pool.id,
            "Username": "ada@firm.example",
            "MessageAction": "RESEND",
            "DesiredDeliveryMediums": ["EMAIL"],
        }
    ]


def test_with_a_key_an_invitation_is_mailed_again_once(owner: Staff):
    ada, bob = added(owner), added(owner, email="bob@firm.example")
    with mailing() as mailed:
        first = owner.post(f"{path(ada)}/invitation", idempotency_key="k")
        again = owner.post(f"{path(ada)}/invitation", idempotency_key="k")
        other = owner.post(f"{path(bob)}/invitation", idempotency_key="k")
    assert (again.status, again.body, again.etag) == (202, first.body, first.etag)
    assert again.headers["idempotency-replayed"] == "true"
    assert_problem(other, 409, "idempotency_key_reused")
    assert len(mailed) == 1


def test_who_has_signed_in_is_not_invited_again(owner: Staff):
    ada = added(owner)
    with mailing("UnsupportedUserStateException"), stored.unchanged():
        answer = owner.post(f"{path(ada)}/invitation", idempotency_key="k")
    assert_problem(answer, 409, "already_signed_in")


@pytest.mark.parametrize("staff_id", ["nobody", "é", "x" * 3000])
def test_nobody_is_invited_again_who_was_never_invited(staff_id: str, owner: Staff):
    with mailing() as mailed, stored.unchanged():
        answer = owner.post(f"{STAFF}/{staff_id}/invitation", idempotency_key="k")
    assert_problem(answer, 404, "staff_member_not_found")
    assert mailed == []


def test_a_member_whom_the_pool_has_lost_is_not_found(owner: Staff):
    ada = added(owner)
    with mailing("UserNotFoundException"):
        answer = owner.post(f"{path(ada)}/invitation")
    assert_problem(answer, 404, "staff_member_not_found")


def test_only_owners_invite_again(owner: Staff, manager: Staff, member: Staff):
    ada = added(owner)
    with mailing() as mailed:
        for refused in (manager, member):
            assert_problem(refused.post(f"{path(ada)}/invitation"), 403, "forbidden")
    assert mailed == []


# ---- List --------------------------------------------------------------------------------


def test_staff_are_listed_by_name_in_pages(member: Staff):
    names = ["Zoë", "anna", "Öz", "Bob", "Anna B", "bob", "Łukasz"]
    for number, name in enumerate(names):
        Staff("staff", staff_id=f"id-{number}", claims={"name": name}).get("/v1/me")
    wanted = ["anna", "Anna B", "Bob", "bob", "Łukasz", "Öz", "Zoë"]
    for limit in (1, 3, 7, 100):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = member.get(STAFF, limit=str(limit), **cursor).body
            seen += [each["name"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == limit
            cursor = {"cursor": page["next_cursor"]}
        assert seen == wanted


@pytest.mark.parametrize("staff_id", ["nobody", "é", "01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "x" * 3000])
def test_a_member_who_is_not_there_is_not_found(staff_id: str, owner: Staff):
    assert_problem(owner.get(f"{STAFF}/{staff_id}"), 404, "staff_member_not_found")
    with stored.unchanged():
        answer = owner.patch(f"{STAFF}/{staff_id}", {"role": "staff"})
        assert_problem(answer, 404, "staff_member_not_found")


# ---- Change ------------------------------------------------------------------------------


def test_a_changed_role_counts_in_the_pool(owner: Staff, pool: Pool):
    ada = added(owner)
    answer = owner.patch(path(ada), {"role": "specialist", "name": "Ada King"})
    assert answer.status == 200
    assert answer.etag == '"2"'
    changed = {"role": "specialist", "name": "Ada King", "version": 2}
    assert answer.body == ada | changed | {"updated_at": answer.body["updated_at"]}
    assert pool.groups("ada@firm.example") == ["specialist"]
    assert pool.name("ada@firm.example") == "Ada King"
    assert [each["name"] for each in owner.get(STAFF).body["items"]] == ["Ada King"]


def test_a_member_loses_and_regains_access(owner: Staff, pool: Pool):
    ada = added(owner)
    assert owner.patch(path(ada), {"active": False}).body["active"] is False
    assert pool.user("ada@firm.example")["Enabled"] is False
    assert owner.patch(path(ada), {"active": True}).body["active"] is True
    assert pool.user("ada@firm.example")["Enabled"] is True


def test_a_change_that_did_not_reach_the_pool_is_mended_by_repeating_it(owner: Staff, pool: Pool):
    ada = added(owner)
    stored.alter(f"STAFF#{ada['staff_id']}", "STAFF", row__role="staff")
    assert pool.groups("ada@firm.example") == ["manager"]
    assert owner.patch(path(ada), {"role": "staff"}).body["version"] == 1
    assert pool.groups("ada@firm.example") == ["staff"]


def test_the_last_active_owner_stays(owner: Staff, pool: Pool):
    ada = added(owner, role="owner")
    bob = added(owner, email="bob@firm.example", role="owner")
    assert owner.patch(path(bob), {"active": False}).status == 200
    for patch in ({"role": "manager"}, {"active": False}, {"role": "staff", "active": False}):
        with stored.unchanged():
            assert_problem(owner.patch(path(ada), patch), 409, "last_owner")
    assert pool.groups("ada@firm.example") == ["owner"]
    assert pool.user("ada@firm.example")["Enabled"] is True
    assert owner.patch(path(bob), {"active": True}).status == 200
    assert owner.patch(path(ada), {"role": "manager"}).status == 200


def test_two_owners_cannot_remove_each_other_at_once(owner: Staff, pool: Pool):
    ada = added(owner, role="owner")
    bob = added(owner, email="bob@firm.example", role="owner")

    def rival() -> None:
        assert owner.patch(path(ada), {"role": "staff"}).status == 200

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.patch(path(bob), {"role": "staff"})
    assert_problem(answer, 409, "last_owner")
    assert owner.get(path(bob)).body["role"] == "owner"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"role": "admin"}, "role"),
        ({"role": None}, "role"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"active": None}, "active"),
        ({"active": "no"}, "active"),
        ({"email": "bob@firm.example"}, "email"),
    ],
)
def test_a_wrong_change_of_a_member_is_refused(wrong: dict[str, Any], field: str, owner: Staff):
    ada = added(owner)
    with stored.unchanged():
        assert_problem(owner.patch(path(ada), wrong), 422, "validation_failed", field)


def test_a_stale_if_match_stops_a_change_of_a_member(owner: Staff, pool: Pool):
    ada = added(owner)
    owner.patch(path(ada), {"name": "Ada King"}, if_match='"1"')
    with stored.unchanged():
        answer = owner.patch(path(ada), {"role": "staff"}, if_match='"1"')
        assert_problem(answer, 412, "stale_version")
    assert pool.groups("ada@firm.example") == ["manager"]


def test_a_fault_of_the_pool_is_a_500_that_leaks_nothing(owner: Staff, pool: Pool):
    pool.client.delete_user_pool(UserPoolId=pool.id)
    answer = owner.post(STAFF, ADA)
    assert_problem(answer, 500, "internal_error")
    assert "eu-central-1" not in str(answer.body)
