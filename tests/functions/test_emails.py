"""Mail to clients from within the app: /v1/clients/{client_id}/emails."""

from typing import Any

import pytest

from tests.builders import new_client, new_contact
from tests.support import stored
from tests.support.api import Staff
from tests.support.post import Post

BODY = {"subject": "Your order", "body": "Dear Ms Müller,\n\nit is on its way."}
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def client_of(staff: Staff, **fields: Any) -> str:
    return str(staff.post("/v1/clients", new_client(**fields)).body["client_id"])


def emails(client_id: str, rest: str = "") -> str:
    return f"/v1/clients/{client_id}/emails{rest}"


def test_a_mail_is_queued_and_logged_as_history_and_note(owner: Staff):
    client_id = client_of(owner)
    answer = owner.post(emails(client_id), BODY)
    assert answer.status == 202
    email_id = answer.body["email_id"]
    shown = owner.get(emails(client_id, f"/{email_id}")).body
    assert (shown["status"], shown["to"]) == ("queued", ["office@mueller.example"])
    assert shown["by"] == {"staff_id": owner.staff_id, "name": "The owner"}
    entries = owner.get(f"/v1/clients/{client_id}/history", type="email,note").body["items"]
    by_type = {entry["type"]: entry for entry in entries}
    assert by_type["email"]["details"]["email_id"] == email_id
    assert by_type["email"]["text"] == "Your order"
    assert by_type["note"]["text"] == "Your order\n\nDear Ms Müller,\n\nit is on its way."
    assert by_type["note"]["by"]["name"] == "The owner"
    (row,) = owner.get(f"/v1/clients/{client_id}/overview").body["latest"]["emails"]
    (listed,) = owner.get(emails(client_id)).body["items"]
    assert row == listed


def test_the_note_of_a_mail_can_be_deleted(owner: Staff):
    client_id = client_of(owner)
    owner.post(emails(client_id), BODY)
    (note,) = owner.get(f"/v1/clients/{client_id}/history", type="note").body["items"]
    assert owner.delete(f"/v1/clients/{client_id}/notes/{note['entry_id']}").status == 204
    assert len(owner.get(f"/v1/clients/{client_id}/history").body["items"]) == 1


def test_a_mail_that_is_posted_twice_with_a_key_is_queued_once(owner: Staff):
    client_id = client_of(owner)
    first = owner.post(emails(client_id), BODY, idempotency_key="k")
    with stored.unchanged():
        again = owner.post(emails(client_id), BODY, idempotency_key="k")
    assert (again.status, again.body) == (202, first.body)
    other = owner.post(emails(client_id), BODY | {"subject": "Other"}, idempotency_key="k")
    assert other.code == "idempotency_key_reused"


def test_a_client_without_an_address_is_refused(owner: Staff):
    client_id = client_of(owner, emails=[])
    with stored.unchanged():
        answer = owner.post(emails(client_id), BODY)
    assert (answer.status, answer.code) == (409, "no_email_address")
    assert owner.post(emails(client_id), BODY | {"to": ["a@x.example"]}).status == 202


def test_an_address_that_cannot_be_mailed_is_named(owner: Staff):
    client_id = client_of(owner, emails=["jürgen@x.example"])
    answer = owner.post(emails(client_id), BODY)
    assert (answer.status, answer.code) == (409, "no_email_address")
    assert "'jürgen@x.example'" in answer.body["detail"]


def test_a_suspended_client_is_refused(owner: Staff):
    client_id = client_of(owner)
    owner.post(f"/v1/clients/{client_id}/suspend")
    with stored.unchanged():
        answer = owner.post(emails(client_id), BODY)
    assert (answer.status, answer.code) == (409, "client_suspended")


@pytest.mark.parametrize(
    ("rival", "code"), [("suspend", "client_suspended"), (None, "client_not_found")]
)
def test_a_client_that_changes_meanwhile_is_refused(owner: Staff, rival: str | None, code: str):
    client_id = client_of(owner)
    path = f"/v1/clients/{client_id}"
    act = (lambda: owner.post(f"{path}/{rival}")) if rival else (lambda: owner.delete(path))
    with stored.in_between("TransactWriteItems", act):
        answer = owner.post(emails(client_id), BODY)
    assert answer.code == code
    assert not [item for item in stored.items() if item["sk"].startswith("EMAIL#")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", ""),
        ("subject", "x" * 201),
        ("subject", "Hello\nBcc: spy@evil.example"),
        ("subject", "Hello\r\nBcc: spy@evil.example"),
        ("subject", None),
        ("body", ""),
        ("body", "   \n "),
        ("body", "x" * 20_001),
        ("body", "a\x00b"),
        ("to", []),
        ("to", [f"a{number}@x.example" for number in range(1_000)]),
        ("to", ["not an address"]),
        ("to", ["a@x.example\nBcc: b@x.example"]),
        ("to", ['"quoted name"@x.example']),
        ("to", ["Anna <a@x.example>"]),
        ("to", "a@x.example"),
        ("template", "nothing_like_it"),
        ("attach_documents", "yes"),
        ("bcc", ["a@x.example"]),
    ],
)
def test_a_mail_that_is_not_right_is_refused_with_its_field(
    owner: Staff, field: str, value: object
):
    client_id = client_of(owner)
    with stored.unchanged():
        answer = owner.post(emails(client_id), BODY | {field: value})
    assert answer.status == 422, answer.body
    assert next(iter(answer.fields)).partition(".")[0] == field


