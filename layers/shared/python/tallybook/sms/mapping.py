"""Between the SMS that the API knows and the SMS in the table."""

from datetime import datetime

from tallybook import claims
from tallybook.authors import By
from tallybook.ids import time_of
from tallybook.sms.models import Sms
from tallybook.sms.records import SmsRecord

PREFIX = "SMS#"


def key(client_id: str, sms_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"SMS#{sms_id}"


def to_sms(record: SmsRecord, at: datetime) -> Sms:
    """The SMS as it is at `at`: what a worker left half-way long ago is unknown."""
    row, sms_id = record.row, record.sk.removeprefix(PREFIX)
    return Sms.model_construct(
        sms_id=sms_id,
        to=row["to"],
        segments=row["segments"],
        body=row["body"],
        status="unknown" if claims.is_over(row, at) else row["status"],
        held_at=_moment(row.get("held_at")),
        failure=row.get("failure"),
        by=By.model_construct(**row["by"]) if row.get("by") else None,
        created_at=time_of(sms_id),
        sent_at=_moment(row.get("sent_at")),
        version=int(record.version),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
