"""Leases of services: who sends the webhooks of one, so that they go out one after another.

A lease runs out by itself: a worker that died leaves its service to the next one.
"""

from datetime import datetime, timedelta

from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.services.records import ServiceRecord
from tallybook.services.telling import as_read
from tallybook.table import present
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

LASTS = timedelta(seconds=30)  # longer than an attempt, and the writes around it


class Lost(Exception):
    """The lease ran out, and another worker has one; or somebody changed where it goes."""


def new_lease(at: datetime) -> str:
    return f"{timestamp(at + LASTS)}#{new_id(at)}"


def ends_at(lease: str) -> datetime:
    return datetime.fromisoformat(lease.partition("#")[0])


def take(service: ServiceRecord, at: datetime) -> str:
    """Take the lease of a service that is as it was read. One UpdateItem.

    Raises `VersionChanged` when another worker was quicker, or the address is another by now.
    """
    lease = new_lease(at)
    transaction = Transaction()
    is_as_read = (
        present(ServiceRecord)
        & as_read(ServiceRecord.lease, service.lease)
        & as_read(ServiceRecord.delivered_to, service.delivered_to)
        & as_read(ServiceRecord.agenda_sk, service.agenda_sk)
        & as_read(ServiceRecord.webhook_url, service.webhook_url)
    )
    transaction.update(service, [ServiceRecord.lease.set(lease)], is_as_read, version_changed)
    transaction.commit()
    service.lease = lease
    return lease


def rest(service: ServiceRecord) -> None:
    """Nothing waits any more: the service leaves the agenda. One UpdateItem.

    Raises `VersionChanged` when something waits again.
    """
    transaction = Transaction()
    attributes = (ServiceRecord.agenda_pk, ServiceRecord.agenda_sk, ServiceRecord.lease)
    is_as_read = (
        present(ServiceRecord)
        & as_read(ServiceRecord.lease, service.lease)
        & as_read(ServiceRecord.last_delivery, service.last_delivery)
    )
    removals = [attribute.remove() for attribute in attributes]
    transaction.update(service, removals, is_as_read, version_changed)
    transaction.commit()


def give_back(service: ServiceRecord) -> None:
    """Let another worker go on. One UpdateItem. Raises `VersionChanged` when it is not ours."""
    transaction = Transaction()
    is_ours = present(ServiceRecord) & as_read(ServiceRecord.lease, service.lease)
    transaction.update(service, [ServiceRecord.lease.remove()], is_ours, version_changed)
    transaction.commit()
