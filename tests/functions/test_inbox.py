"""The inbox: messages that wait until somebody says whose they are."""

from typing import Any

import pytest

from tests.builders import new_client, new_contact
from tests.support import stored
from tests.support.api import Answer, Staff
from tests.support.inbound import arrive, ask, entries, mail, notice, text, waiting

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture
def acme(owner: Staff) -> str:
    fields = {"business_name": "Acme", "emails": ["office@acme.example"], "telephone": None}
    return str(owner.post("/v1/clients", new_client(**fields)).body["client_id"])


@pytest.fixture
def message(owner: Staff) -> str:
    """The id of a mail that waits."""
    arrive(mail("Anna <s@x.example>", "Hello\n\nOn Sun, Nov 22, 2026 Firm wrote:\n> Pay!"))
    return str(waiting(owner)[0]["message_id"])


@pytest.fixture
def sms(owner: Staff) -> str:
    """The id of a text message that waits."""
    text(notice("+49221123499"))
    return str(waiting(owner)[0]["message_id"])


def assign(staff: Staff, message_id: str, client_id: str, **more: Any) -> Answer:
    headers = {name: more.pop(name) for name in ("idempotency_key", "if_match") if name in more}
    body = {"client_id": client_id} | more
    return ask(staff, "POST", f"/{message_id}/assign", body, **headers)


# ---- Reading -------------------------------------------------------------------------------


def test_an_empty_inbox(owner: Staff):
    assert ask(owner, "GET").body == {"items": [], "next_cursor": None}


