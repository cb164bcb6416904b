"""What was told of a service, and telling it again."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.clients.presence import current_with
from tallybook.errors import DeliveryNotFound, DeliveryPending, NoWebhook, ServiceNotFound
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.listings import newest_below
from tallybook.services.mapping import to_delivery, to_row
from tallybook.services.models import Delivery, DeliveryRow
from tallybook.services.records import (
    DeliveryRecord,
    ServiceRecord,
    deliveries_of,
    ids_of,
    key,
)
from tallybook.services.store import current
from tallybook.services.telling import deliver, tell, write
from tallybook.table import read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def page(
    client_id: str, service_id: str, *, limit: int, after: str | None
) -> tuple[list[DeliveryRow], str | None]:
    """The newest deliveries behind the id `after`, and where the next page begins.

    A read and a query. Raises `ClientNotFound` and `ServiceNotFound`.
    """
    service = current(client_id, service_id)
    prefix = deliveries_of(service_id)
    items, position = newest_below(service.pk, prefix, limit=limit, after=after)
    return [to_row(item) for item in items], position


def get(client_id: str, service_id: str, delivery_id: str) -> Delivery:
    """Raises `ClientNotFound`, `ServiceNotFound` and `DeliveryNotFound`."""
    _, delivery = _current(client_id, service_id, delivery_id)
    return to_delivery(delivery, client_id, service_id)


def ping(client_id: str, service_id: str, *, by: By, at: datetime, once: Once) -> Delivery:
    """Tell how the service stands, to see whether it arrives; behind what waits already.

    Raises `ServiceNotFound` and `NoWebhook`.
    """

    def attempt() -> Delivery:
        service = current(client_id, service_id)
        return _sent(service, lambda out, to: tell(out, to, "webhook.ping", at), by, at, once)

    return until_unchanged(attempt)


def replay(
    client_id: str, service_id: str, delivery_id: str, *, by: By, at: datetime, once: Once
) -> Delivery:
    """Deliver the same message again, behind what waits already, with the same webhook-id.

    Raises `ServiceNotFound`, `DeliveryNotFound`, `DeliveryPending` and `NoWebhook`.
    """

    def attempt() -> Delivery:
        service, first = _current(client_id, service_id, delivery_id)
        row, body = first.row, first.body
        if row["status"] == "pending":
            raise DeliveryPending
        again = partial(deliver, event=row["event"], body=body, at=at, again=row["message_id"])
        return _sent(service, again, by, at, once)

    return until_unchanged(attempt)


def _sent(
    before: ServiceRecord,
    put: Callable[[Transaction, ServiceRecord], DeliveryRecord | None],
    by: By,
    at: datetime,
    once: Once,
) -> Delivery:
    """Add the delivery that `put` makes, once. The service itself stays as it is."""
    if before.webhook_url is None:
        raise NoWebhook("webhook_url: say where to send it first.")
    if before.switched_off is not None:
        raise NoWebhook("webhook_url: the address answered 410 Gone. Set it to switch it on.")
    client_id, service_id = ids_of(before)
    after, added = read(ServiceRecord, before.serialize()), Transaction()
    record = put(added, after)
    assert record  # noqa: S101 - it takes webhooks
    delivery = to_delivery(record, client_id, service_id)
    transaction = Transaction()
    once.claim(transaction, delivery)
    transaction.extend(added)
    write(transaction, before, after)
    presence.stays(transaction, client_id)
    told = {"service_id": service_id, "delivery_id": delivery.delivery_id}
    what = "again" if delivery.is_replay else "to test it"
    text = f"Sent the webhook {delivery.event} of {after.row['name']} {what}"
    transaction.put(entry(client_id, "client", at=at, by=by, text=text, **told))
    transaction.commit()
    return delivery


def _current(
    client_id: str, service_id: str, delivery_id: str
) -> tuple[ServiceRecord, DeliveryRecord]:
    """The service and its delivery. One BatchGetItem."""
    _, service_key = key(client_id, service_id)
    place = f"{deliveries_of(service_id)}{delivery_id}"
    asked = [service_key, place] if is_ulid(delivery_id) else [service_key]
    _, items = current_with(client_id, *(asked if is_ulid(service_id) else ()))
    if service_key not in items:
        raise ServiceNotFound
    if place not in items:
        raise DeliveryNotFound
    return read(ServiceRecord, items[service_key]), read(DeliveryRecord, items[place])
