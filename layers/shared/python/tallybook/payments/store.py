"""Payments in the table, as staff read them."""

from datetime import datetime
from functools import partial
from typing import Any

from tallybook.authors import By
from tallybook.clients.names import NamedClient, names
from tallybook.clients.presence import current_with, of_client
from tallybook.errors import PaymentNotFound
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.listings import newest_below, newest_of
from tallybook.models import trusted
from tallybook.payments.deeds import Deed
from tallybook.payments.mapping import shown_row, to_payment, to_payment_row
from tallybook.payments.models import Payment, PaymentRow
from tallybook.payments.records import PaymentRecord
from tallybook.table import decode, read

_PREFIX = "PAYMENT#"


class FirmPaymentRow(PaymentRow):
    """A payment as the list of the whole firm shows it."""

    client: NamedClient


def deed(
    client_id: str,
    payment_id: str,
    *,
    by: By,
    at: datetime,
    once: Once,
    if_match: str | None,
) -> Deed[Payment]:
    """What somebody does to a payment: to be applied, refunded or reversed."""
    return Deed(
        client_id=client_id,
        source=f"payment#{payment_id}",
        shown=to_payment,
        by=by,
        at=at,
        once=once,
        if_match=if_match,
    )


def get(client_id: str, payment_id: str) -> Payment:
    """One payment. Raises `ClientNotFound` and `PaymentNotFound`."""
    key = f"{_PREFIX}{payment_id}"
    _, items = current_with(client_id, *((key,) if is_ulid(payment_id) else ()))
    if key not in items:
        raise PaymentNotFound
    return to_payment(read(PaymentRecord, items[key]))


def page(client_id: str, *, limit: int, after: str | None) -> tuple[list[PaymentRow], str | None]:
    """The client's payments behind the position `after`, the last recorded first.

    Raises `ClientNotFound`.
    """
    look = partial(newest_below, f"CLIENT#{client_id}", _PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_payment_row(decode(item["row"])) for item in items], position


def firm_page(
    *, month: str | None, unapplied: bool, limit: int, after: str | None
) -> tuple[list[FirmPaymentRow], str | None]:
    """The firm's payments behind the position `after`, the latest day first.

    `month` ("2026-11") keeps those of one month, `unapplied` those of which something is left. One
    Query, with credit notes between them a few more, and one BatchGetItem for their clients.
    """
    rows, position = _rows(unapplied=unapplied, month=month, limit=limit, after=after)
    clients = names([row["client_id"] for row in rows])
    return [
        trusted(
            FirmPaymentRow,
            {"reference": None} | shown_row(row) | {"client": clients[row["client_id"]]},
        )
        for row in rows
    ], position


def _rows(
    *, unapplied: bool, month: str | None, limit: int, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Of the index of all payments, or of that of what is left of payments and credit notes."""
    index, partition = ("by_date", "CREDITS") if unapplied else ("listing", "PAYMENTS")
    found: list[tuple[str, dict[str, Any]]] = []
    position: str | None = after
    while len(found) <= limit:
        rows, position = newest_of(
            index, partition, prefix=month or "", limit=limit + 1, after=position
        )
        found += [each for each in rows if "payment_id" in each[1]]
        if position is None:
            break
    shown = found[:limit]
    return [row for _, row in shown], shown[-1][0] if len(found) > limit else None