def test_the_newest_come_first_page_by_page(member: Staff):
    for number in range(5):
        text(notice("+15550001111", f"Message {number}"))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        body = member.call("inbox", "GET", "/v1/inbox", query=query).body
        seen += [each["message_id"] for each in body["items"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_a_cursor_of_another_list_is_refused(owner: Staff):
    answer = owner.call("inbox", "GET", "/v1/inbox", query={"cursor": "abc"})
    assert answer.code == "invalid_cursor"


def test_one_message_with_all_it_says(owner: Staff, message: str):
    answer = ask(owner, "GET", f"/{message}")
    assert answer.status == 200
    assert answer.etag == '"1"'
    assert answer.body["text"] == "Hello"
    assert answer.body["details"]["full_text"].endswith("> Pay!")
    assert answer.body["details"]["s3_key"].startswith("inbound/")
    assert answer.body["version"] == 1


@pytest.mark.parametrize("message_id", [NOBODY, "x", "x" * 3000])
def test_a_message_that_is_not_there(message_id: str, owner: Staff, acme: str):
    for answer in (
        ask(owner, "GET", f"/{message_id}"),
        ask(owner, "DELETE", f"/{message_id}"),
        assign(owner, message_id, acme),
        assign(owner, message_id, acme, remember=True),
    ):
        assert (answer.status, answer.code) == (404, "inbox_message_not_found")


# ---- Assigning -----------------------------------------------------------------------------


def test_an_assigned_message_is_an_entry_of_the_client_at_the_time_when_it_came(
    member: Staff, acme: str, message: str
):
    before = ask(member, "GET", f"/{message}").body
    answer = assign(member, message, acme)
    assert answer.status == 200
    assert answer.body == {"client_id": acme, "contact_id": None, "entry_id": message}
    (entry,) = entries(acme)
    assert entry["sk"] == f"HISTORY#{message}"
    assert (entry["kind"], entry["text"], entry["event"]) == ("email", "Hello", "email.received")
    assigned = entry["details"].pop("assigned")
    assert assigned["by"] == {"staff_id": member.staff_id, "name": "The staff"}
    assert entry["details"] == {
        name: value for name, value in before["details"].items() if value is not None
    }
    assert waiting(member) == []


def test_an_assigned_message_may_name_a_contact(owner: Staff, acme: str, sms: str):
    contact = owner.post(f"/v1/clients/{acme}/contacts", new_contact()).body["contact_id"]
    assert assign(owner, sms, acme, contact_id=contact).body["contact_id"] == contact
    (entry,) = entries(acme)
    assert (entry["kind"], entry["details"]["contact_id"]) == ("sms", contact)


def test_only_one_of_two_gets_a_message(owner: Staff, member: Staff, acme: str, message: str):
    other = owner.post("/v1/clients", new_client()).body["client_id"]
    with stored.in_between("TransactWriteItems", lambda: assign(member, message, other)):
        answer = assign(owner, message, acme)
    assert (answer.status, answer.code) == (404, "inbox_message_not_found")
    assert (len(entries(acme)), len(entries(other))) == (0, 1)


def test_the_same_request_again_gets_the_same_answer(owner: Staff, acme: str, message: str):
    for remember in (False, True):
        first = assign(owner, message, acme, idempotency_key=f"k{remember}", remember=remember)
        with stored.unchanged():
            again = assign(owner, message, acme, idempotency_key=f"k{remember}", remember=remember)
        assert again.body == first.body
        assert again.headers["idempotency-replayed"] == "true"
        arrive(mail(f"{remember}@x.example"))
        message = waiting(owner)[0]["message_id"]


@pytest.mark.parametrize("remember", [False, True])
def test_whose_it_is_must_be_there(remember: bool, owner: Staff, acme: str, message: str):
    other = owner.post("/v1/clients", new_client()).body["client_id"]
    contact = owner.post(f"/v1/clients/{other}/contacts", new_contact()).body["contact_id"]
    gone = owner.post("/v1/clients", new_client(emails=[])).body["client_id"]
    owner.delete(f"/v1/clients/{gone}")
    with stored.unchanged():
        for client_id in (NOBODY, gone):
            answer = assign(owner, message, client_id, remember=remember)
            assert (answer.status, list(answer.fields)) == (422, ["client_id"])
        answer = assign(owner, message, acme, contact_id=contact, remember=remember)
        assert (answer.status, list(answer.fields)) == (422, ["contact_id"])
        assert assign(owner, message, "x").status == 422
        assert ask(owner, "POST", f"/{message}/assign", {}).status == 422


def test_a_stale_version_is_refused(owner: Staff, manager: Staff, acme: str, message: str):
    with stored.unchanged():
        assert assign(owner, message, acme, if_match='"2"').status == 412
        assert assign(owner, message, acme, if_match='"2"', remember=True).status == 412
        assert ask(manager, "DELETE", f"/{message}", if_match='"2"').status == 412
    assert assign(owner, message, acme, if_match='"1"').status == 200


# ---- Remembering ---------------------------------------------------------------------------


def test_a_remembered_sender_is_known_from_then_on(owner: Staff, acme: str, message: str):
    assign(owner, message, acme, remember=True)
    emails = owner.get(f"/v1/clients/{acme}").body["emails"]
    assert emails == ["office@acme.example", "s@x.example"]
    arrive(mail("S@x.example"))
    assert (len(entries(acme)), waiting(owner)) == (2, [])


def test_a_contact_is_remembered_by_its_address(owner: Staff, acme: str, message: str):
    path = f"/v1/clients/{acme}/contacts"
    contact = owner.post(path, new_contact(emails=[])).body["contact_id"]
    assign(owner, message, acme, contact_id=contact, remember=True)
    assert owner.get(f"{path}/{contact}").body["emails"] == ["s@x.example"]
    arrive(mail("s@x.example"))
    assert [each["details"]["contact_id"] for each in entries(acme)] == [contact] * 2


def test_a_contact_of_the_portal_is_remembered_and_stays_there(
    owner: Staff, acme: str, message: str
):
    path = f"/v1/clients/{acme}/contacts"
    contact = owner.post(path, new_contact()).body["contact_id"]
    portal = {"status": "waiting", "invited_at": "2026-11-22T07:04:00.000Z"}
    portal |= {"email": "zoe@mueller.example"}
    stored.alter(f"CLIENT#{acme}", f"CONTACT#{contact}", portal=portal)
    assert assign(owner, message, acme, contact_id=contact, remember=True).status == 200
    found = owner.get(f"{path}/{contact}").body
    assert found["emails"] == ["zoe@mueller.example", "s@x.example"]
    assert found["portal"]["status"] != "not_invited"


def test_a_number_is_remembered_where_there_is_none(owner: Staff, acme: str, sms: str):
    path = f"/v1/clients/{acme}/contacts"
    contact = owner.post(path, new_contact(telephone="+49221123457")).body["contact_id"]
    with stored.unchanged():
        answer = assign(owner, sms, acme, contact_id=contact, remember=True)
        assert (answer.status, list(answer.fields)) == (422, ["remember"])
    assign(owner, sms, acme, remember=True)
    assert owner.get(f"/v1/clients/{acme}").body["telephone"] == "+49221123499"


def test_a_sender_that_is_known_changes_nothing_of_the_client(owner: Staff, acme: str):
    other = owner.post("/v1/clients", new_client(emails=["b@x.example"])).body["client_id"]
    path = f"/v1/clients/{other}/contacts"
    owner.post(path, new_contact(emails=["office@acme.example"]))
    arrive(mail("OFFICE@acme.example"))
    before = owner.get(f"/v1/clients/{acme}").body["version"]
    message_id = waiting(owner)[0]["message_id"]
    assert assign(owner, message_id, acme, remember=True).status == 200
    assert owner.get(f"/v1/clients/{acme}").body["version"] == before


def test_a_message_without_a_sender_cannot_be_remembered(owner: Staff, acme: str):
    arrive(b"\n\nno headers")
    message_id = waiting(owner)[0]["message_id"]
    answer = assign(owner, message_id, acme, remember=True)
    assert (answer.status, list(answer.fields)) == (422, ["remember"])


def test_a_rival_edit_of_the_client_is_not_lost(owner: Staff, acme: str, message: str):
    def rival() -> None:
        owner.patch(f"/v1/clients/{acme}", {"emails": ["new@acme.example"]})

    with stored.in_between("TransactWriteItems", rival):
        assert assign(owner, message, acme, remember=True).status == 200
    emails = owner.get(f"/v1/clients/{acme}").body["emails"]
    assert emails == ["new@acme.example", "s@x.example"]


# ---- Deleting ------------------------------------------------------------------------------


def test_managers_delete_what_nobody_needs(manager: Staff, message: str):
    assert ask(manager, "DELETE", f"/{message}").status == 204
    assert waiting(manager) == []
    assert ask(manager, "DELETE", f"/{message}").status == 404


def test_others_do_not_delete(member: Staff, specialist: Staff, message: str):
    with stored.unchanged():
        for staff in (member, specialist):
            assert ask(staff, "DELETE", f"/{message}").status == 403


def test_later_knowledge_moves_nothing(owner: Staff, acme: str, message: str):
    owner.post(f"/v1/clients/{acme}/contacts", new_contact(emails=["s@x.example"]))
    assert [each["message_id"] for each in waiting(owner)] == [message]
