"""A recurring invoice with what decides about it, read at once."""

from datetime import datetime

from tallybook.errors import RecurringInvoiceNotFound
from tallybook.ids import is_ulid
from tallybook.ledger.books import Books, look_up
from tallybook.recurring.mapping import PREFIX
from tallybook.recurring.records import RecurringRecord
from tallybook.table import read


def with_recurring(
    client_id: str, recurring_id: str, *, at: datetime
) -> tuple[Books, RecurringRecord]:
    """The client, the settings and one recurring invoice. One BatchGetItem.

    Raises `ClientNotFound` and `RecurringInvoiceNotFound`.
    """
    sort_key = f"{PREFIX}{recurring_id}"
    known = (sort_key,) if is_ulid(recurring_id) else ()  # else longer than a key
    found = look_up(client_id, *known, at=at)
    item = found.own.get(sort_key)
    if item is None:
        raise RecurringInvoiceNotFound
    return found, read(RecurringRecord, item)
