"""Who is asking in the portal: the clients they may act for, and how a sign-in is noted."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import faults, stored
from tests.support.api import PortalUser, Staff
from tests.support.calls import recorded
from tests.support.portal import Pool, contact, invited, made, welcomed
from tests.support.post import Post
from tests.support.stored import in_between

ME = "/portal/v1/me"


@pytest.fixture(autouse=True)
def _in_a_hurry():
    with faults.no_pauses():
        yield


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def pool(aws: None) -> Pool:
    return Pool()


def sign_ins(client: str) -> list[dict[str, Any]]:
    found = stored.items(client.replace("/v1/clients/", "CLIENT#"))
    return [
        each
        for each in found
        if each["sk"].startswith("HISTORY#") and "signed in" in each.get("text", "")
    ]


def id_of(client: str) -> str:
    return client.rpartition("/")[2]


def test_the_first_sign_in_accepts_the_invitation(owner: Staff, post: Post, pool: Pool):
    client = made(owner)
    zoe = contact(owner, client)
    user = welcomed(owner, post, pool, client, zoe)
    answer = user.get(ME)
    assert answer.status == 200, answer.body
    account = {
        "client_id": id_of(client),
        "number": "C-0001",
        "business_name": "Müller & Söhne GmbH",
        "status": "active",
    }
    person = {"first_name": "Jürgen", "last_name": "Müller", "currency": "EUR"}
    assert answer.body == {
        "email": "zoe@mueller.example",
        "clients": [account],
        "client": account | person,
    }
    for path in (client, f"{client}/contacts/{zoe}"):
        portal = owner.get(path).body["portal"]
        assert portal["status"] == "accepted"
        assert portal["accepted_at"] >= portal["invited_at"]
    (row,) = owner.get("/v1/clients", portal_status="accepted").body["items"]
    assert row["portal_status"] == "accepted"
    (entry,) = sign_ins(client)
    assert entry["text"] == "zoe@mueller.example signed in to the portal"
    assert "by" not in entry


def test_an_ordinary_request_is_two_reads_and_no_write(owner: Staff, post: Post, pool: Pool):
    user = welcomed(owner, post, pool, made(owner))
    user.get(ME)
    with recorded() as calls, stored.unchanged():
        assert user.get(ME).status == 200
    assert [name for name, _ in calls] == ["Query", "BatchGetItem"]


def test_each_sign_in_is_noted_once_and_a_renewed_token_is_none(
    owner: Staff, post: Post, pool: Pool
):
    client = made(owner)
    user = welcomed(owner, post, pool, client)
    for _ in range(2):
        user.get(ME)
    user.claims["iat"] = str(user.auth_time + 3600)
    user.get(ME)
    assert len(sign_ins(client)) == 1
    user.auth_time += 5000
    user.get(ME)
    assert len(sign_ins(client)) == 2
    user.auth_time -= 5000  # a token of the sign-in before: it is known
    user.get(ME)
    assert len(sign_ins(client)) == 2


def test_two_first_requests_at_once_are_one_sign_in(owner: Staff, post: Post, pool: Pool):
    client = made(owner)
    user = welcomed(owner, post, pool, client)
    with in_between("TransactWriteItems", lambda: user.get(ME)):
        assert user.get(ME).status == 200
    assert len(sign_ins(client)) == 1
    assert owner.get(client).body["portal"]["status"] == "accepted"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sign_in_that_was_not_noted_is_noted_by_the_next_request(
    owner: Staff, post: Post, pool: Pool, when: str
):
    client = made(owner)
    user = welcomed(owner, post, pool, client)
    with pytest.raises(faults.Death), faults.death_at_write(1, when=when):
        user.get(ME)
    assert user.get(ME).status == 200
    assert len(sign_ins(client)) == 1
    assert owner.get(client).body["portal"]["status"] == "accepted"


def test_a_token_without_the_time_of_the_sign_in_is_noted_once(
    owner: Staff, post: Post, pool: Pool
):
    client = made(owner)
    user = welcomed(owner, post, pool, client)
    user.claims["auth_time"] = ""
    user.get(ME)
    user.get(ME)
    assert len(sign_ins(client)) == 1


def test_everybody_who_is_the_same_user_has_come(owner: Staff, post: Post, pool: Pool):
    client = made(owner, emails=["zoe@mueller.example"])
    one, two = contact(owner, client), contact(owner, client)
    invited(owner, client, one)
    invited(owner, client, None)
    post.run()
    user = welcomed(owner, post, pool, client, two)
    assert len(pool.users()) == 1
    user.get(ME)
    found = owner.get(f"{client}/invitations").body["items"]
    # `null` is the primary contact, so the client itself was not invited.
    assert [each["status"] for each in found] == ["not_invited", "accepted", "accepted"]
    owner.delete(f"{client}/contacts/{one}")
    post.run()
    assert user.get(ME).status == 200
    owner.delete(f"{client}/contacts/{two}")
    post.run()
    assert_problem(user.get(ME), 403, "access_suspended")
    assert pool.users() == []


# ---- Several clients -----------------------------------------------------------------------


def test_a_user_of_several_clients_chooses_one(owner: Staff, post: Post, pool: Pool):
    one, two, other = (made(owner, emails=[f"{n}@x.example"]) for n in range(3))
    user = welcomed(owner, post, pool, one, contact(owner, one))
    invited(owner, two, contact(owner, two))
    post.run()
    both = user.get(ME)
    assert {each["client_id"] for each in both.body["clients"]} == {id_of(one), id_of(two)}
    assert both.body["client"] is None
    assert user.get(ME, client_id=id_of(two)).body["client"]["client_id"] == id_of(two)
    assert_problem(user.get(ME, client_id=id_of(other)), 404, "client_not_found")
    assert_problem(user.get(ME, client_id="x"), 422, "validation_failed", "client_id")
    assert owner.get(two).body["portal"]["status"] == "accepted"


def test_a_suspended_client_is_left_out_at_once_and_the_others_stay(
    owner: Staff, post: Post, pool: Pool
):
    one, two = (made(owner, emails=[f"{n}@x.example"]) for n in range(2))
    user = welcomed(owner, post, pool, one, contact(owner, one))
    invited(owner, two, contact(owner, two))
    post.run()
    owner.post(f"{one}/suspend")
    left = user.get(ME)
    assert [each["client_id"] for each in left.body["clients"]] == [id_of(two)]
    assert left.body["client"]["client_id"] == id_of(two)
    assert_problem(user.get(ME, client_id=id_of(one)), 403, "access_suspended")
    post.run()
    assert pool.is_enabled(user.email)
    owner.post(f"{two}/suspend")
    assert_problem(user.get(ME), 403, "access_suspended")
    post.run()
    assert not pool.is_enabled(user.email)
    owner.post(f"{one}/activate")
    post.run()
    assert pool.is_enabled(user.email)
    assert user.get(ME).body["client"]["client_id"] == id_of(one)


def test_a_deleted_client_is_left_out_at_once_and_forgotten_later(
    owner: Staff, post: Post, pool: Pool
):
    from tallybook.clients.removal import remove

    one, two = (made(owner, emails=[f"{n}@x.example"]) for n in range(2))
    user = welcomed(owner, post, pool, one)
    keeper = contact(owner, two, emails=[user.email])
    invited(owner, two, keeper)
    post.run()
    owner.delete(one)
    assert [each["client_id"] for each in user.get(ME).body["clients"]] == [id_of(two)]
    remove(id_of(one))
    assert stored.keys("PORTALUSER#") == [(f"PORTALUSER#{user.sub}", f"CLIENT#{id_of(two)}")]
    owner.delete(two)
    remove(id_of(two))
    assert stored.keys("PORTALUSER#") == []
    post.run()
    assert pool.users() == []
    assert_problem(user.get(ME), 403, "access_suspended")


# ---- Who may not ---------------------------------------------------------------------------


def test_somebody_whom_nobody_invited_sees_nothing():
    assert_problem(PortalUser().get(ME), 403, "access_suspended")


def test_only_id_tokens_are_taken(owner: Staff):
    assert_problem(PortalUser(claims={"token_use": "access"}).get(ME), 401, "id_token_required")
    assert_problem(PortalUser(claims={"sub": ""}).get(ME), 401, "unauthenticated")
    # The API lets no staff token come here; one that came would be nobody's.
    assert_problem(owner.get(ME), 403, "access_suspended")


def test_a_token_of_the_portal_is_nothing_to_the_functions_of_staff(owner: Staff):
    client = made(owner)
    assert_problem(PortalUser().get(client), 403, "forbidden")
    assert_problem(PortalUser().post(f"{client}/invitation"), 403, "forbidden")
