"""The invoice of one run: what it says, when it is due, and how it gets to the client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import household
from tallybook.contacts.recipients import of_papers
from tallybook.dates import timestamp
from tallybook.invoices.finalizing import Finalized, prepare_new
from tallybook.invoices.mapping import key, write_up
from tallybook.invoices.models import NewInvoice
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.sending import unasked
from tallybook.invoices.sums import Entered, entered
from tallybook.mail.rules import mailable
from tallybook.models import merged_into
from tallybook.recurring.kinds import Run
from tallybook.recurring.placeholders import filled, words
from tallybook.recurring.records import RecurringRecord
from tallybook.settings.models import Settings
from tallybook.settings.rules import sends_at
from tallybook.tasks.kinds import TaskKind


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How an invoice gets to the client: by a mail now, by one that waits, or by people."""

    to: Sequence[str] = ()
    waits: bool = False  # until the firm sends
    unsent: str | None = None  # why it is not sent now
    task: TaskKind | None = None  # for whom it remains to be done


_WAITS = Delivery(waits=True, unsent="Its mail waits for the hours at which mail is sent")


def said(record: RecurringRecord, run: Run, issue_date: date, locale: str) -> Entered:
    """What the invoice of a run says, as if it had been entered. Raises `InvalidFields`."""
    document = filled(record.template, words(run, locale))
    due_days = document.pop("due_days", None)
    document["issue_date"] = issue_date.isoformat()
    if due_days is not None:
        document["due_date"] = (issue_date + timedelta(days=int(due_days))).isoformat()
    document["period"] = {"from": run.first.isoformat(), "to": run.last.isoformat()}
    return entered(merged_into(NewInvoice, document, {}))


def finalized(
    record: RecurringRecord,
    run: Run,
    client: ClientRecord,
    settings: Settings,
    *,
    invoice_id: str,
    issue_date: date,
    today: date,
    at: datetime,
) -> Finalized:
    """The invoice of a run, without its number yet.

    Raises `InvalidFields`, also when the books are closed for its date.
    """
    stored = said(record, run, issue_date, settings.billing.locale)
    new = _new(record, run, invoice_id, at)
    return prepare_new(new, stored, client, settings, today=today, at=at)


def draft(
    record: RecurringRecord,
    run: Run,
    client: ClientRecord,
    settings: Settings,
    *,
    invoice_id: str,
    issue_date: date,
    at: datetime,
) -> InvoiceRecord:
    """The draft of a run. Raises `InvalidFields`."""
    made = _new(record, run, invoice_id, at)
    stored = said(record, run, issue_date, settings.billing.locale)
    write_up(made, stored, client, settings, at=at)
    return made


def delivery(
    record: RecurringRecord, client: ClientRecord, settings: Settings, at: datetime
) -> Delivery:
    """How its invoices get to the client. One query, where they are sent at all."""
    is_sent_now = sends_at(settings.sending, settings.time_zone, at) == at
    if not record.auto_send:
        to, unsent = unasked(client, settings)
        return Delivery(to=to, unsent=unsent) if is_sent_now or not to else _WAITS
    if client.invoicing_method == "print":
        return Delivery(unsent="Not sent: the client is invoiced by print", task="print")
    to, _ = mailable(of_papers(household(client.pk.removeprefix("CLIENT#"))))
    if not to:
        why = "Not sent: nobody who gets invoices has an e-mail address"
        return Delivery(unsent=why, task="print")
    return Delivery(to=to) if is_sent_now else _WAITS


def _new(record: RecurringRecord, run: Run, invoice_id: str, at: datetime) -> InvoiceRecord:
    client_id, made = record.row["client_id"], timestamp(at)
    made_by = {"recurring_id": record.row["recurring_id"], "date": run.day.isoformat()}
    if not record.auto_send:
        made_by["to"] = "accepted"  # whom its mail goes to, if it waits: as the firm's rule says
    new = InvoiceRecord(
        *key(client_id, invoice_id), from_recurring=made_by, updated_at=made, version=1
    )
    new.row = {"client_id": client_id, "invoice_id": invoice_id, "created_at": made}
    return new
