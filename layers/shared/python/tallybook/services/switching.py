"""Suspending services and giving them back: by staff, by a step of a workflow, by a payment.

Each change of a service, the webhook that tells it, and its entry in the client's history are
written together, in a transaction of whoever calls. It fails with `VersionChanged` when the service
has changed since it was read.
"""

from collections.abc import Sequence
from datetime import datetime

from tallybook.authors import By
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.services.kinds import SuspensionReason
from tallybook.services.records import PREFIX, ServiceRecord, ids_of
from tallybook.services.telling import next_of, tell, write
from tallybook.table import query_all, read
from tallybook.transactions import Transaction

MOST_AT_ONCE = 20  # services in a transaction; three actions each


def of_client(client_id: str) -> list[ServiceRecord]:
    """All services of a client, the oldest first, read consistently. One Query."""
    items = query_all(f"CLIENT#{client_id}", PREFIX, ConsistentRead=True)
    return [read(ServiceRecord, item) for item in items]


def suspend_for_non_payment(
    transaction: Transaction,
    services: Sequence[ServiceRecord],
    invoice_ids: Sequence[str],
    at: datetime,
) -> int:
    """Suspend those that are active, because these invoices are not paid.

    At most `MOST_AT_ONCE` of them, with three actions each at most; returns how many are left for
    a further transaction. Whether a service is paid in advance is for the caller to look at.
    """
    active = [each for each in services if each.suspended is None]
    for service in active[:MOST_AT_ONCE]:
        suspend(transaction, service, "non_payment", at=at, invoice_ids=invoice_ids)
    return len(active[MOST_AT_ONCE:])


def reinstate_paid(
    transaction: Transaction, services: Sequence[ServiceRecord], at: datetime
) -> int:
    """Give back those that were suspended for non-payment, and no others.

    At most `MOST_AT_ONCE` of them, with three actions each at most; returns how many are left.
    """
    stopped = [each for each in services if is_stopped_for_non_payment(each)]
    for service in stopped[:MOST_AT_ONCE]:
        reinstate(transaction, service, at=at)
    return len(stopped[MOST_AT_ONCE:])


def is_stopped_for_non_payment(service: ServiceRecord) -> bool:
    return bool(service.suspended and service.suspended["reason"] == "non_payment")


def suspend(
    transaction: Transaction,
    before: ServiceRecord,
    reason: SuspensionReason,
    *,
    at: datetime,
    by: By | None = None,
    note: str | None = None,
    invoice_ids: Sequence[str] = (),
) -> ServiceRecord:
    """Suspend a service that is active: three actions at most. `by` None: the system."""
    after = next_of(before, at)
    after.row["status"] = "suspended"
    after.suspended = {
        "at": timestamp(at),
        "by": by.model_dump() if by else None,
        "reason": reason,
        "note": note,
        "invoice_ids": list(invoice_ids),
    }
    why = "not paid" if reason == "non_payment" else note or "for another reason"
    tell(transaction, after, "service.suspended", at)
    _noted(transaction, before, after, f"Suspended the service {after.row['name']}: {why}", by, at)
    return after


def reinstate(
    transaction: Transaction, before: ServiceRecord, *, at: datetime, by: By | None = None
) -> ServiceRecord:
    """Give back a service that is suspended: three actions at most. `by` None: the system."""
    after = next_of(before, at)
    after.row["status"] = "active"
    after.suspended = None
    tell(transaction, after, "service.reinstated", at)
    _noted(transaction, before, after, f"Gave back the service {after.row['name']}", by, at)
    return after


def _noted(
    transaction: Transaction,
    before: ServiceRecord,
    after: ServiceRecord,
    text: str,
    by: By | None,
    at: datetime,
) -> None:
    """Write the service, and what became of it into the client's history."""
    client_id, service_id = ids_of(after)
    write(transaction, before, after)
    cause = after.suspended or before.suspended or {}
    told = {"service_id": service_id, "name": after.row["name"], "reason": cause["reason"]}
    event = "service.suspended" if after.suspended else "service.reinstated"
    transaction.put(entry(client_id, "client", at=at, by=by, text=text, event=event, **told))
