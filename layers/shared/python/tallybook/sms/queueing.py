"""Queueing an SMS: written with the change that causes it, sent by a worker afterwards."""

from collections.abc import Mapping
from datetime import datetime

from tallybook.authors import By
from tallybook.history.entries import entry
from tallybook.ids import new_id
from tallybook.sms.mapping import key
from tallybook.sms.records import SmsRecord
from tallybook.sms.rules import segments
from tallybook.table import absent
from tallybook.transactions import Transaction


def queue(
    transaction: Transaction,
    client_id: str,
    *,
    to: str,
    body: str,
    at: datetime,
    contact_id: str | None = None,
    by: By | None = None,
    reminds: Mapping[str, str] | None = None,
) -> str:
    """Add an SMS and its entry in the client's history: two actions. Returns its id.

    `to` is a number as E.164; `by` None: the system. The one who sends it asks again whether the
    client is active. `reminds`: see `mail.queueing.Mail`.
    """
    sms_id = new_id(at)
    row = {
        "to": to,
        "body": body,
        "status": "queued",
        "segments": segments(body),
        "by": by.model_dump() if by else None,
        "contact_id": contact_id,
    }
    known = dict(reminds) if reminds else None
    record = SmsRecord(*key(client_id, sms_id), row=row, reminds=known, version=1)
    told = {"direction": "outbound", "to": to, "contact_id": contact_id, "sms_id": sms_id}
    transaction.put(record, absent(SmsRecord))
    transaction.put(entry(client_id, "sms", at=at, by=by, text=body, entry_id=sms_id, **told))
    return sms_id
