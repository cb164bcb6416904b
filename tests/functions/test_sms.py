"""SMS to a client: asked for, listed, and what is refused. Sending them: test_texter."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import calls, stored
from tests.support.api import Staff

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def client(staff: Staff, **fields: Any) -> str:
    answer = staff.post("/v1/clients", {"business_name": "Acme"} | fields)
    return f"/v1/clients/{answer.body['client_id']}"


@pytest.fixture
def acme(owner: Staff) -> str:
    return client(owner, telephone="+49221123456", billing_address={"country": "DE"})


def queued(staff: Staff, where: str, body: str = "Ready", **fields: Any) -> dict[str, Any]:
    answer = staff.post(f"{where}/sms", {"body": body} | fields)
    assert answer.status == 202, answer.body
    return answer.body


def test_an_sms_is_queued_and_stands_in_the_history(acme: str, member: Staff):
    answer = member.post(f"{acme}/sms", {"to": None, "body": "Your <order> is\nready 🧑‍🚀"})
    assert answer.status == 202
    sms_id = answer.body["sms_id"]
    assert answer.body == {"sms_id": sms_id, "to": "+49221123456", "segments": 1}
    assert answer.headers["location"] == f"{acme}/sms/{sms_id}"
    shown = member.get(f"{acme}/sms/{sms_id}")
    by = {"staff_id": member.staff_id, "name": "The staff"}
    assert shown.body == answer.body | {
        "body": "Your <order> is\nready 🧑‍🚀",
        "status": "queued",
        "held_at": None,
        "failure": None,
        "by": by,
        "created_at": shown.body["created_at"],
        "sent_at": None,
        "version": 1,
    }
    assert shown.etag == '"1"'
    assert member.get(f"{acme}/sms").body == {"items": [shown.body], "next_cursor": None}
    (entry,) = member.get(f"{acme}/history", type="sms").body["items"]
    assert entry["entry_id"] == sms_id
    assert (entry["by"], entry["text"]) == (by, shown.body["body"])
    assert entry["details"] == {"direction": "outbound", "to": "+49221123456", "sms_id": sms_id}


# ---- To which number -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("+1 202 555 0143", "+12025550143"),
        ("0221/998877", "+49221998877"),
        ("0049 221 998877", "+49221998877"),
    ],
)
def test_a_number_is_taken_as_people_write_it_in_the_client_s_country(
    to: str, expected: str, acme: str, owner: Staff
):
    assert queued(owner, acme, to=to)["to"] == expected


@pytest.mark.parametrize(
    "to", ["", "nobody", "110", "+49221123456 ext 5", "+1", "x" * 61, "1\n2", 5, "+49\u00002211"]
)
def test_a_number_that_is_none_is_refused(to: Any, acme: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(f"{acme}/sms", {"to": to, "body": "x"})
    assert_problem(answer, 422, "validation_failed", "to")


def test_a_national_number_needs_the_client_s_country(owner: Staff):
    nowhere = client(owner)
    answer = owner.post(f"{nowhere}/sms", {"to": "0221 123456", "body": "x"})
    assert_problem(answer, 422, "validation_failed", "to")


def test_without_a_number_of_its_own_the_primary_contact_s_is_used(owner: Staff):
    acme = client(owner, telephone="ask Anna", billing_address={"country": "DE"})
    owner.post(f"{acme}/contacts", {"first_name": "Zoë", "telephone": "0221 123457"})
    other = {"first_name": "Anna", "telephone": "0221 123458", "primary": True}
    anna = owner.post(f"{acme}/contacts", other).body["contact_id"]
    assert queued(owner, acme)["to"] == "+49221123458"
    (entry,) = owner.get(f"{acme}/history", type="sms").body["items"]
    assert entry["details"]["contact_id"] == anna


def test_the_primary_contact_s_number_is_understood_in_its_own_country(owner: Staff):
    acme = client(owner, billing_address={"country": "DE"})
    address = {"country": "AT"}
    contact = {"first_name": "Zoë", "telephone": "01 5134567", "address": address}
    owner.post(f"{acme}/contacts", contact)
    assert queued(owner, acme)["to"] == "+4315134567"


@pytest.mark.parametrize(
    "contact", [None, {"first_name": "Z"}, {"first_name": "Z", "telephone": "0221 123457 ext 5"}]
)
def test_where_there_is_no_number_at_all_is_a_conflict(contact: Any, owner: Staff):
    acme = client(owner, billing_address={"country": "DE"})
    if contact:
        owner.post(f"{acme}/contacts", contact)
    with stored.unchanged():
        answer = owner.post(f"{acme}/sms", {"body": "x"}, idempotency_key="1")
    assert_problem(answer, 409, "no_telephone_number")


# ---- What is refused -----------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", " \n ", "x" * 1601, "a\u0000", "\ud83d", None, 5])
def test_a_body_that_is_no_text_is_refused(body: Any, acme: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(f"{acme}/sms", {"body": body})
    assert_problem(answer, 422, "validation_failed", "body")


@pytest.mark.parametrize("letter", ["ä", "漢", "🧑"])
def test_a_body_of_more_bytes_than_the_network_takes_is_refused(
    letter: str, acme: str, owner: Staff
):
    most = 1_600 // len(letter.encode())
    with stored.unchanged():
        answer = owner.post(f"{acme}/sms", {"body": letter * (most + 1)})
    assert_problem(answer, 422, "validation_failed", "body")
    assert "1600 at most" in answer.fields["body"]
    assert queued(owner, acme, letter * most)


def test_the_longest_sms_is_kept_whole(acme: str, owner: Staff):
    sent = queued(owner, acme, "x" * 1600)
    assert sent["segments"] == 11
    assert len(owner.get(f"{acme}/sms/{sent['sms_id']}").body["body"]) == 1600


def test_nothing_is_sent_to_a_suspended_client(acme: str, owner: Staff):
    owner.post(f"{acme}/suspend")
    for sms in ({"body": "x"}, {"body": "x", "to": "+12025550143"}):
        with stored.unchanged():
            answer = owner.post(f"{acme}/sms", sms, idempotency_key="1")
        assert_problem(answer, 409, "client_suspended")


def test_a_client_suspended_or_deleted_meanwhile_gets_none(acme: str, owner: Staff):
    with stored.in_between("TransactWriteItems", lambda: owner.post(f"{acme}/suspend")):
        answer = owner.post(f"{acme}/sms", {"body": "x"})
    assert_problem(answer, 409, "client_suspended")
    owner.post(f"{acme}/activate")
    with stored.in_between("TransactWriteItems", lambda: owner.delete(acme)):
        answer = owner.post(f"{acme}/sms", {"body": "x"})
    assert_problem(answer, 404, "client_not_found")
    assert not [each for each in stored.items() if each["sk"].startswith("SMS#")]


@pytest.mark.parametrize("where", [f"/v1/clients/{NOBODY}", "/v1/clients/x"])
def test_there_are_no_sms_of_nobody(where: str, owner: Staff):
    for answer in (
        owner.get(f"{where}/sms"),
        owner.get(f"{where}/sms/{NOBODY}"),
        owner.post(f"{where}/sms", {"body": "x"}),
    ):
        assert_problem(answer, 404, "client_not_found")


def test_an_sms_that_is_not_the_client_s_is_not_found(acme: str, owner: Staff):
    sms, other = queued(owner, acme), client(owner)
    for where in (f"{other}/sms/{sms['sms_id']}", f"{acme}/sms/{NOBODY}", f"{acme}/sms/x"):
        assert_problem(owner.get(where), 404, "sms_not_found")


# ---- Once, and pages -----------------------------------------------------------------------


def test_the_same_request_twice_is_one_sms(acme: str, owner: Staff):
    sent = {"body": "Once"}
    first = owner.post(f"{acme}/sms", sent, idempotency_key="k")
    with stored.unchanged():
        second = owner.post(f"{acme}/sms", sent, idempotency_key="k")
        assert (second.status, second.body) == (202, first.body)
        reused = owner.post(f"{acme}/sms", {"body": "Other"}, idempotency_key="k")
        assert_problem(reused, 409, "idempotency_key_reused")
    owner.post(f"{acme}/suspend")
    again = owner.post(f"{acme}/sms", sent, idempotency_key="k")
    assert (again.status, again.body) == (202, first.body)


def test_pages_of_sms_are_newest_first_and_whole(acme: str, owner: Staff):
    ids = [queued(owner, acme, str(number))["sms_id"] for number in range(5)]
    newest = sorted(ids, reverse=True)
    first = owner.get(f"{acme}/sms", limit="3").body
    second = owner.get(f"{acme}/sms", limit="3", cursor=first["next_cursor"]).body
    assert [each["sms_id"] for each in first["items"]] == newest[:3]
    assert [each["sms_id"] for each in second["items"]] == newest[3:]
    assert second["next_cursor"] is None
    other = client(owner)
    refused = owner.get(f"{other}/sms", cursor=first["next_cursor"])
    assert_problem(refused, 400, "invalid_cursor")
    history = owner.get(f"{acme}/history", cursor=first["next_cursor"])
    assert_problem(history, 400, "invalid_cursor")


def test_an_sms_is_one_read_and_one_transaction(acme: str, owner: Staff):
    with calls.recorded() as asked:
        queued(owner, acme)
    assert [name for name, _ in asked] == ["GetItem", "TransactWriteItems"]
    with calls.recorded() as asked:
        owner.get(f"{acme}/sms")
    assert sorted(name for name, _ in asked) == ["GetItem", "Query"]
