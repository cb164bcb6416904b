"""Between a message in the inbox and the message that the API knows."""

from datetime import datetime
from typing import Any

from tallybook.inbound.models import Candidate, InboxMessage, InboxRow
from tallybook.inbound.records import InboxRecord


def key(message_id: str) -> tuple[str, str]:
    return f"INBOX#{message_id}", "INBOX"


def to_row(message_id: str, row: dict[str, Any]) -> InboxRow:
    return InboxRow.model_construct(**_shown(message_id, row))


def to_message(message_id: str, record: InboxRecord) -> InboxMessage:
    return InboxMessage.model_construct(
        **_shown(message_id, record.row),
        text=record.text,
        details=record.details,
        version=int(record.version),
    )


def _shown(message_id: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "type": row["kind"],
        "sender": row.get("from"),
        "sender_name": row.get("from_name"),
        "subject": row.get("subject"),
        "excerpt": row["excerpt"],
        "candidates": [
            Candidate(client_id=each["client_id"], contact_id=each.get("contact_id"))
            for each in row["candidates"]
        ],
        "attachments": row["attachments"],
        "marks": row["marks"],
        "at": datetime.fromisoformat(row["at"]),
    }
