"""Mail that comes in is filed once: under the client that it is from, else in the inbox."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tallybook.inbound import bucket
from tests.builders import new_client, new_contact, removal_event
from tests.support import inbound, stored
from tests.support.api import Staff, invoke
from tests.support.faults import hooked
from tests.support.imports import s3_event
from tests.support.inbound import arrive, entries, mail, waiting


@pytest.fixture
def acme(owner: Staff) -> str:
    fields = {"business_name": "Acme", "emails": ["office@acme.example", "anna@acme.example"]}
    return str(owner.post("/v1/clients", new_client(**fields)).body["client_id"])


@pytest.fixture
def bolt(owner: Staff) -> str:
    fields = {"business_name": "Bolt", "emails": ["office@bolt.example"], "telephone": None}
    return str(owner.post("/v1/clients", new_client(**fields)).body["client_id"])


def add_contact(owner: Staff, client_id: str, **fields: Any) -> str:
    answer = owner.post(f"/v1/clients/{client_id}/contacts", new_contact(**fields))
    assert answer.status == 201, answer.body
    return str(answer.body["contact_id"])


# ---- Whose it is ---------------------------------------------------------------------------


def test_mail_of_a_client_stands_in_its_history(owner: Staff, acme: str, bolt: str):
    raw = mail(
        "Anna <Anna@ACME.example>",
        "We will pay.\n\nOn Sun, Nov 22, 2026 at 8:04 AM Firm <a@firm.example> wrote:\n> Pay!",
        In_Reply_To="<1@firm.example>",
        Date="Sun, 22 Nov 2026 08:03:00 +0100",
    )
    event = arrive(raw)
    (entry,) = entries(acme)
    assert entry["kind"] == "email"
    assert entry["event"] == "email.received"
    assert entry["text"] == "We will pay."
    details = entry["details"]
    assert details["full_text"].endswith("> Pay!")
    assert details["direction"] == "inbound"
    assert details["from"] == "Anna@ACME.example"
    assert details["from_name"] == "Anna"
    assert details["subject"] == "Re: Invoice 42"
    assert details["sent_at"] == "2026-11-22T07:03:00.000Z"
    assert details["in_reply_to"] == "<1@firm.example>"
    assert details["s3_key"] == event["Records"][0]["s3"]["object"]["key"]
    assert details["size"] == len(raw)
    assert (details["automatic"], details["attachments"]) == (False, [])
    assert "contact_id" not in details
    assert entries(bolt) == waiting(owner) == []


def test_mail_of_a_contact_names_it(owner: Staff, acme: str):
    contact_id = add_contact(owner, acme, emails=["zoë@müller.example"])
    arrive(mail("zoë@xn--mller-kva.example".replace("ë", "e")))
    assert entries(acme) == []  # zoe is not zoë
    found = (
        b"Authentication-Results: amazonses.com; dmarc=none header.from=xn--mller-kva.example\r\n"
    )
    arrive(found + b"From: <zo\xc3\xab@xn--mller-kva.example>\r\n\r\nHi")
    assert [each["details"]["contact_id"] for each in entries(acme)] == [contact_id]


def test_an_address_that_only_looks_alike_is_another(owner: Staff, acme: str):
    # Folded for search they are the same.
    for sender in ("an.na@acme.example", "anna@ac-me.example", "anna@acme.example.evil.example"):
        arrive(mail(sender))
    assert entries(acme) == []
    assert [each["candidates"] for each in waiting(owner)] == [[], [], []]


def test_a_contact_with_its_clients_address_is_one_client(owner: Staff, acme: str):
    contact_id = add_contact(owner, acme, emails=["anna@acme.example"])
    arrive(mail())
    assert [each["details"]["contact_id"] for each in entries(acme)] == [contact_id]


def test_two_contacts_of_one_client_are_one_client(owner: Staff, acme: str):
    for _ in range(2):
        add_contact(owner, acme, emails=["team@acme.example"])
    arrive(mail("team@acme.example"))
    assert ["contact_id" in each["details"] for each in entries(acme)] == [False]


def test_mail_that_may_be_of_several_clients_waits(owner: Staff, acme: str, bolt: str):
    contact_id = add_contact(owner, bolt, emails=["anna@acme.example"])
    arrive(mail())
    (row,) = waiting(owner)
    assert row["candidates"] == [
        {"client_id": acme, "contact_id": None},
        {"client_id": bolt, "contact_id": contact_id},
    ]
    assert entries(acme) == entries(bolt) == []


def test_a_contact_of_two_clients_waits(owner: Staff, acme: str, bolt: str):
    for client_id in (acme, bolt):
        add_contact(owner, client_id, emails=["tax@advisor.example"])
    arrive(mail("tax@advisor.example"))
    assert [each["client_id"] for each in waiting(owner)[0]["candidates"]] == [acme, bolt]


def test_mail_of_nobody_known_waits(owner: Staff, acme: str):
    arrive(mail("Stranger <s@x.example>", "Hello\n" * 200))
    (row,) = waiting(owner)
    assert row["type"] == "email"
    assert (row["sender"], row["sender_name"]) == ("s@x.example", "Stranger")
    assert row["subject"] == "Re: Invoice 42"
    assert row["excerpt"].startswith("Hello Hello")
    assert len(row["excerpt"]) == 200
    assert row["at"] == "2026-11-22T07:04:00.000Z"
    assert (row["candidates"], row["marks"], row["attachments"]) == ([], [], 0)


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"From: nobody\n\n", b"\n\nno headers at all"])
def test_what_is_hardly_a_mail_waits(raw: bytes, owner: Staff):
    arrive(raw)
    (row,) = waiting(owner)
    assert row["sender"] is None
    assert inbound.ask(owner, "GET", f"/{row['message_id']}").status == 200


@pytest.mark.parametrize("removed", [False, True])
def test_a_client_that_was_deleted_is_never_found(removed: bool, owner: Staff, acme: str):
    add_contact(owner, acme)
    owner.delete(f"/v1/clients/{acme}")
    if removed:
        invoke("removals", removal_event(acme))
    for sender in ("anna@acme.example", "zoe@mueller.example"):
        arrive(mail(sender))
    assert [each["candidates"] for each in waiting(owner)] == [[], []]


def test_a_client_deleted_at_the_last_moment_gets_no_entry(owner: Staff, acme: str):
    with stored.in_between("TransactWriteItems", lambda: owner.delete(f"/v1/clients/{acme}")):
        arrive(mail())
    assert [each for each in entries(acme) if each["kind"] == "email"] == []
    assert len(waiting(owner)) == 1


def test_mail_of_a_suspended_client_is_filed(owner: Staff, acme: str):
    owner.post(f"/v1/clients/{acme}/suspend", {"reason": "Does not pay"})
    arrive(mail())
    assert len(entries(acme)) == 1


# ---- What is not to be trusted -------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        ({"X_SES_Spam_Verdict": "FAIL"}, "spam"),
        ({"X_SES_Virus_Verdict": "FAIL"}, "virus"),
        ({"Authentication_Results": "amazonses.com; spf=fail; dmarc=fail"}, "unverified"),
        (
            {"Authentication_Results": "amazonses.com; dmarc=pass header.from=evil.com"},
            "unverified",
        ),
        ({"Authentication_Results": "mx; dmarc=pass header.from=acme.example"}, "unverified"),
    ],
)
def test_what_is_not_to_be_trusted_waits(
    headers: dict[str, str], mark: str, owner: Staff, acme: str
):
    arrive(mail(**headers))
    (row,) = waiting(owner)
    assert row["marks"] == [mark]
    assert row["candidates"] == [{"client_id": acme, "contact_id": None}]
    assert entries(acme) == []
    item = stored.items("INBOX#")[0]
    assert ("ttl" in item) == (mark != "unverified")
    assert item["details"][mark] is True


def test_a_name_is_no_address(owner: Staff, acme: str):
    arrive(mail('"anna@acme.example" <evil@x.example>'))
    assert entries(acme) == []
    assert waiting(owner)[0]["sender"] == "evil@x.example"


@pytest.mark.parametrize(
    "sender", [b"<anna@acme.example> <evil@evil.com>", b"anna@acme.example@evil.com"]
)
@pytest.mark.parametrize("domain", [b"evil.com", b"acme.example"])
def test_whoever_hides_behind_a_client_is_not_filed_under_it(
    sender: bytes, domain: bytes, owner: Staff, acme: str
):
    found = b"Authentication-Results: amazonses.com; dmarc=pass header.from=" + domain
    arrive(found + b"\r\nFrom: " + sender + b"\r\n\r\nPay here instead")
    assert entries(acme) == []
    assert waiting(owner)[0]["marks"] == ["unverified"]


def test_two_senders_are_none_to_trust(owner: Staff, acme: str):
    arrive(b"From: anna@acme.example\r\nFrom: evil@x.example\r\n\r\nPay here instead")
    assert waiting(owner)[0]["marks"] == ["unverified"]


def test_a_mail_that_a_program_sent_is_filed_and_marked(owner: Staff, acme: str):
    arrive(mail(Auto_Submitted="auto-replied"))
    assert [each["details"]["automatic"] for each in entries(acme)] == [True]


# ---- Once ----------------------------------------------------------------------------------


def test_an_event_that_comes_again_changes_nothing(owner: Staff, acme: str):
    for sender in ("anna@acme.example", "s@x.example"):
        event = arrive(mail(sender))
        with stored.unchanged():
            invoke("inbound_mail", event)


def test_two_deliveries_at_once_file_it_once(owner: Staff, acme: str):
    event = inbound.put(mail())
    with stored.in_between("TransactWriteItems", lambda: invoke("inbound_mail", event)):
        invoke("inbound_mail", event)
    assert len(entries(acme)) == 1


def test_a_message_that_would_be_anothers_by_now_stays_where_it_is(owner: Staff, bolt: str):
    event = arrive(mail("s@x.example"))
    add_contact(owner, bolt, emails=["s@x.example"])
    with stored.unchanged():
        invoke("inbound_mail", event)


def test_a_message_that_was_dealt_with_does_not_come_back(owner: Staff, acme: str):
    event = arrive(mail("s@x.example"))
    (row,) = waiting(owner)
    inbound.ask(owner, "POST", f"/{row['message_id']}/assign", {"client_id": acme})
    with stored.unchanged():
        invoke("inbound_mail", event)
    assert len(entries(acme)) == 1


def test_a_crash_before_the_write_is_made_good_by_the_next_delivery(owner: Staff, acme: str):
    event = inbound.put(mail())
    with stored.fault("TransactWriteItems", stored.Crash()), pytest.raises(stored.Crash):
        invoke("inbound_mail", event)
    assert entries(acme) == []
    invoke("inbound_mail", event)
    assert len(entries(acme)) == 1


# ---- The bucket ----------------------------------------------------------------------------


def test_what_is_no_mail_or_is_gone_is_passed_over(owner: Staff):
    event = s3_event("inbound/gone", 1, "1")
    with stored.unchanged():
        invoke("inbound_mail", event)
        invoke("inbound_mail", inbound.put(b"x", "inbound/AMAZON_SES_SETUP_NOTIFICATION"))
        invoke("inbound_mail", inbound.put(mail(), "elsewhere/1"))


def test_a_mail_that_may_not_be_read_is_tried_again(owner: Staff, acme: str):
    event = inbound.put(mail())
    refusal = {"Error": {"Code": "AccessDenied", "Message": "Made up by a test"}}
    answer = SimpleNamespace(status_code=403), refusal
    with (
        hooked("before-call.s3.GetObject", lambda **_: answer, bucket.client),
        pytest.raises(ClientError),
    ):
        invoke("inbound_mail", event)
    assert (entries(acme), waiting(owner)) == ([], [])
    invoke("inbound_mail", event)
    assert len(entries(acme)) == 1


def test_a_huge_mail_is_read_as_far_as_it_goes(
    owner: Staff, acme: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tallybook.inbound.bucket.MOST_BYTES", 3_000)
    raw = mail(text="We will pay.\n" + "x" * 50 + "\n" * 5_000)
    arrive(raw)
    (entry,) = entries(acme)
    assert entry["text"].startswith("We will pay.")
    assert entry["details"]["size"] == len(raw)


def test_a_long_text_is_cut_with_a_mark(owner: Staff, acme: str):
    arrive(mail(text="We will pay. " * 5_000))
    (entry,) = entries(acme)
    assert len(entry["text"]) == 20_000
    assert entry["text"].endswith("[…]")
    assert "full_text" not in entry["details"]


def test_logs_say_where_a_mail_went_and_not_what_it_says(
    owner: Staff, acme: str, caplog: pytest.LogCaptureFixture
):
    arrive(mail(text="a secret"))
    said = "".join(str(vars(record)) for record in caplog.records)
    assert "taken in" in said
    assert acme in said
    for private in ("a secret", "anna@acme.example", "Invoice 42"):
        assert private not in said
