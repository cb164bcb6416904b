"""What the mail service tells of a mail is taken down, once, and has its effect."""

from typing import Any

import pytest

from tests.builders import new_client
from tests.support import imports, stored
from tests.support.api import Staff, invoke
from tests.support.faults import before_transaction, crash_at
from tests.support.post import Post
from tests.unit import ses_events
from tests.unit.ses_events import bounce, complaint, delay, delivery, reject, send

ADDRESS = "office@mueller.example"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def mail(owner: Staff, post: Post) -> dict[str, str]:
    """A mail that was sent."""
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    body = {"subject": "Hello", "body": "There"}
    email_id = owner.post(f"/v1/clients/{client_id}/emails", body).body["email_id"]
    post.run()
    return {"client_id": client_id, "email_id": email_id}


def about(mail: dict[str, str], event: dict[str, Any]) -> dict[str, Any]:
    tags = {name: [value] for name, value in mail.items()}
    return event | {"mail": event["mail"] | {"tags": event["mail"]["tags"] | tags}}


def tell(post: Post, mail: dict[str, str], *events: dict[str, Any]) -> None:
    for event in events:
        assert post.deliver("mail_events", about(mail, event)) == []


def path(mail: dict[str, str], rest: str = "") -> str:
    return f"/v1/clients/{mail['client_id']}{rest}"


def email(staff: Staff, mail: dict[str, str]) -> Any:
    return staff.get(path(mail, f"/emails/{mail['email_id']}")).body


def test_a_mail_is_followed_until_it_is_delivered(owner: Staff, post: Post, mail: dict[str, str]):
    tell(post, mail, send(), delay(ADDRESS))
    assert email(owner, mail)["status"] == "sent"
    tell(post, mail, delivery(ADDRESS))
    shown = email(owner, mail)
    assert shown["status"] == "delivered"
    assert shown["delivered_at"] == "2026-11-22T09:00:04.540Z"
    assert [event["type"] for event in shown["events"]] == ["send", "delivery", "delivery_delay"]
    (row,) = owner.get(path(mail, "/emails")).body["items"]
    assert row["status"] == "delivered"


def test_an_event_that_comes_again_changes_nothing(post: Post, mail: dict[str, str]):
    events = [send(), delivery(ADDRESS), complaint(ADDRESS)]
    tell(post, mail, *events)
    with stored.unchanged():
        tell(post, mail, *events, *reversed(events))


@pytest.mark.parametrize(
    ("event", "status", "reason"),
    [
        (bounce(ADDRESS), "bounced", "bounce"),
        (bounce(ADDRESS, subkind="NoEmail"), "bounced", "bounce"),
        (bounce(ADDRESS, subkind="Suppressed"), "bounced", "bounce"),
        (bounce(ADDRESS, subkind="OnAccountSuppressionList"), "bounced", "bounce"),
        (bounce(ADDRESS, kind="Transient", subkind="General"), "bounced", None),
        (bounce(ADDRESS, kind="Transient", subkind="MailboxFull"), "bounced", None),
        (bounce(ADDRESS, kind="Transient", subkind="MessageTooLarge"), "bounced", None),
        (bounce(ADDRESS, kind="Undetermined", subkind="Undetermined"), "bounced", None),
        (complaint(ADDRESS), "complained", "complaint"),
        (reject(), "failed", None),
    ],
)
def test_an_address_that_bounced_for_good_or_complained_is_suppressed(
    owner: Staff,
    post: Post,
    mail: dict[str, str],
    event: dict[str, Any],
    status: str,
    reason: str | None,
):
    tell(post, mail, event)
    assert email(owner, mail)["status"] == status
    items = owner.get(path(mail, "/suppressions")).body["items"]
    assert [item["reason"] for item in items] == [reason] * bool(reason)
    entries = owner.get(path(mail, "/history"), type="email").body["items"]
    told = [entry for entry in entries if entry["details"].get("address")]
    assert len(told) == len(items)
    if reason:
        assert items[0]["address"] == ADDRESS
        assert items[0]["email_id"] == mail["email_id"]


