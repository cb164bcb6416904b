"""What a paper shows: read from the table as it is now."""

import re
from dataclasses import dataclass
from datetime import datetime

from tallybook.clients.presence import current_with
from tallybook.clients.records import ClientRecord
from tallybook.credit_notes.papers import paper as credit_note_paper
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.documents.receipts import receipt
from tallybook.errors import (
    CreditNoteNotFound,
    EstimateNotFound,
    InvoiceNotFound,
    NotFound,
    PaymentNotFound,
)
from tallybook.estimates.papers import paper as estimate_paper
from tallybook.estimates.records import EstimateRecord
from tallybook.ids import is_ulid
from tallybook.invoices.kinds import Paper
from tallybook.invoices.papers import paper as invoice_paper
from tallybook.invoices.records import InvoiceRecord
from tallybook.ledger.papers import statement_paper
from tallybook.ledger.statements import days
from tallybook.mail.attachments import Attachment, PaperName
from tallybook.papers.kinds import Payment, Receipt, StatementPaper
from tallybook.papers.languages import words_of
from tallybook.payments.records import PaymentRecord
from tallybook.settings.models import Settings
from tallybook.table import Record, read


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`name` is that of its file, without suffix. A `settled` one changes by payments only."""

    client_id: str
    kind: PaperName
    id: str
    name: str
    settled: bool
    shown: Paper | Receipt | StatementPaper
    payment: Payment | None = None


def find(client_id: str, wanted: Attachment, settings: Settings, *, at: datetime) -> Subject:
    """Raises `ClientNotFound`, and the `NotFound` of what is wanted.

    Of a statement also what `ledger.statements.of_client` raises.
    """
    match wanted.kind:
        case "invoice":
            return _invoice(client_id, wanted.id or "", settings)
        case "credit_note":
            return _credit_note(client_id, wanted.id or "", settings)
        case "estimate":
            return _estimate(client_id, wanted.id or "", settings)
        case "receipt":
            return _receipt(client_id, wanted.id or "", settings)
        case "statement":
            return _statement(client_id, wanted, settings, at)


def _invoice(client_id: str, invoice_id: str, settings: Settings) -> Subject:
    client, record = _found(client_id, InvoiceRecord, f"INVOICE#{invoice_id}", InvoiceNotFound)
    shown = invoice_paper(record, client, settings)
    is_owed = record.row["status"] in ("open", "partially_paid")
    asked = Payment(amount=shown.sums.balance, reference=shown.number) if is_owed else None
    return _of_paper(client_id, invoice_id, shown, settings, asked)


def _credit_note(client_id: str, note_id: str, settings: Settings) -> Subject:
    key = f"CREDITNOTE#{note_id}"
    _, record = _found(client_id, CreditNoteRecord, key, CreditNoteNotFound)
    return _of_paper(client_id, note_id, credit_note_paper(record), settings)


def _estimate(client_id: str, estimate_id: str, settings: Settings) -> Subject:
    key = f"ESTIMATE#{estimate_id}"
    client, record = _found(client_id, EstimateRecord, key, EstimateNotFound)
    return _of_paper(client_id, estimate_id, estimate_paper(record, client, settings), settings)


def _of_paper(
    client_id: str,
    paper_id: str,
    shown: Paper,
    settings: Settings,
    payment: Payment | None = None,
) -> Subject:
    words = words_of(settings.billing.locale)
    return Subject(
        client_id=client_id,
        kind=shown.kind,
        id=paper_id,
        name=_name(words.titles[shown.kind], shown.number or words.draft),
        settled=shown.number is not None and shown.kind != "estimate",
        shown=shown,
        payment=payment,
    )


def _name(*parts: str) -> str:
    """For a file: numbers may have slashes."""
    return re.sub(r'[\\/:*?"<>|\s]+', " ", " ".join(parts)).strip()


def _receipt(client_id: str, payment_id: str, settings: Settings) -> Subject:
    client, payment = _found(client_id, PaymentRecord, f"PAYMENT#{payment_id}", PaymentNotFound)
    shown = receipt(payment, client, settings)
    return Subject(
        client_id=client_id,
        kind="receipt",
        id=payment_id,
        name=_name(words_of(settings.billing.locale).receipt, shown.number),
        settled=True,
        shown=shown,
    )


def _statement(client_id: str, wanted: Attachment, settings: Settings, at: datetime) -> Subject:
    span = days(wanted.from_date, wanted.to_date, at=at)
    return Subject(
        client_id=client_id,
        kind="statement",
        id=f"{span.first}_{span.last}",
        name=_name(words_of(settings.billing.locale).statement, f"{span.first} {span.last}"),
        settled=False,
        shown=statement_paper(client_id, span, settings, at=at),
    )


def _found[R: Record](
    client_id: str, record: type[R], key: str, missing: type[NotFound]
) -> tuple[ClientRecord, R]:
    """The client and one item of it, in one read."""
    if not is_ulid(key.partition("#")[2]):
        raise missing
    client, items = current_with(client_id, key)
    if key not in items:
        raise missing
    return client, read(record, items[key])
