"""What becomes of a service, and the delivery that tells it to the outside system: one transaction.

Deliveries of a service go out as their ids are ordered. So that none is ever made behind one that
has gone out, each is made together with a change of its service, which names the newest.
"""

import json
from datetime import datetime
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from tallybook import agenda
from tallybook.dates import timestamp
from tallybook.ids import derived_id, new_id, rest_of, time_of
from tallybook.services.kinds import WebhookEvent
from tallybook.services.records import DeliveryRecord, ServiceRecord, deliveries_of, ids_of
from tallybook.table import absent, differences, present, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed


def next_of(before: ServiceRecord, at: datetime) -> ServiceRecord:
    """The record to put in the place of `before`: a new version."""
    after = read(ServiceRecord, before.serialize())
    after.version, after.updated_at = int(before.version) + 1, timestamp(at)
    return after


def write(transaction: Transaction, before: ServiceRecord, after: ServiceRecord) -> None:
    """Add the change of a service: one action. Fails with `VersionChanged`."""
    transaction.update(before, differences(before, after), unchanged(before), version_changed)


def takes_webhooks(service: ServiceRecord) -> bool:
    return service.webhook_url is not None and service.switched_off is None


def tell(
    transaction: Transaction, service: ServiceRecord, event: WebhookEvent, at: datetime
) -> DeliveryRecord | None:
    """Add the delivery of an event to a service that is about to be written: one action or none.

    It says of the service what `service` says.
    """
    if not takes_webhooks(service):
        return None
    told = {"type": event, "timestamp": timestamp(at), "data": _content(service)}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return deliver(transaction, service, event, body, at)


def deliver(
    transaction: Transaction,
    service: ServiceRecord,
    event: str,
    body: str,
    at: datetime,
    *,
    again: str | None = None,
) -> DeliveryRecord:
    """Add a delivery behind the others, to be sent at once: one action.

    `again` is the message that it repeats, whose id goes out with it.
    """
    client_id, service_id = ids_of(service)
    delivery_id = _behind(service.last_delivery, at)
    service.last_delivery = delivery_id
    if service.agenda_sk is None:  # else others wait before it
        service.agenda_pk, service.agenda_sk = agenda.place("webhook", at, client_id, service_id)
    row = {
        "delivery_id": delivery_id,
        "message_id": again or delivery_id,
        "event": event,
        "status": "pending",
        "created_at": timestamp(at),
        "attempts": 0,
        "is_replay": again is not None,
    }
    place = f"{deliveries_of(service_id)}{delivery_id}"
    record = DeliveryRecord(service.pk, place, row=row, body=body, attempts=[])
    transaction.put(record, absent(DeliveryRecord))
    return record


def unchanged(service: ServiceRecord) -> Condition:
    """The condition that nobody has changed the service, or what waits to be sent, since."""
    condition: Condition = (
        present(ServiceRecord)
        & (ServiceRecord.version == service.version)
        & as_read(ServiceRecord.last_delivery, service.last_delivery)
        & as_read(ServiceRecord.agenda_sk, service.agenda_sk)
    )
    return condition


def as_read(attribute: UnicodeAttribute, value: str | None) -> Condition:
    condition: Condition = attribute.does_not_exist() if value is None else attribute == value
    return condition


def _behind(last: str | None, at: datetime) -> str:
    """An id behind the last one, also where the clocks of two functions differ."""
    made = new_id(at)
    if last is None or made > last:
        return made
    return derived_id(time_of(last), rest_of(last) + 1)


def _content(service: ServiceRecord) -> dict[str, Any]:
    client_id, service_id = ids_of(service)
    row, suspended = service.row, service.suspended or {}
    return {
        "client_id": client_id,
        "service_id": service_id,
        "name": row["name"],
        "reference": row.get("reference"),
        "status": row["status"],
        "reason": suspended.get("reason"),
        "note": suspended.get("note"),
        "paid_through": row.get("paid_through"),
    }
