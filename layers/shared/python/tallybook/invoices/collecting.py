"""How the collecting of an invoice stands, as staff say."""

from datetime import datetime
from typing import Any

from tallybook.authors import By
from tallybook.clients import attention
from tallybook.dates import timestamp
from tallybook.errors import IsADraft
from tallybook.history.entries import entry
from tallybook.invoices.answers import Invoice
from tallybook.invoices.mapping import to_invoice
from tallybook.invoices.models import CollectionState
from tallybook.invoices.reading import with_invoice
from tallybook.invoices.records import InvoiceRecord
from tallybook.table import differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def set_status(
    client_id: str,
    invoice_id: str,
    state: CollectionState,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
) -> Invoice:
    """Say how the collecting of an invoice stands. Raises `IsADraft` and `StaleVersion`."""

    def attempt() -> Invoice:
        found, before = with_invoice(client_id, invoice_id, at=at)
        must_match(if_match, etag(int(before.version)))
        if before.row["status"] == "draft":
            raise IsADraft
        if _is_known(before, state):
            return to_invoice(before, found.client, found.settings, at)
        after = read(InvoiceRecord, before.serialize())
        row: dict[str, Any] = {**before.row, "collection_status": state.status}
        said = {"note": state.note} if state.note else {}
        after.row = row
        after.collection = {"by": by.model_dump(), "at": timestamp(at), **said}
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        transaction = Transaction()
        condition = InvoiceRecord.version == before.version
        transaction.update(before, differences(before, after), condition, version_changed)
        attention.want(transaction, client_id, at)
        _tell(transaction, after, state, by, at)
        transaction.commit()
        return to_invoice(after, found.client, found.settings, at)

    return until_unchanged(attempt)


def _is_known(invoice: InvoiceRecord, state: CollectionState) -> bool:
    """Whether it says so already: who says it again changes nothing."""
    note = (invoice.collection or {}).get("note")
    return (invoice.row.get("collection_status", "none"), note) == (state.status, state.note)


def _tell(
    transaction: Transaction, invoice: InvoiceRecord, state: CollectionState, by: By, at: datetime
) -> None:
    row = invoice.row
    text = f"Collection of invoice {row['number']}: {state.status.replace('_', ' ')}"
    told = entry(
        row["client_id"],
        "invoice",
        at=at,
        by=by,
        text=f"{text}. {state.note}" if state.note else text,
        event="invoice.collection_status_changed",
        invoice_id=row["invoice_id"],
        number=row["number"],
        what="collection status",
        status=state.status,
    )
    transaction.put(told)
