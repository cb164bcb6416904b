"""Finalizing: a draft becomes an invoice, with a number and in the books, and stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp
from tallybook.errors import InvalidField
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.invoices.answers import Invoice
from tallybook.invoices.drafts import must_be_draft
from tallybook.invoices.mapping import to_invoice, write_up
from tallybook.invoices.papers import parties
from tallybook.invoices.reading import with_invoice
from tallybook.invoices.records import InvoiceRecord, OpenInvoiceRecord
from tallybook.invoices.sending import post, unasked
from tallybook.invoices.standing import due_date_of, open_item
from tallybook.invoices.sums import Entered
from tallybook.ledger.books import Key
from tallybook.ledger.closing import must_be_open, stays_open
from tallybook.ledger.kinds import LONGEST_AHEAD
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.money import amount_text
from tallybook.numbering import series
from tallybook.settings.models import Settings
from tallybook.table import Item, absent, differences, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


@dataclass
class Finalized:
    """An invoice that is made of a draft, or of none, without its number yet."""

    before: InvoiceRecord | None
    after: InvoiceRecord
    posting: Posting
    unsent: str | None = None  # why it is not sent, where it would be

    @property
    def opened(self) -> int:
        """By how much it changes the number of open invoices: an invoice of nothing is paid."""
        return int(self.after.row["balance"] > 0)

    @property
    def issue_date(self) -> date:
        return self.posting.date

    @property
    def client_id(self) -> str:
        return str(self.after.row["client_id"])

    @property
    def invoice_id(self) -> str:
        return str(self.after.row["invoice_id"])

    @property
    def number(self) -> str:
        return str(self.after.row["number"])

    def numbered(self, number: str) -> None:
        self.after.row["number"] = number
        self.posting = _posting(self.after)

    def mailing(self, to: list[str], unsent: str | None, at: datetime) -> Transaction:
        """The mail that it is sent with by itself, if it is; before it is written."""
        self.unsent, mailing = unsent, Transaction()
        if to:
            post(mailing, self.after, to, by=None, at=at)
        return mailing


def finalize(
    client_id: str,
    invoice_id: str,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Invoice:
    """Give a draft its number and book it. One BatchGetItem and one transaction.

    Raises `ClientNotFound`, `InvoiceNotFound`, `NotADraft`, `StaleVersion`, `SeriesNumberTaken`,
    and `InvalidField` when there is no line, less than nothing to pay, or the books are closed.
    """

    def attempt() -> Invoice:
        found, before = with_invoice(client_id, invoice_id, others=sequences(at), at=at)
        must_match(if_match, etag(int(before.version)))
        ready = prepare(before, found.client, found.settings, today=found.today, at=at)
        taken = block_for(found.settings, ready.issue_date, found.others, at)
        ready.numbered(taken.number())
        mailing = ready.mailing(*unasked(found.client, found.settings), at)
        invoice = to_invoice(ready.after, found.client, found.settings, at)

        transaction = Transaction()
        once.claim(transaction, invoice)
        series.take(transaction, taken, {taken.number(): (client_id, invoice_id)})
        write(transaction, ready, by=by, at=at)
        transaction.extend(mailing)
        stays_open(transaction, ready.issue_date, found.settings, today=found.today)
        book(transaction, found.client, [ready.posting], at=at, opened=ready.opened, finalized=1)
        transaction.commit()
        return invoice

    return until_unchanged(attempt)


def sequences(at: datetime) -> list[Key]:
    """Where the series may stand: which of both the settings say, which are read with them."""
    return [("SEQUENCE#invoice", "SEQUENCE"), (f"SEQUENCE#invoice#{at.year}", "SEQUENCE")]


def block_for(
    settings: Settings, issued: date, items: Mapping[Key, Item], at: datetime
) -> series.Block:
    """The series as it stands for invoices of that date, `items` being what `sequences` led to.

    That of another year is read now.
    """
    where = series.key("invoice", settings.numbering, issued)
    item = items.get(where)
    if where not in sequences(at):
        item = next(iter(find_all([where], consistent=True)), None)
    return series.block("invoice", settings.numbering, issued, item)


def prepare(
    before: InvoiceRecord,
    client: ClientRecord,
    settings: Settings,
    *,
    today: date,
    at: datetime,
) -> Finalized:
    """The invoice that a draft becomes: its dates, sums and parties as they are now.

    Raises `NotADraft` and `InvalidField`.
    """
    must_be_draft(before)
    after = read(InvoiceRecord, before.serialize())
    write_up(after, before.entered, client, settings, at=at)
    after.version = int(before.version) + 1
    return _prepared(before, after, client, settings, today=today, at=at)


def prepare_new(
    record: InvoiceRecord,
    stored: Entered,
    client: ClientRecord,
    settings: Settings,
    *,
    today: date,
    at: datetime,
) -> Finalized:
    """The invoice that says what was `stored`, without ever having been a draft.

    `record` has its key, and ids and time in its row. Raises `InvalidField`.
    """
    write_up(record, stored, client, settings, at=at)
    record.version = 1
    return _prepared(None, record, client, settings, today=today, at=at)


def _prepared(
    before: InvoiceRecord | None,
    after: InvoiceRecord,
    client: ClientRecord,
    settings: Settings,
    *,
    today: date,
    at: datetime,
) -> Finalized:
    _must_make_an_invoice(after, settings, today)
    after.parties = parties(client, settings, after.entered)
    row: dict[str, Any] = after.row
    row["finalized_at"] = timestamp(at)
    if row["balance"] > 0:
        row["status"] = "open"
        after.by_date_pk = "OPEN"
    else:
        row["status"] = "paid"
        after.by_date_pk = after.by_date_sk = None
    after.updated_at = timestamp(at)
    return Finalized(before, after, _posting(after))


def write(transaction: Transaction, ready: Finalized, *, by: By | None, at: datetime) -> None:
    """Add the invoice and what says that it is open, with its entry in the history: 2 or 3 actions.

    Fails with `VersionChanged` when the draft is another by then.
    """
    before, after = ready.before, ready.after
    if before is None:
        transaction.put(after, absent(InvoiceRecord))
    else:
        condition = InvoiceRecord.version == before.version
        transaction.update(before, differences(before, after), condition, version_changed)
    if ready.opened:
        transaction.put(open_item(after), absent(OpenInvoiceRecord))
    row, made_by = after.row, after.from_recurring
    amount = amount_text(Decimal(row["total"]), row["currency"])
    text = f"Invoice {row['number']} finalized: {amount} {row['currency']}"
    transaction.put(
        entry(
            row["client_id"],
            "invoice",
            at=at,
            by=by,
            text=f"{text}. {ready.unsent}." if ready.unsent else text,
            event="invoice.finalized",
            invoice_id=row["invoice_id"],
            what="finalized",
            number=row["number"],
            **({"recurring_id": made_by["recurring_id"]} if made_by else {}),
        )
    )


def _posting(invoice: InvoiceRecord) -> Posting:
    row = invoice.row
    effect = Effect(
        invoice_id=row["invoice_id"],
        due_date=due_date_of(invoice),
        amount=Decimal(row["total"]),
    )
    return Posting(
        kind="invoice",
        date=date.fromisoformat(row["issue_date"]),
        currency=row["currency"],
        effects=[effect],
        reference=row.get("number"),
        taxes=invoice.sums["taxes"],
    )


def _must_make_an_invoice(invoice: InvoiceRecord, settings: Settings, today: date) -> None:
    row = invoice.row
    if not invoice.entered.get("lines"):
        raise InvalidField("lines", "An invoice needs a line.")
    if row["total"] < 0:
        amount = amount_text(Decimal(row["total"]), row["currency"])
        message = f"It comes to {amount} {row['currency']}: write a credit note instead."
        raise InvalidField("lines", message)
    issued = date.fromisoformat(row["issue_date"])
    must_be_open(issued, settings, "issue_date")
    if issued > today + LONGEST_AHEAD:
        raise InvalidField("issue_date", "It lies more than a year ahead.")
