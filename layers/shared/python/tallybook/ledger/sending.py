"""Sending a client its statement, as a mail with the paper."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active
from tallybook.contacts.household import Household, household
from tallybook.idempotency import Once
from tallybook.ledger.spans import Span
from tallybook.ledger.statements import of_client
from tallybook.mail.attachments import Attachment
from tallybook.mail.models import EmailId
from tallybook.mail.queueing import Mail, queue
from tallybook.money import amount_text
from tallybook.papers.kinds import CurrencyStatement
from tallybook.transactions import Transaction


def send(client_id: str, wanted: Span, *, by: By, at: datetime, once: Once) -> EmailId:
    """Queue the mail; its paper is made before it is sent.

    Raises `ClientSuspended`, `NoEmailAddress`, and what `statements.of_client` raises.
    """
    whom = household(client_id)
    must_be_active(whom.client)
    mail = Mail(
        template="statement",
        to=_recipients(whom),
        context=_context(wanted, of_client(client_id, wanted)),
        by=by,
        attachments=[Attachment(kind="statement", from_date=wanted.first, to_date=wanted.last)],
    )
    transaction = Transaction()
    record = queue(transaction, mail, client_id=client_id, at=at)
    queued = EmailId(client_id=client_id, email_id=record.row["email_id"])
    once.claim(transaction, queued)
    stays_active(transaction, client_id)
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


def _recipients(whom: Household) -> list[str]:
    """Primary and billing contacts; the client's own addresses when they have none."""
    primary = whom.client.primary_contact
    asked = [one for name, one in whom.contacts.items() if name == primary or one.billing]
    found = [address for each in asked for address in each.emails or []]
    return list(dict.fromkeys(found)) or list(whom.client.row.emails or [])
