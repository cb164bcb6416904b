"""Sending an invoice: a mail with its paper and a link to pay it, by staff or when it is finalized.

The mail is queued in the transaction of what causes it; its paper is made before it is sent.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active
from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import household
from tallybook.contacts.recipients import of_papers, of_papers_unasked
from tallybook.dates import timestamp
from tallybook.errors import InvoiceNotOpen, IsADraft
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.invoices.models import InvoiceToSend
from tallybook.invoices.reading import with_invoice
from tallybook.invoices.records import InvoiceRecord
from tallybook.links.making import invoice_link
from tallybook.mail.attachments import Attachment
from tallybook.mail.many import queue_all, remembered
from tallybook.mail.models import EmailId
from tallybook.mail.queueing import Mail
from tallybook.mail.rules import mailable
from tallybook.money import amount_text
from tallybook.settings.models import Settings
from tallybook.table import differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def send(
    client_id: str,
    invoice_id: str,
    how: InvoiceToSend,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> EmailId:
    """Queue the mail, and further ones when they are more than fifty addresses.

    A BatchGetItem, a query for the contacts unless it says whom `to`, and one transaction. Raises
    `ClientSuspended`, `NoEmailAddress`, `IsADraft`, `InvoiceNotOpen` when it was voided or written
    off, and `StaleVersion`.
    """

    def attempt() -> EmailId:
        found, before = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_be_active(found.client)
        _must_be_sendable(before)
        after = read(InvoiceRecord, before.serialize())
        writing = Transaction()
        to = how.to or of_papers(household(client_id))
        email_id = post(writing, after, to, message=how.message, by=by, at=at)
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        queued = EmailId(client_id=client_id, email_id=email_id)
        transaction = Transaction()
        once.claim(transaction, queued)
        condition = InvoiceRecord.version == before.version
        transaction.update(before, differences(before, after), condition, version_changed)
        stays_active(transaction, client_id)
        transaction.extend(writing)
        transaction.commit()
        return queued

    return until_unchanged(attempt)


def post(
    transaction: Transaction,
    invoice: InvoiceRecord,
    to: list[str],
    *,
    message: str | None = None,
    by: By | None,
    at: datetime,
) -> str:
    """Add the mails, with a link, and put into the record that it was sent; the first mail's id.

    Two actions, and two for each mail. Raises `NoEmailAddress`.
    """
    row: dict[str, Any] = dict(invoice.row)
    client_id, invoice_id = row["client_id"], row["invoice_id"]
    link = invoice_link(transaction, client_id, invoice_id, at) if row["balance"] > 0 else None
    paper, context = Attachment(kind="invoice", id=invoice_id), _context(row, link, message)
    mail = Mail(template="invoice", to=to, context=context, by=by, attachments=[paper])
    ids = queue_all(transaction, mail, client_id=client_id, at=at)
    row["sent_at"] = timestamp(at)
    invoice.row, invoice.sent = row, remembered(invoice.sent, ids, by=by, at=at)
    _tell(transaction, row, ids[0], by, at)
    return ids[0]


def unasked(client: ClientRecord, settings: Settings) -> tuple[list[str], str | None]:
    """Whom an invoice goes to when it is finalized (C6), or why it goes to nobody.

    One query, where the firm's settings say that invoices are sent.
    """
    if not settings.portal.auto_send_invoices:
        return [], None
    if client.suspended is not None:
        return [], "Not sent: the client is suspended"
    if client.invoicing_method == "print":
        return [], "Not sent: the client is invoiced by print"
    to, _ = mailable(of_papers_unasked(household(client.pk.removeprefix("CLIENT#"))))
    return to, None if to else "Not sent: nobody who gets invoices has accepted the invitation"


def _must_be_sendable(invoice: InvoiceRecord) -> None:
    status = invoice.row["status"]
    if status == "draft":
        raise IsADraft
    if status in ("void", "written_off"):
        raise InvoiceNotOpen(f"status: invoice {invoice.row['number']} is {status}.")


def _context(row: dict[str, Any], link: str | None, message: str | None) -> dict[str, object]:
    currency = row["currency"]
    context: dict[str, object] = {
        "invoice": {
            "number": row["number"],
            "total": amount_text(Decimal(row["total"]), currency),
            "balance": amount_text(Decimal(row["balance"]), currency),
            "currency": currency,
            "issue_date": row["issue_date"],
            "due_date": row["due_date"],
        }
    }
    return context | {
        name: value for name, value in {"link": link, "message": message}.items() if value
    }


def _tell(
    transaction: Transaction, row: dict[str, Any], email_id: str, by: By | None, at: datetime
) -> None:
    told = entry(
        row["client_id"],
        "invoice",
        at=at,
        by=by,
        text=f"Invoice {row['number']} sent",
        event="invoice.sent",
        invoice_id=row["invoice_id"],
        email_id=email_id,
        number=row["number"],
        what="sent",
    )
    transaction.put(told)
