"""An invoice with what decides about it, read at once: its client and the firm's settings."""

from collections.abc import Iterable
from datetime import datetime

from tallybook.errors import InvoiceNotFound
from tallybook.ids import is_ulid
from tallybook.invoices.records import InvoiceRecord
from tallybook.ledger.books import Books, Key, look_up
from tallybook.table import read


def with_invoice(
    client_id: str, invoice_id: str, *, others: Iterable[Key] = (), at: datetime
) -> tuple[Books, InvoiceRecord]:
    """The client, the settings, one invoice and the items of `others`. One BatchGetItem.

    Raises `ClientNotFound` and `InvoiceNotFound`.
    """
    own = (f"INVOICE#{invoice_id}",) if is_ulid(invoice_id) else ()  # else longer than a key
    found = look_up(client_id, *own, others=others, at=at)
    item = found.own.get(f"INVOICE#{invoice_id}")
    if item is None:
        raise InvoiceNotFound
    return found, read(InvoiceRecord, item)