def test_a_suppression_that_was_lifted_is_not_put_back_by_the_same_bounce(
    owner: Staff, post: Post, mail: dict[str, str]
):
    tell(post, mail, bounce("Office@Mueller.example"))
    assert owner.delete(path(mail, "/suppressions"), {"address": ADDRESS.upper()}).status == 204
    tell(post, mail, bounce("Office@Mueller.example"))
    assert owner.get(path(mail, "/suppressions")).body["items"] == []
    answer = owner.delete(path(mail, "/suppressions"), {"address": ADDRESS})
    assert (answer.status, answer.code) == (404, "suppression_not_found")


def test_a_crash_writes_nothing_and_the_event_comes_again(
    owner: Staff, post: Post, mail: dict[str, str]
):
    with crash_at("TransactWriteItems", 1), stored.unchanged():
        assert len(post.deliver("mail_events", about(mail, bounce(ADDRESS)))) == 1
    tell(post, mail, bounce(ADDRESS))
    assert len(owner.get(path(mail, "/suppressions")).body["items"]) == 1


def test_two_events_at_once_are_both_taken_down(owner: Staff, post: Post, mail: dict[str, str]):
    rival = lambda: tell(post, mail, delivery(ADDRESS))  # noqa: E731
    with before_transaction("suppressed", rival):
        tell(post, mail, bounce(ADDRESS))
    assert {event["type"] for event in email(owner, mail)["events"]} == {"delivery", "bounce"}
    assert email(owner, mail)["status"] == "bounced"


def test_a_client_can_have_many_addresses_that_bounce(
    owner: Staff, post: Post, mail: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    from tallybook.mail import events

    monkeypatch.setattr(events, "MOST_SUPPRESSED", 2)
    for number in range(3):
        tell(post, mail, bounce(f"a{number}@x.example", at=f"2026-11-22T09:00:0{number}.000Z"))
    items = owner.get(path(mail, "/suppressions")).body["items"]
    assert [item["address"] for item in items] == ["a2@x.example", "a1@x.example"]


def test_what_is_of_no_mail_of_ours_is_let_go(post: Post, mail: dict[str, str]):
    stranger = ses_events.delivery(email_id="01JA2Y5B7Q8RZ4T9C1N6V3X0WZ")
    odd = ses_events.delivery(email_id="../../etc")
    with stored.unchanged():
        for event in ({}, {"eventType": "Open"}, stranger, odd, ses_events.opened()):
            assert post.deliver("mail_events", event) == []


def test_the_mail_of_a_deleted_client_is_let_go(owner: Staff, post: Post, mail: dict[str, str]):
    owner.delete(path(mail))
    tell(post, mail, bounce(ADDRESS))
    assert not [item for item in stored.items() if "suppressed" in item]


def test_a_notice_in_plain_words_is_let_go(post: Post):
    notice = "Successfully validated SNS topic for Amazon SES event publishing."
    event = imports.sqs_event([{}])
    event["Records"][0]["body"] = notice
    with stored.unchanged():
        assert invoke("mail_events", event) == {"batchItemFailures": []}


def test_a_mail_that_is_taken_out_of_the_spam_is_no_complaint(
    owner: Staff, post: Post, mail: dict[str, str]
):
    event = complaint(ADDRESS)
    event["complaint"]["complaintFeedbackType"] = "not-spam"
    with stored.unchanged():
        tell(post, mail, event)


def test_a_mail_of_which_something_is_known_is_held_no_longer(
    owner: Staff, post: Post, mail: dict[str, str]
):
    key = f"CLIENT#{mail['client_id']}", f"EMAIL#{mail['email_id']}"
    stored.alter(*key, row__status="queued", row__held_at="2026-11-22T09:00:00.000Z")
    stored.put(key[0], f"HELD#{key[1]}", via="mail")
    tell(post, mail, delivery(ADDRESS))
    assert email(owner, mail)["held_at"] is None
    assert owner.get(path(mail, "/emails"), held="true").body["items"] == []
