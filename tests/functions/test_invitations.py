"""Invitations to the portal: whom they reach, why they are refused, and how holders stand."""

from datetime import timedelta
from typing import Any

import pytest

from tallybook.dates import now
from tests.builders import new_client, new_contact
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff
from tests.support.stored import in_between

CLIENTS = "/v1/clients"


def made(staff: Staff, **fields: Any) -> str:
    """A client; returns its path."""
    answer = staff.post(CLIENTS, new_client(**fields))
    assert answer.status == 201, answer.body
    return f"{CLIENTS}/{answer.body['client_id']}"


def contact(staff: Staff, client: str, **fields: Any) -> str:
    answer = staff.post(f"{client}/contacts", new_contact(**fields))
    assert answer.status == 201, answer.body
    return str(answer.body["contact_id"])


def invite(staff: Staff, client: str, contact_id: str | None = None, **headers: str) -> Answer:
    return staff.post(f"{client}/invitation", {"contact_id": contact_id}, **headers)


def invited(staff: Staff, client: str, contact_id: str | None = None) -> dict[str, Any]:
    answer = invite(staff, client, contact_id)
    assert answer.status == 202, answer.body
    return dict(answer.body)


def holders(staff: Staff, client: str) -> dict[str | None, dict[str, Any]]:
    answer = staff.get(f"{client}/invitations")
    assert answer.status == 200, answer.body
    assert answer.body["next_cursor"] is None
    return {each["contact_id"]: each for each in answer.body["items"]}


def portal(staff: Staff, path: str) -> dict[str, Any]:
    return dict(staff.get(path).body["portal"])


def history(client: str, kind: str) -> list[dict[str, Any]]:
    found = stored.items(client.replace(f"{CLIENTS}/", "CLIENT#"))
    return [each for each in found if each["sk"].startswith("HISTORY#") and each["kind"] == kind]


def emails(client: str) -> list[dict[str, Any]]:
    found = stored.items(client.replace(f"{CLIENTS}/", "CLIENT#"))
    return [each for each in found if each["sk"].startswith("EMAIL#")]


