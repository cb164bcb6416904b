"""Sending webhooks: those of a service one after another, each at least once, with one webhook-id.

A worker takes a lease of the service, posts the oldest delivery that was not dealt with, and notes
what came of it. If it dies in between, the same message is posted again. What is to be tried again
stands in the agenda, and everything behind it waits.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil
from time import monotonic

from tallybook.errors import ClientNotFound
from tallybook.queues import LONGEST_DELAY
from tallybook.services import leases, network, queue
from tallybook.services.concluding import conclude
from tallybook.services.leases import Lost
from tallybook.services.records import DeliveryRecord, ServiceRecord, deliveries_of, ids_of, key
from tallybook.services.rules import signing
from tallybook.services.signatures import headers, secret
from tallybook.services.telling import takes_webhooks
from tallybook.table import find, query, read
from tallybook.versions import VersionChanged

type Clock = Callable[[], datetime]
type Said = Mapping[str, object]

_ENOUGH = 60.0  # seconds, and an attempt more: half of what the function has
_SOON = timedelta(hours=1)  # what is due later, the agenda sees to: it is looked at each hour
_HEADERS = {"Content-Type": "application/json", "User-Agent": "Tallybook"}


def work(client_id: str, service_id: str, clock: Clock) -> Said:
    """Send what waits of a service and is due; says how often it tried, and what is left.

    What is not due yet, or in the hands of another worker, comes back to the queue when it is.
    """
    stop, attempts = monotonic() + _ENOUGH, 0
    service: ServiceRecord | None = None
    lease: str | None = None
    while monotonic() < stop:
        service, at = find(ServiceRecord, *key(client_id, service_id)), clock()
        if service is None or service.agenda_sk is None:
            return {"state": "done", "attempts": attempts}
        if later := _not_before(service, lease, at):
            _come_back(service, later - at)
            return {"state": "waiting", "attempts": attempts}
        with suppress(VersionChanged, Lost):  # then it is looked at again
            try:
                lease = _step(service, clock)
            except ClientNotFound:
                return {"state": "gone", "attempts": attempts}
            attempts += 1
    if service is not None:
        _stop(service, lease)
    return {"state": "going on", "attempts": attempts}


def _not_before(service: ServiceRecord, ours: str | None, at: datetime) -> datetime | None:
    """When it is our turn; None: now."""
    due = datetime.fromisoformat(str(service.agenda_sk).partition("#")[0])
    if service.lease is not None and service.lease != ours:
        due = max(due, leases.ends_at(service.lease))
    return due if due > at else None


def _come_back(service: ServiceRecord, wait: timedelta) -> None:
    """Have the service looked at again then; an SQS message can wait for a quarter of an hour."""
    if wait <= _SOON:
        client_id, service_id = ids_of(service)
        message = {"client_id": client_id, "service_id": service_id}
        queue.send([message], delay=min(ceil(wait.total_seconds()), LONGEST_DELAY))


def _stop(service: ServiceRecord, lease: str | None) -> None:
    """Time is up, and more waits: another run goes on."""
    if lease is not None:
        service.lease = lease
        with suppress(VersionChanged):
            leases.give_back(service)
    _come_back(service, timedelta())


def _step(service: ServiceRecord, clock: Clock) -> str | None:
    """Deal with the oldest delivery; returns the lease, to go on with, if another waits.

    Raises `VersionChanged` and `Lost` when it is no longer ours to deal with.
    """
    delivery = _oldest(service)
    if delivery is None:
        leases.rest(service)
        return None
    at = clock()
    lease = leases.take(service, at)
    if clock() + timedelta(seconds=network.SECONDS) > leases.ends_at(lease):
        raise Lost  # the write took too long: another worker might post beside us
    answer = _posted(service, delivery, at) if takes_webhooks(service) else None
    return conclude(service, delivery, answer, begun=at, at=clock())


def _oldest(service: ServiceRecord) -> DeliveryRecord | None:
    """The first delivery behind those that were dealt with. One Query."""
    prefix = deliveries_of(ids_of(service)[1])
    # "!" comes before all that ids are made of, and "~" after.
    first = f"{prefix}{service.delivered_to}!" if service.delivered_to else prefix
    items, _ = query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": {"S": service.pk},
            ":first": {"S": first},
            ":last": {"S": f"{prefix}~"},
        },
        ConsistentRead=True,
        Limit=1,
    )
    return read(DeliveryRecord, items[0]) if items else None


def _posted(service: ServiceRecord, delivery: DeliveryRecord, at: datetime) -> network.Answer:
    body, (_, service_id) = delivery.body.encode(), ids_of(service)
    secrets = [secret(service_id, number) for number in signing(service.secrets, at)]
    signed = headers(delivery.row["message_id"], body, secrets, at)
    return network.post(str(service.webhook_url), body, {**_HEADERS, **signed})
