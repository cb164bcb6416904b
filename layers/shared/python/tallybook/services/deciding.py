"""Staff decide that a service is suspended, or given back."""

from collections.abc import Sequence
from datetime import date, datetime

from tallybook.authors import By
from tallybook.clients import attention
from tallybook.errors import NothingOverdue, ServicePaidThrough, ServiceUnchanged
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.ledger.books import look_up
from tallybook.services import switching
from tallybook.services.mapping import to_service
from tallybook.services.models import Service, ServiceToSuspend
from tallybook.services.records import PREFIX, ServiceRecord, ids_of
from tallybook.services.store import current, found
from tallybook.table import query_all
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged

_MOST_NAMED = 30  # invoices that a suspension names


def suspend(
    client_id: str,
    service_id: str,
    how: ServiceToSuspend,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Service:
    """Suspend a service, or say for which other reason it stays suspended.

    Raises `ServiceNotFound`, `StaleVersion`, `ServiceUnchanged`, `ServicePaidThrough`, and
    `NothingOverdue` when non-payment cannot be the reason.
    """

    def attempt() -> Service:
        sk = f"{PREFIX}{service_id}"
        books = look_up(client_id, *((sk,) if is_ulid(service_id) else ()), at=at)
        before = found(books.own.get(sk))
        must_match(if_match, etag(int(before.version)))
        if before.suspended and before.suspended["reason"] == how.reason:
            raise ServiceUnchanged(f"status: it is suspended already, for {how.reason}.")
        paid = before.row.get("paid_through")
        if paid and paid >= books.today.isoformat() and not how.force and not before.suspended:
            raise ServicePaidThrough(paid)
        overdue = _overdue(client_id, books.today) if how.reason == "non_payment" else []
        transaction = Transaction()
        after = switching.suspend(
            transaction, before, how.reason, at=at, by=by, note=how.note, invoice_ids=overdue
        )
        return _committed(transaction, after, at, once)

    return until_unchanged(attempt)


def reinstate(
    client_id: str, service_id: str, *, by: By, at: datetime, if_match: str | None, once: Once
) -> Service:
    """Give the service back. Raises `ServiceNotFound`, `StaleVersion` and `ServiceUnchanged`."""

    def attempt() -> Service:
        before = current(client_id, service_id)
        must_match(if_match, etag(int(before.version)))
        if before.suspended is None:
            raise ServiceUnchanged("status: it is active already.")
        transaction = Transaction()
        after = switching.reinstate(transaction, before, at=at, by=by)
        return _committed(transaction, after, at, once)

    return until_unchanged(attempt)


def _committed(transaction: Transaction, after: ServiceRecord, at: datetime, once: Once) -> Service:
    """Write what became of the service, once, and have its client looked at."""
    client_id, _ = ids_of(after)
    service, whole = to_service(after), Transaction()
    once.claim(whole, service)
    whole.extend(transaction)
    attention.want(whole, client_id, at)
    whole.commit()
    return service


def _overdue(client_id: str, today: date) -> Sequence[str]:
    """The client's invoices that are overdue. Raises `NothingOverdue`."""
    places = [
        item["sk"]["S"].split("#")
        for item in query_all(
            f"CLIENT#{client_id}", "OPEN#", ProjectionExpression="sk", ConsistentRead=True
        )
    ]
    overdue = sorted((due, each) for _, _, due, each in places if due < today.isoformat())
    if not overdue:
        raise NothingOverdue
    return [invoice_id for _, invoice_id in overdue[:_MOST_NAMED]]
