"""Reminders whose client was suspended before they left: taken back, for staff to decide about.

The steps that sent them are due again. So whoever looks at the client notes them as missed, as if
the suspension had come a moment earlier, and what staff want done later is checked anew.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pynamodb.expressions.operand import Path

from tallybook import claims
from tallybook.clients import attention
from tallybook.clients.records import ClientRecord, is_there
from tallybook.history.entries import entry
from tallybook.invoices.records import InvoiceRecord
from tallybook.mail.records import EmailRecord
from tallybook.sms.records import SmsRecord
from tallybook.table import decode, encode, find_all
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

_WHY = "Its client was suspended before it was sent."


def withdraw(record: EmailRecord | SmsRecord, *, at: datetime) -> bool:
    """Take back a reminder, unless its client is active by now: then False.

    One BatchGetItem and one transaction. Raises `claims.InHand` when a worker has it.
    """
    try:
        until_unchanged(lambda: _attempt(record, at))
    except claims.Lost:
        return False
    return True


def _attempt(record: EmailRecord | SmsRecord, at: datetime) -> None:
    kind, _, own_id = record.sk.partition("#")
    client_id = record.pk.removeprefix("CLIENT#")
    transaction, is_suspended = Transaction(), is_there() & ClientRecord.suspended.exists()
    client, wanted = ClientRecord(record.pk, "CLIENT"), attention.wanted(client_id, at)
    transaction.update(client, wanted, is_suspended, lambda _: claims.Lost("active"))
    for sk, mark in _marked(record, f"{kind.lower()}_id", own_id):
        sent = Path(["steps", mark, f"{kind.lower()}_id"])
        again = Path(["steps", mark]).set(encode({"what": "again"}))
        is_ours = sent == own_id
        transaction.update(InvoiceRecord(record.pk, sk), [again], is_ours, version_changed)
    claims.withdraw(transaction, record, at=at, failure=_WHY)
    text = "A reminder was not sent: the client was suspended"
    told: dict[str, Any] = {"invoice_ids": list(record.reminds), "what": "not sent"}
    transaction.put(entry(client_id, "invoice", at=at, text=text, **told))
    transaction.commit()


def _marked(record: EmailRecord | SmsRecord, name: str, own_id: str) -> Iterator[tuple[str, str]]:
    """The invoices, by their sort keys, that remember this reminder as what was sent."""
    keys = [(record.pk, f"INVOICE#{each}") for each in record.reminds]
    for item in find_all(keys, consistent=True):
        sk = item["sk"]["S"]
        mark = record.reminds[sk.partition("#")[2]]
        done = decode(item["steps"]).get(mark, {}) if "steps" in item else {}
        if done.get(name) == own_id:
            yield sk, mark
