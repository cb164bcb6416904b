"""Sending a receipt of a payment, or a credit note: a mail with its paper."""

from collections.abc import Sequence
from typing import Any

from tallybook.clients.presence import must_be_active, stays_active
from tallybook.contacts.household import household
from tallybook.contacts.recipients import of_papers
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.history.entries import entry
from tallybook.ledger.books import look_up
from tallybook.mail.attachments import Attachment
from tallybook.mail.many import queue_all, remembered
from tallybook.mail.models import EmailId
from tallybook.mail.queueing import Mail
from tallybook.money import amount_text
from tallybook.payments.credits import CreditRecord, amount_of, copy_of, date_of, write
from tallybook.payments.deeds import Deed
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def send(deed: Deed[Any], to: Sequence[str] | None, message: str | None = None) -> EmailId:
    """Queue the mail, and further ones when they are more than fifty addresses.

    A BatchGetItem, a query for the contacts unless it says whom `to`, and one transaction. Raises
    `ClientSuspended`, `NoEmailAddress`, `PaymentReversed`, `StaleVersion`, and what is not found.
    """

    def attempt() -> EmailId:
        found = look_up(deed.client_id, *deed.keys, at=deed.at)
        before = deed.credit(found)
        must_be_active(found.client)
        mail = _mail(before, deed, to or of_papers(household(deed.client_id)), message)
        writing = Transaction()
        ids = queue_all(writing, mail, client_id=deed.client_id, at=deed.at)
        after = copy_of(before)
        after.sent = remembered(before.sent, ids, by=deed.by, at=deed.at)
        queued = EmailId(client_id=deed.client_id, email_id=ids[0])
        transaction = Transaction()
        deed.once.claim(transaction, queued)
        write(transaction, before, after)
        stays_active(transaction, deed.client_id)
        transaction.extend(writing)
        if isinstance(before, CreditNoteRecord):
            _tell(transaction, before, deed, ids[0])
        transaction.commit()
        return queued

    return until_unchanged(attempt)


def _mail(credit: CreditRecord, deed: Deed[Any], to: Sequence[str], message: str | None) -> Mail:
    is_note, row = isinstance(credit, CreditNoteRecord), credit.row
    about: dict[str, object] = {
        "amount": amount_text(amount_of(credit), row["currency"]),
        "currency": row["currency"],
        "date": date_of(credit).isoformat(),
    }
    if is_note:
        known = {"number": row["number"], "invoice": row.get("invoice_number")}
    else:
        known = {"method": row["method"].replace("_", " "), "reference": row.get("reference")}
    about |= {name: value for name, value in known.items() if value}
    credit_id = deed.source.partition("#")[2]
    return Mail(
        template="credit_note" if is_note else "payment_receipt",
        to=to,
        context={"credit_note" if is_note else "payment": about}
        | ({"message": message} if message else {}),
        by=deed.by,
        attachments=[Attachment(kind="credit_note" if is_note else "receipt", id=credit_id)],
    )


def _tell(transaction: Transaction, note: CreditNoteRecord, deed: Deed[Any], email_id: str) -> None:
    row = note.row
    told = entry(
        deed.client_id,
        "invoice",
        at=deed.at,
        by=deed.by,
        text=f"Credit note {row['number']} sent",
        event="credit_note.sent",
        credit_note_id=row["credit_note_id"],
        email_id=email_id,
        number=row["number"],
        what="sent",
    )
    transaction.put(told)
