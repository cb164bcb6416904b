"""How an invoice ends unpaid: voided, as if it had never been, or written off as a loss.

Either is a counter-entry in the ledger; the invoice keeps its number.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.dates import timestamp
from tallybook.errors import InvalidField, InvoiceNotOpen, IsADraft
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.invoices.answers import Invoice
from tallybook.invoices.mapping import to_invoice
from tallybook.invoices.models import Ending
from tallybook.invoices.reading import with_invoice
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.standing import balance_of, change, due_date_of, open_since, settled
from tallybook.invoices.sums import reversed_taxes
from tallybook.ledger.books import Books, look_up
from tallybook.ledger.closing import must_be_open, stays_open
from tallybook.ledger.kinds import Kind
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.money import amount_text
from tallybook.payments.credits import give_back, keys_of_credits, sort_key, to_credit
from tallybook.table import find_all
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged


def void(
    client_id: str,
    invoice_id: str,
    ending: Ending,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Invoice:
    """Take an invoice back. What paid it is credit again. Two BatchGetItems at most, one write.

    Raises `IsADraft`, `InvoiceNotOpen` when it was voided, or written off or credited in part,
    `StaleVersion`, and `InvalidField` when the day is before the invoice's, in the future, or in
    closed books.
    """

    def attempt() -> Invoice:
        found, invoice = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(invoice.version)))
        _must_be(invoice, "open", "partially_paid", "paid")
        _must_be_whole(invoice)
        if sort_keys := keys_of_credits(invoice):
            found = look_up(client_id, *sort_keys, at=at)
        day = _day(ending, invoice, found)
        transaction = Transaction()
        given = give_back(transaction, invoice, found.own, on=day)
        day = max([day, *(each.date for each in given.postings)])
        ended = _ended(ending, by, at, day)
        after = settled(invoice, *given.applications, at=at, voided=ended)
        opened = change(transaction, invoice, after)
        total, taxes = Decimal(invoice.row["total"]), reversed_taxes(invoice.sums)
        posting = _posting("void", invoice, -total, day, taxes)
        postings = [*given.postings, posting]
        book(transaction, found.client, postings, at=at, opened=opened)
        return _commit(transaction, found, after, postings, ending=ending, by=by, at=at, once=once)

    return until_unchanged(attempt)


def write_off(
    client_id: str,
    invoice_id: str,
    ending: Ending,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Invoice:
    """Give up what is unpaid of an invoice. One BatchGetItem and one transaction.

    Raises `IsADraft`, `InvoiceNotOpen` when nothing is unpaid, `StaleVersion`, and `InvalidField`
    when the day is before the invoice's, in the future, or in closed books.
    """

    def attempt() -> Invoice:
        found, invoice = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(invoice.version)))
        _must_be(invoice, "open", "partially_paid")
        day, lost = _day(ending, invoice, found), balance_of(invoice)
        ended = _ended(ending, by, at, day)
        after = settled(invoice, write_off=lost, at=at, written_off=ended)
        transaction = Transaction()
        opened = change(transaction, invoice, after)
        posting = _posting("write_off", invoice, -lost, day)
        book(transaction, found.client, [posting], at=at, opened=opened)
        done = [posting]
        return _commit(transaction, found, after, done, ending=ending, by=by, at=at, once=once)

    return until_unchanged(attempt)


def _commit(
    transaction: Transaction,
    found: Books,
    after: InvoiceRecord,
    booked: Sequence[Posting],
    *,
    ending: Ending,
    by: By,
    at: datetime,
    once: Once,
) -> Invoice:
    """Write it with its entry in the history, and what makes it be done once."""
    row, done = after.row, booked[-1]
    what = {"void": "voided"}.get(done.kind, "written off")
    amount = amount_text(-done.amount, row["currency"])
    text = f"Invoice {row['number']} {what}: {amount} {row['currency']}"
    told = {"invoice_id": row["invoice_id"], "number": row["number"], "what": what}
    first = min(each.date for each in booked)
    stays_open(transaction, first, found.settings, today=found.today)
    transaction.put(
        entry(
            row["client_id"],
            "invoice",
            at=at,
            by=by,
            text=f"{text}. {ending.reason}" if ending.reason else text,
            event=f"invoice.{what.replace(' ', '_')}",
            **told,
        )
    )
    invoice = to_invoice(after, found.client, found.settings, at)
    once.claim(transaction, invoice)
    transaction.commit()
    return invoice


def _must_be(invoice: InvoiceRecord, *statuses: str) -> None:
    status = invoice.row["status"]
    if status == "draft":
        raise IsADraft("Delete it, or finalize it first.")
    if status not in statuses:
        raise InvoiceNotOpen(f"status: invoice {invoice.row['number']} is {status}.")


def _must_be_whole(invoice: InvoiceRecord) -> None:
    """What was taken back of it by other means would be taken back twice."""
    number, currency = invoice.row["number"], invoice.row["currency"]
    if lost := Decimal(invoice.row["written_off"]):
        amount = f"{amount_text(lost, currency)} {currency}"
        message = f"written_off: {amount} of invoice {number} were. Write off the rest, too."
        raise InvoiceNotOpen(message)
    if notes := invoice.credit_notes:
        items = find_all([(invoice.pk, sort_key(f"credit_note#{each}")) for each in sorted(notes)])
        named = ", ".join(to_credit(each).row["number"] for each in items)
        message = f"credit_notes: invoice {number} has {named}. Credit the rest of it instead."
        raise InvoiceNotOpen(message)


def _day(ending: Ending, invoice: InvoiceRecord, found: Books) -> date:
    """As of when it is booked: today, or the invoice's day when that lies ahead, unless it says.

    Not while the invoice was paid: as of no day may less than nothing be open of it.
    """
    issued, first = date.fromisoformat(invoice.row["issue_date"]), open_since(invoice)
    latest = max(found.today, first)
    day = ending.date or latest
    if day < issued:
        raise InvalidField("date", f"It lies before the invoice's issue date, {issued}.")
    if day < first:
        raise InvalidField("date", f"More of the invoice was paid until {first}.")
    if day > latest:
        raise InvalidField("date", "It lies in the future.")
    must_be_open(day, found.settings, "date")
    return day


def _posting(
    kind: Kind, invoice: InvoiceRecord, amount: Decimal, day: date, taxes: Sequence[Any] = ()
) -> Posting:
    row = invoice.row
    effect = Effect(invoice_id=row["invoice_id"], due_date=due_date_of(invoice), amount=amount)
    return Posting(
        kind=kind,
        date=day,
        currency=row["currency"],
        effects=[effect],
        reference=row["number"],
        taxes=taxes,
    )


def _ended(ending: Ending, by: By, at: datetime, day: date) -> dict[str, Any]:
    said = {"reason": ending.reason} if ending.reason else {}
    return {"at": timestamp(at), "by": by.model_dump(), "date": day.isoformat(), **said}