def put_back(client: str, contact_id: str, days: float) -> None:
    """Let the invitation be so many days old."""
    at = (now() - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    pk = client.replace(f"{CLIENTS}/", "CLIENT#")
    stored.alter(pk, f"CONTACT#{contact_id}", portal__invited_at=at)
    stored.alter(pk, "CLIENT", portal__invited_at=at, row__portal_invited_at=at)


# ---- Whom ----------------------------------------------------------------------------------


def test_an_invitation_is_queued_with_its_state_and_its_history(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    answer = invite(owner, client, zoe)
    assert answer.status == 202, answer.body
    invitation = answer.body
    assert answer.headers["location"] == f"{client}/emails/{invitation['email_id']}"
    assert invitation == {
        "email_id": invitation["email_id"],
        "contact_id": zoe,
        "email": "zoe@mueller.example",
        "status": "waiting",
        "invited_at": invitation["invited_at"],
    }
    (email,) = emails(client)
    assert email["sk"] == f"EMAIL#{invitation['email_id']}"
    assert (email["via"], email["template"]) == ("access", "portal_invitation")
    assert (email["contact_id"], email["row"]["to"]) == (zoe, ["zoe@mueller.example"])
    (entry,) = history(client, "portal")
    assert entry["text"] == "Invited to the portal: zoe@mueller.example"
    assert entry["by"] == {"staff_id": owner.staff_id, "name": "The owner"}
    assert len(history(client, "email")) == 1
    waiting = {
        "status": "waiting",
        "invited_at": invitation["invited_at"],
        "accepted_at": None,
    }
    assert portal(owner, client) == waiting
    assert portal(owner, f"{client}/contacts/{zoe}") == waiting
    (row,) = owner.get(CLIENTS).body["items"]
    assert row["portal_status"] == "waiting"


def test_the_first_to_be_asked_is_the_primary_contact_then_the_clients_own_address(owner: Staff):
    client = made(owner)
    assert invited(owner, client)["email"] == "office@mueller.example"
    silent = contact(owner, client, emails=[])
    assert invited(owner, client)["contact_id"] is None
    zoe = contact(owner, client)
    assert invited(owner, client)["contact_id"] is None
    owner.patch(f"{client}/contacts/{zoe}", {"primary": True})
    assert invited(owner, client)["contact_id"] == zoe
    assert invited(owner, client, zoe)["email"] == "zoe@mueller.example"
    assert_problem(invite(owner, client, silent), 409, "no_email_address")


def test_a_body_is_not_needed(owner: Staff):
    assert owner.post(f"{made(owner)}/invitation").status == 202


def test_everybody_is_listed_with_how_they_stand(owner: Staff):
    client = made(owner)
    zoe, anna = contact(owner, client), contact(owner, client, first_name=None, emails=[])
    email_id = invited(owner, client, zoe)["email_id"]
    found = holders(owner, client)
    assert list(found) == [None, zoe, anna]
    nobody = {"status": "not_invited", "invited_at": None, "accepted_at": None, "email_id": None}
    own = {"contact_id": None, "name": "Müller & Söhne GmbH", "email": "office@mueller.example"}
    assert found[None] == own | nobody
    assert found[anna] == {"contact_id": anna, "name": "Müller", "email": None} | nobody
    assert found[zoe]["email_id"] == email_id
    assert (found[zoe]["name"], found[zoe]["status"]) == ("Zoë Müller", "waiting")


def test_the_list_has_pages(owner: Staff):
    client = made(owner)
    ids = [None, *(contact(owner, client) for _ in range(3))]
    found: list[str | None] = []
    cursor: dict[str, str] = {}
    while True:
        page = owner.get(f"{client}/invitations", limit="1", **cursor).body
        found += [each["contact_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == ids


# ---- Refusals ------------------------------------------------------------------------------


def test_nobody_is_invited_where_mail_must_not_go(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    owner.post(f"{client}/suspend", {})
    printed = made(owner, emails=["print@x.example"], invoicing_method="print")
    mute = made(owner, emails=[])
    with stored.unchanged():
        assert_problem(invite(owner, client, zoe), 409, "client_suspended")
        assert_problem(invite(owner, printed), 409, "invoicing_by_print")
        assert_problem(invite(owner, mute), 409, "no_email_address")


def test_an_address_that_cannot_be_mailed_is_none(owner: Staff):
    client = made(owner, emails=["zoë@mueller.example"])
    with stored.unchanged():
        answer = invite(owner, client)
    assert_problem(answer, 409, "no_email_address")
    assert "'zoë@mueller.example'" in answer.body["detail"]
    owner.patch(client, {"emails": ["zoë@mueller.example", "zoe@mueller.example"]})
    assert invited(owner, client)["email"] == "zoe@mueller.example"


@pytest.mark.parametrize("contact_id", ["01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "x"])
def test_an_unknown_contact_or_client_is_not_found(owner: Staff, contact_id: str):
    client = made(owner)
    missing = invite(owner, client, contact_id)
    assert missing.status == (404 if len(contact_id) == 26 else 422)
    assert invite(owner, f"{CLIENTS}/{contact_id}").code == "client_not_found"
    assert owner.get(f"{CLIENTS}/{contact_id}/invitations").code == "client_not_found"


# ---- Again ---------------------------------------------------------------------------------


def test_inviting_again_is_a_new_mail_with_a_new_time(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    first = invited(owner, client, zoe)
    put_back(client, zoe, 8)
    assert holders(owner, client)[zoe]["status"] == "expired"
    second = invited(owner, client, zoe)
    assert second["email_id"] != first["email_id"]
    assert holders(owner, client)[zoe]["status"] == "waiting"
    assert portal(owner, client)["invited_at"] == second["invited_at"]
    assert len(emails(client)) == 2


def test_the_same_key_invites_once(owner: Staff):
    client = made(owner)
    first = invite(owner, client, idempotency_key="k")
    again = invite(owner, client, idempotency_key="k")
    assert again.body == first.body
    assert again.status == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert len(emails(client)) == 1


def test_the_same_key_gives_the_first_answer_though_it_would_be_refused_by_now(owner: Staff):
    client = made(owner)
    first = invite(owner, client, idempotency_key="k")
    owner.post(f"{client}/suspend")
    again = invite(owner, client, idempotency_key="k")
    assert (again.status, again.body) == (202, first.body)
    assert invite(owner, client, idempotency_key="l").code == "client_suspended"


def test_whoever_came_gets_the_login_details_and_stays_accepted(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    invited(owner, client, zoe)
    pk = client.replace(f"{CLIENTS}/", "CLIENT#")
    came = {"status": "accepted", "accepted_at": "2026-01-02T00:00:00.000Z"}
    stored.alter(pk, f"CONTACT#{zoe}", **{f"portal__{key}": each for key, each in came.items()})
    again = invited(owner, client, zoe)
    assert again["status"] == "accepted"
    assert emails(client)[-1]["template"] == "login_details"
    assert portal(owner, f"{client}/contacts/{zoe}")["accepted_at"] == came["accepted_at"]
    assert portal(owner, client)["status"] == "accepted"


def test_an_invitation_that_meets_an_edit_is_written_all_the_same(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    rename = in_between(
        "TransactWriteItems",
        lambda: owner.patch(f"{client}/contacts/{zoe}", {"first_name": "Zoe"}),
    )
    with rename:
        invited(owner, client, zoe)
    assert holders(owner, client)[zoe]["name"] == "Zoe Müller"
    assert holders(owner, client)[zoe]["status"] == "waiting"


# ---- Expiry --------------------------------------------------------------------------------


def test_an_invitation_expires_by_itself_after_seven_days(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    invited(owner, client, zoe)
    for days, status in ((6.99, "waiting"), (7.01, "expired")):
        put_back(client, zoe, days)
        assert holders(owner, client)[zoe]["status"] == status
        assert portal(owner, client)["status"] == status
        assert portal(owner, f"{client}/contacts/{zoe}")["status"] == status
        assert owner.get(f"{client}/contacts").body["items"][0]["portal"]["status"] == status
        assert owner.get(f"{client}/overview").body["client"]["portal"]["status"] == status
        for asked in ("waiting", "expired", "accepted", "not_invited"):
            found = owner.get(CLIENTS, portal_status=asked).body["items"]
            assert [each["portal_status"] for each in found] == [status] * (asked == status)
            found = owner.get(CLIENTS, portal_status=asked, q="muller").body["items"]
            assert len(found) == (asked == status)


# ---- Losing it -----------------------------------------------------------------------------


def taken_away(staff: Staff, client: str, contact_id: str, how: str) -> Answer:
    path = f"{client}/contacts/{contact_id}"
    if how == "deleted":
        return staff.delete(path)
    return staff.patch(path, {"emails": ["other@x.example"]})


@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_a_contact_that_goes_or_moves_is_no_longer_invited(owner: Staff, how: str):
    client = made(owner)
    zoe, anna = contact(owner, client), contact(owner, client, emails=["anna@x.example"])
    invited(owner, client, zoe)
    invited(owner, client, anna)
    later = portal(owner, client)["invited_at"]
    version = owner.get(client).body["version"]
    assert taken_away(owner, client, zoe, how).status in (200, 204)
    assert holders(owner, client).get(zoe, {"status": "not_invited"})["status"] == "not_invited"
    assert portal(owner, client) == {
        "status": "waiting",
        "invited_at": later,
        "accepted_at": None,
    }
    assert owner.get(client).body["version"] == version + 1
    taken_away(owner, client, anna, how)
    assert portal(owner, client)["status"] == "not_invited"
    assert owner.get(CLIENTS, portal_status="not_invited").body["items"]
    texts = [each["text"] for each in history(client, "portal")]
    assert "Access to the portal ended for anna@x.example" in texts


def test_an_edit_that_keeps_the_address_keeps_the_invitation(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    invited(owner, client, zoe)
    with_more = {"emails": ["first@x.example", "ZOE@mueller.example"], "primary": True}
    assert owner.patch(f"{client}/contacts/{zoe}", with_more).status == 200
    owner.patch(f"{client}/contacts/{zoe}", {"job_title": "Bookkeeper"})
    assert holders(owner, client)[zoe]["status"] == "waiting"
    assert invited(owner, client, zoe)["email"] == "zoe@mueller.example"


def test_a_client_that_loses_the_address_it_was_invited_at_is_no_longer_invited(owner: Staff):
    client = made(owner)
    invited(owner, client)
    owner.patch(client, {"emails": ["new@x.example", "office@mueller.example"]})
    assert portal(owner, client)["status"] == "waiting"
    changed = owner.patch(client, {"emails": ["new@x.example"]})
    assert changed.body["portal"]["status"] == "not_invited"
    assert portal(owner, client)["status"] == "not_invited"
    assert holders(owner, client)[None]["email"] == "new@x.example"


def test_a_primary_contact_that_goes_leaves_an_heir_and_no_invitation(owner: Staff):
    client = made(owner)
    zoe, anna = contact(owner, client), contact(owner, client, emails=["anna@x.example"])
    invited(owner, client)
    owner.delete(f"{client}/contacts/{zoe}")
    assert owner.get(f"{client}/contacts/{anna}").body["primary"] is True
    assert portal(owner, client)["status"] == "not_invited"


def test_an_invitation_during_the_deletion_of_its_contact_leaves_nothing_behind(owner: Staff):
    client = made(owner)
    zoe = contact(owner, client)
    with in_between("TransactWriteItems", lambda: invited(owner, client, zoe)):
        owner.delete(f"{client}/contacts/{zoe}")
    assert portal(owner, client)["status"] == "not_invited"
    assert list(holders(owner, client)) == [None]


# ---- What a client's history says of its changes -------------------------------------------


def test_changes_of_a_client_are_in_its_history(owner: Staff):
    client = made(owner)
    owner.patch(client, {"emails": ["a@x.example"], "billing_address": {"city": "Bonn"}})
    owner.patch(client, {"emails": ["a@x.example"]})
    owner.put(f"{client}/flag", {"reason": "Late"})
    owner.delete(f"{client}/flag")
    owner.post(f"{client}/suspend", {"reason": "Unpaid since July"})
    owner.post(f"{client}/suspend", {"reason": "again"})
    owner.post(f"{client}/activate")
    owner.post(f"{client}/suspend")
    owner.put(f"{client}/favourite")
    owner.delete(client)
    found = [(each["text"], each.get("event")) for each in history(client, "client")]
    assert found == [
        ("Changed: emails, billing address", None),
        ("Flagged: Late", None),
        ("Flag cleared", None),
        ("Suspended: Unpaid since July", "client.suspended"),
        ("Activated", "client.activated"),
        ("Suspended", "client.suspended"),
        ("Deleted", "client.deleted"),
    ]
    assert {each["by"]["name"] for each in history(client, "client")} == {"The owner"}
