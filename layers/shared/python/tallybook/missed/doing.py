"""One decision about what was missed: it leaves the list in the transaction of what is done."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pynamodb.expressions.operand import Path

from tallybook.authors import By
from tallybook.clients import attention, presence
from tallybook.clients.records import ClientRecord
from tallybook.errors import InvoiceNotFound, MissedNotFound
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.invoices.records import InvoiceRecord
from tallybook.missed.kinds import Decision
from tallybook.missed.models import DecidedOutcome
from tallybook.missed.records import MissedRecord
from tallybook.recurring import running
from tallybook.table import encode, present
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged

_IN_WORDS: dict[Decision, str] = {
    "today": "Missed, and done after all",
    "own_date": "Missed, and done after all with its own date",
    "drop": "Missed, and dropped",
}


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Who decides about something of a client, when, and the claim that it is done once."""

    client_id: str
    today: date
    by: By
    at: datetime
    once: Once


def do(missed: MissedRecord, what: Decision, deed: Deed) -> None:
    """Do what was missed, have it done, or drop it. One transaction.

    A period is invoiced at once. A step is done by whoever looks at the client, as any other that
    is due: if by then the invoice is still open. Raises `MissedNotFound`, `ClientNotFound`,
    `ClientSuspended`, `Busy`, and what hinders an invoice.
    """
    until_unchanged(lambda: _attempt(missed, what, deed))


def _attempt(missed: MissedRecord, what: Decision, deed: Deed) -> None:
    transaction = Transaction()
    taken = DecidedOutcome(missed_id=missed.row["missed_id"], ok=True, code=None, detail=None)
    deed.once.claim(transaction, taken)
    transaction.delete(missed, present(MissedRecord), lambda _: MissedNotFound())
    _tell(transaction, missed, what, deed)
    if missed.row["kind"] == "step":
        _mark(transaction, missed, what, deed)
        _reach(transaction, what, deed)
        transaction.commit()
    elif what == "drop":
        presence.stays(transaction, deed.client_id)
        transaction.commit()
    else:
        _invoice(transaction, missed, what, deed)


def _invoice(also: Transaction, missed: MissedRecord, what: Decision, deed: Deed) -> None:
    period = date.fromisoformat(missed.row["date"])
    running.perform(
        deed.client_id,
        missed.subject["recurring_id"],
        period=period,
        issue_date=period if what == "own_date" else deed.today,
        by=deed.by,
        at=deed.at,
        also=also,
    )


def _mark(transaction: Transaction, missed: MissedRecord, what: Decision, deed: Deed) -> None:
    """Say on the invoice what becomes of the step."""
    invoice_id, mark = missed.subject["invoice_id"], missed.subject["mark"]
    becomes: dict[str, Any] = {"on": deed.today.isoformat(), "what": "dropped"}
    if what != "drop":
        becomes |= {"what": "again", "own_date": what == "own_date"}
    place = Path(["steps", mark])
    transaction.update(
        InvoiceRecord(missed.pk, f"INVOICE#{invoice_id}"),
        [place.set(encode(becomes))],
        place.exists(),
        lambda _: InvoiceNotFound(),
    )


def _reach(transaction: Transaction, what: Decision, deed: Deed) -> None:
    """Have the client looked at, unless the step was dropped; a suspended one is left alone."""
    if what == "drop":
        presence.stays(transaction, deed.client_id)
        return
    client = ClientRecord(f"CLIENT#{deed.client_id}", "CLIENT")
    wanted = attention.wanted(deed.client_id, deed.at)
    transaction.update(client, wanted, presence.is_active(), presence.why_not)


def _tell(transaction: Transaction, missed: MissedRecord, what: Decision, deed: Deed) -> None:
    row = missed.row
    ids = {
        name: missed.subject[name]
        for name in ("recurring_id", "invoice_id")
        if name in missed.subject
    }
    told = entry(
        deed.client_id,
        "invoice",
        at=deed.at,
        by=deed.by,
        text=f"{_IN_WORDS[what]}: {row['text']}",
        what="missed",
        missed_id=row["missed_id"],
        decision=what,
        **ids,
    )
    transaction.put(told)
