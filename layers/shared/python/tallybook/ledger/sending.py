"""Sending a client its statement, as a mail with the paper."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active
from tallybook.contacts.household import household
from tallybook.contacts.recipients import of_papers
from tallybook.errors import NoEmailAddress
from tallybook.idempotency import Once
from tallybook.ledger.spans import Span
from tallybook.ledger.statements import of_client
from tallybook.mail.attachments import Attachment
from tallybook.mail.many import queue_all
from tallybook.mail.models import EmailId
from tallybook.mail.queueing import Mail
from tallybook.money import amount_text
from tallybook.papers.kinds import CurrencyStatement
from tallybook.transactions import Transaction


def send(client_id: str, wanted: Span, *, by: By, at: datetime, once: Once) -> EmailId:
    """Queue the mail, and further ones for more than fifty addresses; the first is told.

    Its paper is made before it is sent. Raises `ClientSuspended`, `NoEmailAddress`, and what
    `statements.of_client` raises.
    """
    whom = household(client_id)
    must_be_active(whom.client)
    if not (to := of_papers(whom)):
        raise NoEmailAddress
    context = _context(wanted, of_client(client_id, wanted))
    paper = Attachment(kind="statement", from_date=wanted.first, to_date=wanted.last)
    mail = Mail(template="statement", to=to, context=context, by=by, attachments=[paper])
    writing, transaction = Transaction(), Transaction()
    ids = queue_all(writing, mail, client_id=client_id, at=at)
    queued = EmailId(client_id=client_id, email_id=ids[0])
    once.claim(transaction, queued)
    stays_active(transaction, client_id)
    transaction.extend(writing)
    transaction.commit()
    return queued


def _context(wanted: Span, accounts: list[CurrencyStatement]) -> dict[str, object]:
    return {
        "statement": {
            "from": wanted.first.isoformat(),
            "to": wanted.last.isoformat(),
            "currencies": [
                {
                    "currency": each.currency,
                    "opening_balance": amount_text(each.opening, each.currency),
                    "closing_balance": amount_text(each.closing, each.currency),
                }
                for each in accounts
            ],
        }
    }
