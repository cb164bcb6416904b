"""Between services and deliveries that the API knows and their items in the table."""

import json
from datetime import date, datetime
from typing import Any

from tallybook.authors import By
from tallybook.models import trusted
from tallybook.services.models import (
    Attempt,
    Delivery,
    DeliveryRow,
    Service,
    ServiceSuspension,
    WebhookState,
)
from tallybook.services.records import DeliveryRecord, ServiceRecord, ids_of
from tallybook.table import Item, decode


def to_service(record: ServiceRecord) -> Service:
    client_id, service_id = ids_of(record)
    row = record.row
    return Service.model_construct(
        service_id=service_id,
        client_id=client_id,
        name=row["name"],
        reference=row.get("reference"),
        status=row["status"],
        suspended=_suspension(record.suspended),
        webhook_url=record.webhook_url,
        webhook=_state(record),
        paid_through=_day(row.get("paid_through")),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def entered(record: ServiceRecord) -> dict[str, Any]:
    """What was entered of the service, as a patch is merged into it."""
    row = record.row
    return {
        "name": row["name"],
        "reference": row.get("reference"),
        "webhook_url": record.webhook_url,
        "paid_through": row.get("paid_through"),
    }


def to_delivery(record: DeliveryRecord, client_id: str, service_id: str) -> Delivery:
    attempts = [
        trusted(
            Attempt,
            {
                "at": datetime.fromisoformat(each["at"]),
                "status": each.get("status"),
                "error": each.get("error"),
                "answer": each.get("answer"),
                "milliseconds": each["milliseconds"],
            },
        )
        for each in record.attempts
    ]
    shown = _shown(record.row)
    return Delivery.model_construct(
        **shown | {"attempts": attempts},
        client_id=client_id,
        service_id=service_id,
        payload=json.loads(record.body),
    )


def to_row(item: Item) -> DeliveryRow:
    return DeliveryRow.model_construct(**_shown(decode(item["row"])))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "delivery_id": row["delivery_id"],
        "message_id": row["message_id"],
        "event": row["event"],
        "status": row["status"],
        "attempts": row["attempts"],
        "is_replay": row["is_replay"],
        "created_at": datetime.fromisoformat(row["created_at"]),
        "ended_at": _moment(row.get("ended_at")),
    }


def _suspension(stored: dict[str, Any] | None) -> ServiceSuspension | None:
    if stored is None:
        return None
    return ServiceSuspension.model_construct(
        at=datetime.fromisoformat(stored["at"]),
        by=By.model_construct(**stored["by"]) if "by" in stored else None,
        reason=stored["reason"],
        note=stored.get("note"),
        invoice_ids=stored["invoice_ids"],
    )


def _state(record: ServiceRecord) -> WebhookState:
    moment = record.agenda_sk.partition("#")[0] if record.agenda_sk else None
    return WebhookState.model_construct(
        next_attempt_at=_moment(moment),
        failing_since=_moment((record.trouble or {}).get("since")),
        switched_off_at=_moment((record.switched_off or {}).get("at")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
