"""Text messages that come in are filed once: under the client whose number it is, else waiting."""

import pytest

from tests.builders import new_client, new_contact
from tests.support import stored
from tests.support.account import client
from tests.support.api import Staff
from tests.support.inbound import entries, notice, text, waiting


@pytest.fixture
def acme(owner: Staff) -> str:
    return str(owner.post("/v1/clients", new_client()).body["client_id"])


def test_a_message_from_a_clients_number_stands_in_its_history(owner: Staff, acme: str):
    told = notice("+49221123456", "We will\npay.")
    assert text(told) == []
    (entry,) = entries(acme)
    assert (entry["kind"], entry["event"]) == ("sms", "sms.received")
    assert entry["text"] == "We will\npay."
    assert entry["details"] == {
        "direction": "inbound",
        "from": "+49221123456",
        "to": "+4915735980000",
        "message_id": told["inboundMessageId"],
        "in_reply_to": "wJalrXUtnFEMI",
        "opt_out": False,
    }


def test_a_contacts_number_names_it_with_or_without_an_extension(owner: Staff, acme: str):
    fields = {"telephone": "+49 221 123457 ext. 12"}
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact(**fields))
    text(notice("+49221123457"))
    text(notice("49221123457"))
    found = [each["details"]["contact_id"] for each in entries(acme)]
    assert found == [made.body["contact_id"]] * 2


@pytest.mark.parametrize("number", ["+4922112345", "+492211234567", "+1555", "INFO", ""])
def test_a_number_of_nobody_waits(number: str, owner: Staff, acme: str):
    text(notice(number))
    (row,) = waiting(owner)
    assert (row["type"], row["sender"], row["subject"]) == ("sms", number or None, None)
    assert row["excerpt"] == "We will pay."
    assert entries(acme) == []


def test_a_number_of_two_clients_waits(owner: Staff, acme: str):
    other = owner.post("/v1/clients", new_client(emails=[])).body["client_id"]
    text(notice("+49221123456"))
    assert [each["client_id"] for each in waiting(owner)[0]["candidates"]] == [acme, other]


@pytest.mark.parametrize(
    ("body", "opt_out"),
    [("STOP", True), (" Stop. ", True), ("abmelden", True), ("ARRÊT", True), ("Don't stop", False)],
)
def test_the_wish_to_get_no_more_is_noted(body: str, opt_out: bool, owner: Staff, acme: str):
    text(notice("+49221123456", body))
    assert [each["details"]["opt_out"] for each in entries(acme)] == [opt_out]
    text(notice("+1555000111", body))
    assert waiting(owner)[0]["marks"] == (["opt_out"] if opt_out else [])


def test_the_keyword_counts_too(owner: Staff, acme: str):
    text(notice("+49221123456", "", messageKeyword="STOP"))
    assert [each["details"]["opt_out"] for each in entries(acme)] == [True]


def test_a_message_that_comes_again_changes_nothing(owner: Staff, acme: str):
    for number in ("+49221123456", "+15550001111"):
        told = notice(number)
        text(told)
        with stored.unchanged():
            assert text(told, receive_count=2) == []


def test_a_notice_that_makes_no_sense_comes_again_until_it_is_set_aside(owner: Staff):
    queue = client("sqs")
    assert queue  # the account is there
    with stored.unchanged():
        assert len(text({"messageBody": "Hello"})) == 1


def test_a_table_that_throttles_lets_it_come_again(owner: Staff, acme: str):
    told = notice("+49221123456")
    with stored.fault("TransactWriteItems", "ThrottlingException"):
        assert len(text(told)) == 1
    assert text(told) == []
    assert len(entries(acme)) == 1
