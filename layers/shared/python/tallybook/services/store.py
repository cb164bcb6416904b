"""Services of a client: registered, changed and deleted by staff."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from tallybook import agenda
from tallybook.authors import By
from tallybook.clients import attention
from tallybook.clients.presence import current_with, of_client
from tallybook.dates import timestamp
from tallybook.errors import (
    ClientNotFound,
    ServiceNotFound,
    TooManyServices,
)
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.listings import newest_below
from tallybook.models import merged_into
from tallybook.services.mapping import entered, to_service
from tallybook.services.models import NewService, Service, ServicePatch
from tallybook.services.records import (
    PREFIX,
    DeliveryRecord,
    ServiceRecord,
    deliveries_of,
    ids_of,
    key,
)
from tallybook.services.telling import next_of, unchanged, write
from tallybook.table import Item, absent, query_all, query_prefix, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed

MOST = 100  # services of a client
_MOST_DELETED = 90  # deliveries in a transaction


def page(client_id: str, *, limit: int, after: str | None) -> tuple[list[Service], str | None]:
    """The newest services behind the id `after`, and where the next page begins. One query.

    Raises `ClientNotFound`.
    """
    look = partial(newest_below, f"CLIENT#{client_id}", PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_service(read(ServiceRecord, item)) for item in items], position


def get(client_id: str, service_id: str) -> Service:
    """Raises `ClientNotFound` and `ServiceNotFound`."""
    return to_service(current(client_id, service_id))


def create(client_id: str, new: NewService, *, by: By, at: datetime, once: Once) -> Service:
    """One query and one transaction. Raises `ClientNotFound` and `TooManyServices`."""
    if not is_ulid(client_id):
        raise ClientNotFound
    held, _ = query_prefix(f"CLIENT#{client_id}", PREFIX, ProjectionExpression="sk")
    if len(held) >= MOST:
        raise TooManyServices(MOST)
    service_id, made = new_id(at), timestamp(at)
    record = ServiceRecord(
        *key(client_id, service_id),
        row={"service_id": service_id, "status": "active", "created_at": made},
        secrets=[{"number": 1}],
        updated_at=made,
        version=1,
    )
    _enter(record, new)
    service = to_service(record)
    transaction = Transaction()
    once.claim(transaction, service)
    attention.want(transaction, client_id, at)
    transaction.put(record, absent(ServiceRecord))
    told = {"service_id": service_id, "name": new.name}
    text, event = f"Registered the service {new.name}", "service.created"
    transaction.put(entry(client_id, "client", at=at, by=by, text=text, event=event, **told))
    transaction.commit()
    return service


def change(
    client_id: str,
    service_id: str,
    patch: ServicePatch,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
) -> Service:
    """Merge `patch` into the service. What waits to be sent goes to a new address at once.

    Raises `ServiceNotFound`, `StaleVersion` and `InvalidFields`.
    """
    document = patch.model_dump(mode="json", exclude_unset=True)

    def attempt() -> Service:
        before = current(client_id, service_id)
        must_match(if_match, etag(int(before.version)))
        new = merged_into(NewService, entered(before), document)
        after = next_of(before, at)
        _enter(after, new)
        if "webhook_url" in document:
            _call_anew(after, at)
        names = [name for name, text in entered(after).items() if text != entered(before)[name]]
        if not names and after.switched_off == before.switched_off:
            return to_service(before)
        transaction = Transaction()
        write(transaction, before, after)
        attention.want(transaction, client_id, at)
        text = f"Service {new.name} changed: {', '.join(names) or 'webhook switched on'}"
        told = {"service_id": service_id, "name": new.name}
        transaction.put(entry(client_id, "client", at=at, by=by, text=text, **told))
        transaction.commit()
        return to_service(after)

    return until_unchanged(attempt)


def delete(client_id: str, service_id: str, *, by: By, at: datetime, if_match: str | None) -> None:
    """Delete the service with its deliveries; what was not delivered is told to nobody.

    A transaction for every ninety deliveries, the service with the last. Raises `ServiceNotFound`
    and `StaleVersion`.
    """

    def attempt() -> None:
        record = current(client_id, service_id)
        must_match(if_match, etag(int(record.version)))
        places = [
            item["sk"]["S"]
            for item in query_all(
                record.pk, deliveries_of(service_id), ProjectionExpression="sk", ConsistentRead=True
            )
        ]
        while len(places) > _MOST_DELETED:
            _deleted(record, [places.pop() for _ in range(_MOST_DELETED)]).commit()
        transaction = _deleted(record, places)
        transaction.delete(record, unchanged(record), version_changed)
        attention.want(transaction, client_id, at)
        told = {"service_id": service_id, "name": record.row["name"]}
        text, event = f"Deleted the service {record.row['name']}", "service.deleted"
        transaction.put(entry(client_id, "client", at=at, by=by, text=text, event=event, **told))
        transaction.commit()

    until_unchanged(attempt)


def current(client_id: str, service_id: str) -> ServiceRecord:
    """The service as it is. Raises `ClientNotFound` and `ServiceNotFound`."""
    sk = f"{PREFIX}{service_id}"
    _, items = current_with(client_id, *((sk,) if is_ulid(service_id) else ()))
    return found(items.get(sk))


def found(item: Item | None) -> ServiceRecord:
    """Raises `ServiceNotFound`."""
    if item is None:
        raise ServiceNotFound
    return read(ServiceRecord, item)


def _enter(record: ServiceRecord, new: NewService) -> None:
    record.row["name"] = new.name
    record.row["reference"] = new.reference
    record.row["paid_through"] = new.paid_through.isoformat() if new.paid_through else None
    record.webhook_url = new.webhook_url


def _call_anew(after: ServiceRecord, at: datetime) -> None:
    """What is known of the former address says nothing of this one; what waits is sent now."""
    after.switched_off = after.trouble = after.lease = None
    if after.agenda_sk is not None:
        after.agenda_pk, after.agenda_sk = agenda.place("webhook", at, *ids_of(after))


def _deleted(record: ServiceRecord, places: Sequence[str]) -> Transaction:
    transaction = Transaction()
    for place in places:
        transaction.delete(DeliveryRecord(record.pk, place))
    return transaction
