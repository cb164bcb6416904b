"""Issuing a credit note: it has its number, is in the books, and pays its invoice, at once."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.credit_notes.mapping import to_credit_note
from tallybook.credit_notes.models import CreditNote, NewCreditNote
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.credit_notes.rules import MIRRORED, must_be_creditable
from tallybook.dates import timestamp
from tallybook.errors import InvalidField
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.invoices.papers import parties
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.rules import rounded
from tallybook.invoices.standing import Application, balance_of, settle
from tallybook.invoices.sums import (
    Entered,
    Sums,
    added_up,
    document,
    entered,
    reversed_taxes,
    to_stored,
)
from tallybook.ledger.books import Books, Key, look_up
from tallybook.ledger.closing import must_be_open, stays_open
from tallybook.ledger.posting import book
from tallybook.money import amount_text
from tallybook.numbering import series
from tallybook.payments.booking import came
from tallybook.payments.choosing import part_of
from tallybook.payments.credits import Part, allocate, source_of, work_out
from tallybook.table import absent, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


@dataclass(frozen=True)
class _Found:
    books: Books
    invoice: InvoiceRecord | None

    @property
    def issued(self) -> date:
        """The day of its invoice, or one before all others."""
        return date.fromisoformat(self.invoice.row["issue_date"]) if self.invoice else date.min


def issue(client_id: str, new: NewCreditNote, *, by: By, at: datetime, once: Once) -> CreditNote:
    """Issue a credit note. One BatchGetItem and one transaction.

    Raises `ClientNotFound`, `SeriesNumberTaken`, `TooManyPayments`, and `InvalidField` when its
    invoice is none, when it credits more than that, or when the books are closed.
    """
    note_id = new_id(at)

    def attempt() -> CreditNote:
        found = _read(client_id, new, at)
        stored, sums, currency = _credited(new, found)
        day = _day(new, found)
        taken = _block(found.books, day, at)
        note = _record(client_id, note_id, taken.number(), new, found, by=by, at=at)
        note.entered, note.sums = stored, sums
        note.parties = parties(found.books.client, found.books.settings, stored)
        total = rounded(Decimal(sums["payable"]), currency)
        note.row = {**note.row, "currency": currency, "total": total}
        parts = _parts(new, found, total, day)
        allocate(note, parts)
        work_out(note)
        answer = to_credit_note(note)

        transaction = Transaction()
        once.claim(transaction, answer)
        series.take(transaction, taken, {taken.number(): (client_id, note_id)})
        transaction.put(note, absent(CreditNoteRecord))
        opened = _settle(transaction, note, found.invoice, parts, at)
        transaction.put(_told(note, by=by, at=at))
        stays_open(transaction, day, found.books.settings, today=found.books.today)
        taxes = reversed_taxes(sums)
        postings = came("credit_note", note, parts, reference=taken.number(), taxes=taxes)
        book(transaction, found.books.client, postings, at=at, opened=opened)
        transaction.commit()
        return answer

    return until_unchanged(attempt)


def _read(client_id: str, new: NewCreditNote, at: datetime) -> _Found:
    keys = [f"INVOICE#{new.invoice_id}"] if new.invoice_id else []
    books = look_up(client_id, *keys, others=_sequences(at), at=at)
    if not new.invoice_id:
        return _Found(books, None)
    if keys[0] not in books.own:
        raise InvalidField("invoice_id", "The client has no invoice with this id.")
    return _Found(books, read(InvoiceRecord, books.own[keys[0]]))


def _credited(new: NewCreditNote, found: _Found) -> tuple[Entered, Sums, str]:
    """What is credited: as it was entered, added up, and in which currency."""
    invoice, settings = found.invoice, found.books.settings
    if invoice is None:
        currency = new.currency or found.books.client.row.currency
    else:
        currency = invoice.row["currency"]
        if new.currency not in (None, currency):
            raise InvalidField("currency", f"Its invoice is in {currency}.")
    stored = entered(new)
    for name in ("invoice_id", "issue_date", "reason", "full", "apply"):
        stored.pop(name, None)
    if invoice is not None and new.full:
        mirrored = {name: invoice.entered[name] for name in MIRRORED if name in invoice.entered}
        stored, sums = {**mirrored, **stored, **_lists(mirrored)}, dict(invoice.sums)
    else:
        sums = to_stored(added_up(document(stored, currency, settings)))
    if invoice is not None:
        must_be_creditable(
            invoice.row, invoice.credit_notes or {}, Decimal(sums["payable"]), full=new.full
        )
    if sums["payable"] <= 0:
        amount = amount_text(Decimal(sums["payable"]), currency)
        raise InvalidField("full" if new.full else "lines", f"It comes to {amount} {currency}.")
    return stored, sums, currency


def _lists(mirrored: Entered) -> Entered:
    """The lists of the invoice, which the request has empty."""
    lists: Entered = {name: mirrored.get(name, []) for name in ("lines", "allowances", "charges")}
    return {**lists, "prices_include_tax": mirrored.get("prices_include_tax", False)}


def _day(new: NewCreditNote, found: _Found) -> date:
    today = found.books.today
    latest = max(today, found.issued)
    day = new.issue_date or latest
    if day > latest:
        raise InvalidField("issue_date", f"This day is still to come: today is {today}.")
    if day < found.issued:
        raise InvalidField("issue_date", f"Its invoice was issued later, on {found.issued}.")
    must_be_open(day, found.books.settings, "issue_date")
    return day


def _sequences(at: datetime) -> list[Key]:
    """Where the series may stand: which of both the settings say, which are read with them."""
    return [("SEQUENCE#credit_note", "SEQUENCE"), (f"SEQUENCE#credit_note#{at.year}", "SEQUENCE")]


def _block(books: Books, day: date, at: datetime) -> series.Block:
    """The series as it stands for credit notes of that day; of another year, it is read now."""
    numbering = books.settings.numbering
    where = series.key("credit_note", numbering, day)
    item = books.others.get(where)
    if where not in _sequences(at):
        item = next(iter(find_all([where], consistent=True)), None)
    return series.block("credit_note", numbering, day, item)


def _record(
    client_id: str,
    note_id: str,
    number: str,
    new: NewCreditNote,
    found: _Found,
    *,
    by: By,
    at: datetime,
) -> CreditNoteRecord:
    """The credit note before it says what it credits."""
    day = _day(new, found).isoformat()
    row: dict[str, Any] = {
        "client_id": client_id,
        "credit_note_id": note_id,
        "number": number,
        "issue_date": day,
        "created_at": timestamp(at),
    }
    corrects = None
    if found.invoice is not None:
        corrects = {"number": found.invoice.row["number"], "date": found.issued.isoformat()}
        row |= {"invoice_id": new.invoice_id, "invoice_number": corrects["number"]}
    return CreditNoteRecord(
        f"CLIENT#{client_id}",
        f"CREDITNOTE#{note_id}",
        listing_pk="CREDITNOTES",
        listing_sk=f"{day}#{note_id}",
        row=row,
        corrects=corrects,
        reason=new.reason,
        credited_on=day,
        last_day=day,
        allocations=[],
        by=by.model_dump(),
        version=1,
    )


def _parts(new: NewCreditNote, found: _Found, total: Decimal, day: date) -> list[Part]:
    """What it pays of its invoice."""
    if found.invoice is None or not new.apply:
        return []
    paid = min(total, rounded(balance_of(found.invoice), found.invoice.row["currency"]))
    return [part_of(found.invoice, paid, day)] if paid else []


def _settle(
    transaction: Transaction,
    note: CreditNoteRecord,
    invoice: InvoiceRecord | None,
    parts: list[Part],
    at: datetime,
) -> int:
    """Pay the invoice, which keeps in mind what it was credited."""
    if invoice is None:
        return 0
    listed = {**(invoice.credit_notes or {}), note.row["credit_note_id"]: note.row["total"]}
    source = source_of(note)
    paid = [Application(source=source, amount=each.amount, date=each.date) for each in parts]
    return settle(transaction, invoice, *paid, at=at, credit_notes=listed)


def _told(note: CreditNoteRecord, *, by: By, at: datetime) -> Any:
    row = note.row
    amount = amount_text(row["total"], row["currency"])
    about = {"credit_note_id": row["credit_note_id"], "number": row["number"]}
    if "invoice_id" in row:
        about["invoice_id"] = row["invoice_id"]
    return entry(
        row["client_id"],
        "invoice",
        at=at,
        by=by,
        text=f"Credit note {row['number']} issued: {amount} {row['currency']}",
        event="credit_note.issued",
        what="issued",
        **about,
    )
