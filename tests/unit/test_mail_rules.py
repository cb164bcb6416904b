from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.mail import rules
from tests.unit import ses_events as ses
from tests.unit.ses_events import ADDRESS

OTHER = "other@example.com"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def evidence(*messages):
    known: dict[str, Any] = {}
    for message in messages:
        known = rules.with_event(known, rules.event_of(message))
    return known


def state(*messages, own="sending", to=(ADDRESS,)):
    return rules.status_of(own, evidence(*messages), to)


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([], "sending"),
        ([ses.send()], "sent"),
        ([ses.send(), ses.delivery()], "delivered"),
        ([ses.delivery()], "delivered"),
        ([ses.delay()], "sent"),
        ([ses.delay(), ses.delivery()], "delivered"),
        ([ses.delivery(), ses.bounce()], "bounced"),
        ([ses.bounce(kind="Permanent", subkind="Suppressed")], "bounced"),
        ([ses.bounce(kind="Transient", subkind="MailboxFull")], "bounced"),
        ([ses.bounce(kind="Undetermined", subkind="Undetermined")], "bounced"),
        ([ses.delivery(), ses.bounce(kind="Transient", subkind="General")], "delivered"),
        ([ses.delivery(), ses.complaint()], "complained"),
        ([ses.complaint(), ses.bounce()], "complained"),
        ([ses.reject()], "failed"),
        ([ses.send(), ses.reject()], "failed"),
    ],
)
def test_the_events_say_what_became_of_a_mail_in_whatever_order_they_come(messages, status):
    for order in permutations(messages):
        assert state(*order) == status
        assert state(*order, *order) == status


@pytest.mark.parametrize("own", ["queued", "sending", "unknown", "failed", "sent"])
def test_what_the_mail_service_says_settles_what_we_were_not_sure_of(own):
    assert state(own=own) == own
    assert state(ses.send(), own=own) == "sent"
    assert state(ses.delivery(), own=own) == "delivered"


def test_a_mail_to_several_is_delivered_when_all_have_it():
    both = (ADDRESS, OTHER)
    assert state(ses.delivery(ADDRESS), to=both) == "sent"
    assert state(ses.delivery(ADDRESS), ses.delivery(OTHER), to=both) == "delivered"
    assert state(ses.delivery(*both), to=both) == "delivered"
    assert state(ses.delivery(ADDRESS), ses.bounce(OTHER), to=both) == "bounced"


ALL = [
    ses.send(),
    ses.delivery(ADDRESS),
    ses.delivery(OTHER, at="2026-11-22T09:00:05.000Z"),
    ses.delivery(ADDRESS, at="2026-11-22T09:00:06.000Z"),
    ses.delay(ADDRESS),
    ses.bounce(OTHER, kind="Transient", subkind="MailboxFull"),
    ses.bounce(OTHER, at="2026-11-22T09:00:11.000Z"),
    ses.bounce(ADDRESS, OTHER, kind="Transient", subkind="General"),
    ses.complaint(ADDRESS),
    ses.reject(),
]


@given(st.lists(st.sampled_from(ALL)), st.randoms())
def test_what_is_known_depends_on_which_events_came_only(messages, chance):
    shuffled = [*messages, *messages]
    chance.shuffle(shuffled)
    assert evidence(*shuffled) == evidence(*messages)


def test_an_address_is_given_up_when_it_bounced_for_good_or_its_owner_complained():
    soft = evidence(ses.bounce(kind="Transient", subkind="MailboxFull"), ses.delay(OTHER))
    assert rules.given_up(soft) == {}
    hard = evidence(ses.bounce("Recipient@EXAMPLE.com"), ses.complaint(OTHER))
    found = rules.given_up(hard)
    assert {address: reason for address, (reason, _) in found.items()} == {
        ADDRESS: "bounce",
        OTHER: "complaint",
    }
    assert found[ADDRESS][1]["detail"] == "Permanent, General: smtp; 550 5.1.1 user unknown"
    assert found[OTHER][1]["detail"] == "abuse"


def test_the_last_server_to_take_a_mail_says_when_it_was_delivered():
    known = evidence(ses.delivery(ADDRESS), ses.delivery(OTHER, at="2026-11-22T09:01:00.000Z"))
    assert rules.delivered_at(known) == "2026-11-22T09:01:00.000Z"
    assert rules.delivered_at(evidence(ses.bounce())) is None


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"eventType": "Delivery"},
        {"eventType": "Delivery", "mail": {"tags": {}}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded"},
        ses.opened(),
        {**ses.delivery(), "eventType": 7},
    ],
)
def test_what_is_about_no_mail_of_ours_is_not_ours(message):
    with pytest.raises(rules.NotOurs):
        rules.event_of(message)


def test_mail_to_the_firm_itself_names_no_client():
    event = rules.event_of(ses.delivery(client_id=None))
    assert (event.client_id, event.email_id) == (None, ses.EMAIL_ID)


@pytest.mark.parametrize(
    ("addresses", "taken", "left"),
    [
        (["a@x.example", "A@X.example"], ["A@X.example"], []),
        (["jürgen@x.example", "b@x.example"], ["b@x.example"], ["jürgen@x.example"]),
        (["anna@müller.example"], ["anna@müller.example"], []),
        (['"odd name"@x.example'], ['"odd name"@x.example'], []),
        ([], [], []),
    ],
)
def test_the_mail_service_takes_ascii_before_the_at_sign_only(addresses, taken, left):
    assert rules.mailable(addresses) == (taken, left)


def test_a_domain_in_any_script_is_written_as_mail_servers_do():
    assert rules.ascii_address("Anna@Müller.example") == "Anna@xn--mller-kva.example"
    assert rules.folded("Anna@Müller.example") == "anna@xn--mller-kva.example"


@pytest.mark.parametrize(
    ("agent", "machine"),
    [
        ("", True),
        ("Mozilla/5.0", True),  # Apple's Mail Privacy Protection loads every image
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",  # noqa: E501
         False),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", False),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", False),
        ("Barracuda Sentinel (EE)", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("python-requests/2.32", True),
        ("Microsoft Office Existence Discovery", True),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)", False),
    ],
)  # fmt: skip
def test_programs_that_load_images_for_nobody_are_known(agent, machine):
    assert rules.is_machine(agent) is machine


ROW = {
    "email_id": ses.EMAIL_ID,
    "to": [ADDRESS],
    "template": "message",
    "status": "queued",
    "created_at": "2026-11-22T09:00:00.000Z",
}


def test_a_mail_that_a_worker_left_half_way_is_shown_as_unknown():
    left = ROW | {"status": "sending", "sending_until": "2026-11-22T11:59:59.000Z"}
    assert rules.row_fields(left, NOW)["status"] == "unknown"
    at_work = ROW | {"status": "sending", "sending_until": "2026-11-22T12:00:01.000Z"}
    assert rules.row_fields(at_work, NOW)["status"] == "sending"


def test_that_a_mail_was_not_opened_is_never_said():
    assert rules.row_fields(ROW, NOW)["opened"] is None
    assert rules.row_fields(ROW | {"machine_opens": 3}, NOW)["opened"] is None
    seen = rules.row_fields(ROW | {"opens": 2, "machine_opens": 3}, NOW)
    assert (seen["opened"], seen["open_count"], seen["machine_open_count"]) == (True, 2, 3)
