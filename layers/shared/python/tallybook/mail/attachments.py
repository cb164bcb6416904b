"""What a mail carries: papers of its client, named by what they show. They are made later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

type PaperName = Literal["invoice", "credit_note", "estimate", "receipt", "statement"]


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A paper: the id of what it shows; of a receipt, the payment's.

    A statement has the first and last of its days instead.
    """

    kind: PaperName
    id: str | None = None
    from_date: date | None = None
    to_date: date | None = None


def to_stored(attachment: Attachment) -> dict[str, str]:
    """{kind, id} or {kind, from, to}, as the mail's item has it."""
    known = {
        "kind": attachment.kind,
        "id": attachment.id,
        "from": attachment.from_date and attachment.from_date.isoformat(),
        "to": attachment.to_date and attachment.to_date.isoformat(),
    }
    return {name: value for name, value in known.items() if value}


def from_stored(stored: Mapping[str, Any]) -> Attachment:
    days = {name: stored.get(name) for name in ("from", "to")}
    from_date, to_date = (date.fromisoformat(day) if day else None for day in days.values())
    return Attachment(
        kind=stored["kind"], id=stored.get("id"), from_date=from_date, to_date=to_date
    )
