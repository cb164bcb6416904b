"""Drafts of invoices: nothing is booked yet, so they are changed and deleted freely."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.errors import NotADraft
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.invoices.answers import Invoice
from tallybook.invoices.mapping import key, to_invoice, write_up
from tallybook.invoices.models import InvoicePatch, NewInvoice
from tallybook.invoices.reading import with_invoice
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.sums import entered
from tallybook.ledger.books import Books, look_up
from tallybook.models import merged_into
from tallybook.table import absent, differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

# Of the copied invoice alone.
_NOT_COPIED = ("issue_date", "due_date", "delivery_date", "period")


def create(client_id: str, new: NewInvoice, *, by: By, at: datetime, once: Once) -> Invoice:
    """Write a draft. Raises `ClientNotFound`, and `InvalidField` for what makes no sum."""
    transaction = Transaction()
    record, found = drafted(transaction, look_up(client_id, at=at), new, at=at, by=by)
    return _commit(transaction, record, found, once, at)


def copy(client_id: str, invoice_id: str, *, by: By, at: datetime, once: Once) -> Invoice:
    """A new draft of what an invoice says, without its dates.

    Raises `ClientNotFound`, `InvoiceNotFound`, and `InvalidField` when a rule is newer than it.
    """
    found, model = with_invoice(client_id, invoice_id, at=at)
    kept = {name: each for name, each in model.entered.items() if name not in _NOT_COPIED}
    kept["currency"] = model.row["currency"]
    transaction = Transaction()
    new = merged_into(NewInvoice, kept, {})
    record, found = drafted(transaction, found, new, at=at, by=by)
    return _commit(transaction, record, found, once, at)


def drafted(
    transaction: Transaction,
    found: Books,
    new: NewInvoice,
    *,
    at: datetime,
    by: By | None,
    from_estimate: str | None = None,
) -> tuple[InvoiceRecord, Books]:
    """Add to `transaction` a draft of the client's, with its entry in the history: 3 actions.

    A fourth one when it names a workflow. Raises `InvalidField`.
    """
    client_id = found.client.pk.removeprefix("CLIENT#")
    invoice_id, made = new_id(at), timestamp(at)
    record = InvoiceRecord(*key(client_id, invoice_id), updated_at=made, version=1)
    record.row = {"client_id": client_id, "invoice_id": invoice_id, "created_at": made}
    record.from_estimate = from_estimate
    write_up(record, entered(new), found.client, found.settings, at=at)
    write(transaction, record, at=at, by=by)
    presence.stays(transaction, client_id)
    if new.workflow_id:
        must_exist(transaction, new.workflow_id)
    return record, found


def write(transaction: Transaction, record: InvoiceRecord, *, at: datetime, by: By | None) -> None:
    """Add a draft that was written up, with its entry in the history: 2 actions."""
    transaction.put(record, absent(InvoiceRecord))
    made_by = {"estimate_id": record.from_estimate} if record.from_estimate else {}
    if record.from_recurring:
        made_by = {"recurring_id": record.from_recurring["recurring_id"]}
    transaction.put(
        entry(
            record.row["client_id"],
            "invoice",
            at=at,
            by=by,
            text="Invoice drafted",
            event="invoice.created",
            invoice_id=record.row["invoice_id"],
            what="created",
            **made_by,
        )
    )


def _commit(
    transaction: Transaction, record: InvoiceRecord, found: Books, once: Once, at: datetime
) -> Invoice:
    invoice = to_invoice(record, found.client, found.settings, at)
    once.claim(transaction, invoice)
    transaction.commit()
    return invoice


def get(client_id: str, invoice_id: str, *, at: datetime) -> Invoice:
    """One invoice. One BatchGetItem. Raises `ClientNotFound` and `InvoiceNotFound`."""
    found, record = with_invoice(client_id, invoice_id, at=at)
    return to_invoice(record, found.client, found.settings, at)


def change(
    client_id: str, invoice_id: str, patch: InvoicePatch, *, at: datetime, if_match: str | None
) -> Invoice:
    """Merge `patch` into a draft. Raises `NotADraft`, `StaleVersion` and `InvalidFields`."""
    document = patch.model_dump(mode="json", exclude_unset=True)

    def attempt() -> Invoice:
        found, before = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_be_draft(before)
        new = merged_into(NewInvoice, before.entered, document)
        after = read(InvoiceRecord, before.serialize())
        write_up(after, entered(new), found.client, found.settings, at=at)
        if after.entered == before.entered:
            return to_invoice(before, found.client, found.settings, at)
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        transaction = Transaction()
        condition = InvoiceRecord.version == before.version
        transaction.update(before, differences(before, after), condition, version_changed)
        if new.workflow_id and new.workflow_id != before.entered.get("workflow_id"):
            must_exist(transaction, new.workflow_id)
        transaction.commit()
        return to_invoice(after, found.client, found.settings, at)

    return until_unchanged(attempt)


def delete(client_id: str, invoice_id: str, *, by: By, at: datetime, if_match: str | None) -> None:
    """Delete a draft. Raises `NotADraft` and `StaleVersion`."""

    def attempt() -> None:
        _, record = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(record.version)))
        must_be_draft(record)
        transaction = Transaction()
        is_unchanged = InvoiceRecord.version == record.version
        transaction.delete(record, is_unchanged, version_changed)
        presence.stays(transaction, client_id)
        transaction.put(
            entry(client_id, "invoice", at=at, by=by, text="Draft of an invoice deleted",
                  event="invoice.deleted", invoice_id=invoice_id, what="deleted")
        )  # fmt: skip
        transaction.commit()

    until_unchanged(attempt)


def must_be_draft(record: InvoiceRecord) -> None:
    """Raises `NotADraft`, which says the number."""
    if record.row["status"] != "draft":
        number = record.row["number"]
        raise NotADraft(f"It is invoice {number}. Void it, or write a credit note.")