def test_fifty_recipients_are_as_many_as_a_mail_can_have(owner: Staff):
    client_id = client_of(owner)
    fifty = [f"a{number}@x.example" for number in range(50)]
    assert owner.post(emails(client_id), BODY | {"to": fifty}).status == 202
    answer = owner.post(emails(client_id), BODY | {"to": [*fifty, "b@x.example"]})
    assert answer.status == 422


@pytest.mark.parametrize(
    "address", ["o'brien@x.example", "anna@müller.example", "a+b@x.de", "a_b-c@sub.x.example"]
)
def test_addresses_of_every_kind_are_taken(owner: Staff, post: Post, address: str):
    client_id = client_of(owner)
    answer = owner.post(emails(client_id), BODY | {"to": [address]})
    assert answer.status == 202, answer.body
    post.run()
    assert len(post.sent) == 1


@pytest.fixture
def post() -> Post:
    return Post()


def test_mails_are_listed_newest_first_page_by_page(owner: Staff):
    client_id = client_of(owner)
    sent = [owner.post(emails(client_id), BODY).body["email_id"] for _ in range(5)]
    found, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = owner.get(emails(client_id), **query).body
        found += [item["email_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(sent, reverse=True)
    other = client_of(owner, emails=["x@x.example"], number="X-1")
    first = owner.get(emails(client_id), limit="2").body["next_cursor"]
    assert owner.get(emails(other), cursor=first).code == "invalid_cursor"


@pytest.mark.parametrize("client_id", [NOBODY, "x", "x" * 3000])
def test_a_client_that_does_not_exist_is_not_found(owner: Staff, client_id: str):
    path = f"/v1/clients/{client_id}"
    for answer in (
        owner.post(emails(client_id), BODY),
        owner.get(emails(client_id)),
        owner.get(emails(client_id, f"/{NOBODY}")),
        owner.post(emails(client_id, f"/{NOBODY}/resend")),
        owner.get(f"{path}/suppressions"),
        owner.delete(f"{path}/suppressions", {"address": "a@x.example"}),
    ):
        assert (answer.status, answer.code) == (404, "client_not_found")


@pytest.mark.parametrize("email_id", [NOBODY, "x", "x" * 3000])
def test_a_mail_that_does_not_exist_is_not_found(owner: Staff, email_id: str):
    client_id = client_of(owner)
    for answer in (
        owner.get(emails(client_id, f"/{email_id}")),
        owner.post(emails(client_id, f"/{email_id}/resend")),
    ):
        assert (answer.status, answer.code) == (404, "email_not_found")


def test_a_mail_of_another_client_is_not_found(owner: Staff):
    one, other = client_of(owner), client_of(owner, emails=["x@x.example"])
    email_id = owner.post(emails(one), BODY).body["email_id"]
    assert owner.get(emails(other, f"/{email_id}")).code == "email_not_found"


def test_a_mail_that_went_out_is_not_sent_again(owner: Staff, post: Post):
    client_id = client_of(owner)
    email_id = owner.post(emails(client_id), BODY).body["email_id"]
    for status in ("queued", "sent"):
        answer = owner.post(emails(client_id, f"/{email_id}/resend"))
        assert (answer.status, answer.code) == (409, "email_not_repeatable")
        assert status in answer.body["detail"]
        post.run()


def test_an_invitation_is_not_sent_again_but_made_anew(owner: Staff):
    client_id = client_of(owner)
    owner.post(f"/v1/clients/{client_id}/contacts", new_contact())
    invited = owner.post(f"/v1/clients/{client_id}/invitation", {})
    assert invited.status == 202, invited.body
    answer = owner.post(emails(client_id, f"/{invited.body['email_id']}/resend"))
    assert (answer.status, answer.code) == (409, "email_not_repeatable")


def test_a_mail_has_an_etag_that_moves_with_what_is_known_of_it(owner: Staff, post: Post):
    client_id = client_of(owner)
    email_id = owner.post(emails(client_id), BODY).body["email_id"]
    first = owner.get(emails(client_id, f"/{email_id}")).etag
    assert owner.get(emails(client_id, f"/{email_id}")).etag == first
    post.run()
    assert owner.get(emails(client_id, f"/{email_id}")).etag != first


def test_addresses_of_every_kind_are_lifted(owner: Staff):
    client_id = client_of(owner)
    address = "a#b/c?d@x.example"
    entry = {"address": address, "reason": "bounce", "at": "2026-11-22T09:00:00.000Z"}
    stored.alter(f"CLIENT#{client_id}", "CLIENT", suppressed={address: entry})
    path = f"/v1/clients/{client_id}/suppressions"
    assert owner.delete(path, {"address": address}).status == 204
    assert owner.delete(path, {"address": address}).code == "suppression_not_found"
    assert owner.delete(path).status == 422
