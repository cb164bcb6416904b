"""Sending an estimate, as a mail with its paper."""

from datetime import datetime
from decimal import Decimal

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active
from tallybook.contacts.household import household
from tallybook.contacts.recipients import of_papers
from tallybook.dates import timestamp
from tallybook.estimates.mapping import freeze
from tallybook.estimates.models import EstimateToSend
from tallybook.estimates.reading import with_estimate
from tallybook.estimates.records import EstimateRecord
from tallybook.estimates.revising import next_of, write
from tallybook.estimates.rules import must_hold
from tallybook.estimates.store import must_say_something
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ledger.books import Books
from tallybook.mail.attachments import Attachment
from tallybook.mail.many import queue_all, remembered
from tallybook.mail.models import EmailId
from tallybook.mail.queueing import Mail
from tallybook.money import amount_text
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged


def send(
    client_id: str,
    estimate_id: str,
    how: EstimateToSend,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> EmailId:
    """Queue the mail, and further ones when they are more than fifty addresses.

    Its paper is made before it is sent. One that is accepted can be sent, too.

    A BatchGetItem, a query for the contacts unless it says whom `to`, and one transaction. Raises
    `ClientSuspended`, `NoEmailAddress`, `EstimateClosed`, `StaleVersion`, and `InvalidField` when
    it says nothing.
    """

    def attempt() -> EmailId:
        found, before = with_estimate(client_id, estimate_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_be_active(found.client)
        must_hold(before.row, found.today, also=("accepted",))
        must_say_something(before)
        writing = Transaction()
        mail = _mail(before, how, how.to or of_papers(household(client_id)), by)
        ids = queue_all(writing, mail, client_id=client_id, at=at)
        after = _sent(before, found, ids, by=by, at=at)
        queued = EmailId(client_id=client_id, email_id=ids[0])
        transaction = Transaction()
        once.claim(transaction, queued)
        write(transaction, before, after)
        stays_active(transaction, client_id)
        transaction.extend(writing)
        number = before.row["number"]
        told = {"estimate_id": estimate_id, "email_id": ids[0], "number": number}
        text, event = f"Estimate {number} sent", "estimate.sent"
        transaction.put(entry(client_id, "estimate", at=at, by=by, text=text, event=event,
                              what="sent", **told))  # fmt: skip
        transaction.commit()
        return queued

    return until_unchanged(attempt)


def _sent(
    before: EstimateRecord, found: Books, email_ids: list[str], *, by: By, at: datetime
) -> EstimateRecord:
    """The estimate when its mails are queued: from then on it names firm and client as they are."""
    after = next_of(before, at=at)
    freeze(after, found)
    if after.row["status"] == "draft":
        after.row["status"] = "sent"
    after.row["sent_at"] = timestamp(at)
    after.sent = remembered(before.sent, email_ids, by=by, at=at)
    return after


def _mail(estimate: EstimateRecord, how: EstimateToSend, to: list[str], by: By) -> Mail:
    row = estimate.row
    context: dict[str, object] = {
        "estimate": {
            "number": row["number"],
            "total": amount_text(Decimal(row["total"]), row["currency"]),
            "currency": row["currency"],
            "issue_date": row["issue_date"],
            "valid_until": row["expires_on"],
        }
    }
    if how.message:
        context["message"] = how.message
    paper = Attachment(kind="estimate", id=row["estimate_id"])
    return Mail(template="estimate", to=to, context=context, by=by, attachments=[paper])
