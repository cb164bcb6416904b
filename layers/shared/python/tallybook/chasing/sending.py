"""Sending the invoices whose mail waited for the hours at which the firm sends."""

from tallybook.chasing.seeing import Seen
from tallybook.clients import attention
from tallybook.contacts.recipients import of_papers, of_papers_unasked
from tallybook.dates import timestamp
from tallybook.errors import NoEmailAddress
from tallybook.history.entries import entry
from tallybook.invoices.records import InvoiceRecord, ToSendRecord
from tallybook.invoices.sending import post
from tallybook.table import differences, present, read
from tallybook.tasks.making import task
from tallybook.transactions import Transaction
from tallybook.versions import version_changed


def send(seen: Seen, before: InvoiceRecord) -> None:
    """Queue the mail of an invoice, once; a task where nobody can be mailed. One transaction.

    One that was paid meanwhile is sent all the same; one that was voided or written off is not.
    """
    after = read(InvoiceRecord, before.serialize())
    transaction = _taken_out(seen, before)
    if before.row["status"] in ("void", "written_off"):
        transaction.commit()
        return
    by_print = seen.client.invoicing_method == "print"
    try:
        post(transaction, after, [] if by_print else _people(seen, after), by=None, at=seen.at)
    except NoEmailAddress:
        transaction = _taken_out(seen, before)
        _leave_to_people(transaction, seen, after)
    after.version, after.updated_at = int(before.version) + 1, timestamp(seen.at)
    condition = InvoiceRecord.version == before.version
    transaction.update(before, differences(before, after), condition, version_changed)
    transaction.commit()


def _taken_out(seen: Seen, invoice: InvoiceRecord) -> Transaction:
    """A transaction with which it waits no longer: two actions. Fails with `VersionChanged`."""
    transaction = Transaction()
    attention.stays(transaction, seen.client)
    waiting = ToSendRecord(invoice.pk, f"TOSEND#{invoice.row['invoice_id']}")
    transaction.delete(waiting, present(ToSendRecord), version_changed)
    return transaction


def _people(seen: Seen, invoice: InvoiceRecord) -> list[str]:
    """Whom it goes to: where the firm's rule alone has it sent (C6), to those who accepted."""
    is_by_rule = (invoice.from_recurring or {}).get("to") == "accepted"
    return of_papers_unasked(seen.whom) if is_by_rule else of_papers(seen.whom)


def _leave_to_people(transaction: Transaction, seen: Seen, invoice: InvoiceRecord) -> None:
    row = invoice.row
    told = {"invoice_id": row["invoice_id"], "number": row["number"], "what": "not sent"}
    text = f"Invoice {row['number']} not sent: it can be mailed to nobody"
    transaction.put(entry(seen.client_id, "invoice", at=seen.at, text=text, **told))
    task(
        transaction,
        seen.client,
        kind="print",
        title=f"Send invoice {row['number']} by post",
        due_date=seen.today,
        assignee=seen.client.row.ar_specialist,
        invoice_ids=[row["invoice_id"]],
        at=seen.at,
    )
