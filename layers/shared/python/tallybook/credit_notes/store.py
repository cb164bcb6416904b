"""Credit notes in the table, as staff read them."""

from datetime import datetime
from functools import partial

from tallybook.authors import By
from tallybook.clients.presence import current_with, of_client
from tallybook.credit_notes.mapping import to_credit_note, to_credit_note_row
from tallybook.credit_notes.models import CreditNote, CreditNoteRow
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.errors import CreditNoteNotFound
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.listings import newest_below
from tallybook.payments.deeds import Deed
from tallybook.table import decode, read

_PREFIX = "CREDITNOTE#"


def deed(
    client_id: str,
    credit_note_id: str,
    *,
    by: By,
    at: datetime,
    once: Once,
    if_match: str | None,
) -> Deed[CreditNote]:
    """What somebody does to a credit note: to be applied or refunded, as a payment is."""
    return Deed(
        client_id=client_id,
        source=f"credit_note#{credit_note_id}",
        shown=to_credit_note,
        by=by,
        at=at,
        once=once,
        if_match=if_match,
    )


def get(client_id: str, credit_note_id: str) -> CreditNote:
    """One credit note. Raises `ClientNotFound` and `CreditNoteNotFound`."""
    key = f"{_PREFIX}{credit_note_id}"
    _, items = current_with(client_id, *((key,) if is_ulid(credit_note_id) else ()))
    if key not in items:
        raise CreditNoteNotFound
    return to_credit_note(read(CreditNoteRecord, items[key]))


def page(
    client_id: str, *, limit: int, after: str | None
) -> tuple[list[CreditNoteRow], str | None]:
    """The client's credit notes behind the position `after`, the last issued first.

    Raises `ClientNotFound`.
    """
    look = partial(newest_below, f"CLIENT#{client_id}", _PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_credit_note_row(decode(item["row"])) for item in items], position
