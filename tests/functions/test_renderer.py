"""A mail that carries papers leaves with them, once they are made, or fails and says why."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.documents import fetching, logos, making
from tallybook.errors import Unavailable
from tallybook.mail import carrying, pace, queueing, sending
from tallybook.mail.attachments import Attachment
from tallybook.transactions import Transaction
from tests.builders import new_client
from tests.support import documents, faults, stored
from tests.support.account import client
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, path
from tests.support.post import Post, received

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sending, "pace", pace.Pace(10**6))
    monkeypatch.setattr(sending, "_PATIENCE", timedelta(0))
    with faults.no_pauses():
        yield


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def client_id(owner: Staff) -> str:
    return str(
        owner.post("/v1/clients", new_client(emails="ada@mueller.example")).body["client_id"]
    )


def queued(client_id: str, *attachments: Attachment) -> Json:
    """A mail with papers; the message that its worker gets."""
    transaction = Transaction()
    mail = queueing.Mail(
        template="message",
        to=["ada@mueller.example"],
        subject="Your papers",
        context={"message": "Here they are."},
        attachments=attachments,
    )
    record = queueing.queue(transaction, mail, client_id=client_id, at=now())
    transaction.commit()
    return {"client_id": client_id, "email_id": record.row["email_id"]}


def of_invoice(invoice: Json) -> Attachment:
    return Attachment(kind="invoice", id=invoice["invoice_id"])


def email(staff: Staff, message: Json) -> Json:
    answer = staff.get(f"/v1/clients/{message['client_id']}/emails/{message['email_id']}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def carried(mail: Json) -> list[tuple[str, bytes]]:
    attached = mail["Content"]["Simple"].get("Attachments", [])
    return [(each["FileName"], each["RawContent"]) for each in attached]


def test_a_mail_carries_its_papers(owner: Staff, post: Post, client_id: str):
    invoice = finalized(owner, client_id)
    year = Attachment(kind="statement", from_date=date(2026, 1, 1), to_date=date(2026, 12, 31))
    message = queued(client_id, of_invoice(invoice), year)
    post.run()
    (mail,) = post.sent
    (name, pdf), (other, statement) = carried(mail)
    assert name == f"Invoice {invoice['number']}.pdf"
    assert invoice["number"] in documents.text(pdf)
    assert other == "Statement 2026-01-01 2026-12-31.pdf"
    assert statement.startswith(b"%PDF")
    (attached, _) = mail["Content"]["Simple"]["Attachments"]
    assert attached["ContentType"] == "application/pdf"
    assert attached["ContentDisposition"] == "ATTACHMENT"
    shown = email(owner, message)
    assert shown["status"] == "sent"
    assert shown["attachments"] == [
        {"kind": "invoice", "id": invoice["invoice_id"]},
        {"kind": "statement", "from": "2026-01-01", "to": "2026-12-31"},
    ]


def test_a_mail_carries_the_very_file_that_is_downloaded(
    owner: Staff, post: Post, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    invoice = finalized(owner, client_id)
    link = owner.get(f"{path(invoice)}/pdf").body
    monkeypatch.setattr(making, "paper_pdf", None)  # nothing is made again
    queued(client_id, of_invoice(invoice))
    post.run()
    ((_, pdf),) = carried(post.sent[0])
    assert pdf == documents.content(link)


def test_papers_in_mail_bear_the_firms_logo(
    owner: Staff, post: Post, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "fetch", lambda _: documents.png(40, 20))
    logos._seen.clear()
    owner.patch("/v1/settings", {"branding": {"logo_url": "https://sturm.example/logo.png"}})
    queued(client_id, of_invoice(finalized(owner, client_id)))
    post.run()
    ((_, pdf),) = carried(post.sent[0])
    assert documents.has_image(pdf)


def test_a_mail_without_papers_goes_to_the_mailer_at_once(owner: Staff, post: Post, client_id: str):
    owner.post(f"/v1/clients/{client_id}/emails", {"subject": "Hello", "body": "Hello"})
    post.dispatch()
    assert received("DOCUMENT_QUEUE_URL") == []
    assert len(received("MAIL_QUEUE_URL")) == 1


def test_a_mail_that_is_made_twice_leaves_once(owner: Staff, post: Post, client_id: str):
    message = queued(client_id, of_invoice(finalized(owner, client_id)))
    post.dispatch()
    (waiting,) = received("DOCUMENT_QUEUE_URL")
    assert waiting == message
    assert post.deliver("renderer", waiting, waiting) == []
    assert post.deliver("renderer", waiting, receive_count=2) == []
    for each in received("MAIL_QUEUE_URL"):
        assert post.deliver("mailer", each) == []
    assert len(post.sent) == 1


def test_a_paper_of_what_is_gone_fails_its_mail_and_not_the_others(
    owner: Staff, post: Post, client_id: str
):
    draft = drafted(owner, client_id)
    message = queued(client_id, of_invoice(draft))
    other = queued(client_id, of_invoice(finalized(owner, client_id)))
    assert owner.delete(path(draft)).status == 204
    post.run()
    assert len(post.sent) == 1
    shown = email(owner, message)
    assert shown["status"] == "failed"
    assert shown["failure"].startswith("A paper that it carries cannot be made: ")
    assert email(owner, other)["status"] == "sent"


def test_a_mail_of_a_client_that_is_gone_is_dropped(owner: Staff, post: Post, client_id: str):
    message = queued(client_id, of_invoice(drafted(owner, client_id)))
    assert owner.delete(f"/v1/clients/{client_id}").status in (202, 204)
    assert post.deliver("renderer", message) == []
    assert received("MAIL_QUEUE_URL") == []


def test_a_mail_of_a_suspended_client_waits_and_gets_the_paper_of_then(
    owner: Staff, post: Post, client_id: str
):
    draft = drafted(owner, client_id)
    message = queued(client_id, of_invoice(draft))
    owner.post(f"/v1/clients/{client_id}/suspend")
    post.run()
    assert post.sent == []
    assert email(owner, message)["status"] == "queued"
    owner.patch(path(draft), {"notes": "As of now."})
    owner.post(f"/v1/clients/{client_id}/activate")
    post.run()
    ((_, pdf),) = carried(post.sent[0])
    assert "As of now." in documents.text(pdf)


def test_what_cannot_be_made_now_comes_back(
    owner: Staff, post: Post, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    message = queued(client_id, of_invoice(drafted(owner, client_id)))

    def busy(*_: Any, **__: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(making, "paper_pdf", busy)
        assert post.deliver("renderer", message) == [message]
    assert received("MAIL_QUEUE_URL") == []
    assert post.deliver("renderer", message) == []
    assert len(received("MAIL_QUEUE_URL")) == 1


def test_papers_that_no_mail_server_takes_fail_the_mail(
    owner: Staff, post: Post, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrying, "_MOST_BYTES", 1000)
    message = queued(client_id, of_invoice(drafted(owner, client_id)))
    post.run()
    assert post.sent == []
    assert email(owner, message)["failure"].startswith("Its papers have more than")


def test_a_paper_that_is_gone_from_the_bucket_fails_the_mail(
    owner: Staff, post: Post, client_id: str
):
    message = queued(client_id, of_invoice(drafted(owner, client_id)))
    post.dispatch()
    received("DOCUMENT_QUEUE_URL")
    assert post.deliver("renderer", message) == []
    (told,) = received("MAIL_QUEUE_URL")
    (paper,) = told["papers"]
    client("s3").delete_object(Bucket=os.environ["DOCUMENTS_BUCKET"], Key=paper["key"])
    assert post.deliver("mailer", told) == []
    assert email(owner, message)["failure"] == "A paper that it carries is gone."


def test_no_mail_leaves_without_its_papers(owner: Staff, post: Post, client_id: str):
    message = queued(client_id, of_invoice(drafted(owner, client_id)))
    assert post.deliver("mailer", message) == [message]
    assert post.sent == []
    assert email(owner, message)["status"] == "queued"


def test_a_mail_that_bounced_is_sent_again_with_its_papers(
    owner: Staff, post: Post, client_id: str
):
    message = queued(client_id, of_invoice(drafted(owner, client_id)))
    post.run()
    key = f"CLIENT#{client_id}", f"EMAIL#{message['email_id']}"
    stored.alter(*key, row__status="failed")
    answer = owner.post(f"/v1/clients/{client_id}/emails/{message['email_id']}/resend")
    assert answer.status == 202, answer.body
    post.run()
    assert [len(carried(mail)) for mail in post.sent] == [1, 1]
