"""Taking in a message, exactly once: into its client's history, or into the inbox."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from tallybook.clients.records import ClientRecord, is_there
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.ids import derived_id
from tallybook.inbound.messages import Message
from tallybook.inbound.records import InboxRecord, ReceivedRecord
from tallybook.inbound.senders import Sender, senders
from tallybook.table import Item, absent
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

# Longer than anything tells of a message again; by then its own id stands in the way.
_REMEMBERED = timedelta(days=90)
_SPAM_LASTS = timedelta(days=30)
_MOST_CANDIDATES = 20


class TakenIn(Exception):
    """The message was taken in before."""


def take_in(message: Message, *, now: datetime) -> dict[str, object]:
    """File the message, and say where.

    Under the one client that it is from; in the inbox when it is from none or several, or is not
    to be trusted. One transaction: a message that was taken in before changes nothing, also when it
    would be another's by now or was dealt with in the inbox.
    """
    message_id = derived_id(message.at, int(_hash(message.source)[:20], 16))

    def attempt() -> dict[str, object]:
        found = senders(message.sender) if message.sender else []
        one = found[0] if message.trusted and len(found) == 1 else None
        transaction = Transaction()
        transaction.put(_received(message, message_id, now), absent(ReceivedRecord), _taken_in)
        if one:
            _file(transaction, message, message_id, one)
        else:
            waiting = _waiting(message, message_id, found, now)
            transaction.put(waiting, absent(InboxRecord), _taken_in)
        transaction.commit()
        return {"message_id": message_id, "candidates": len(found), "client_id": one and one[0]}

    try:
        return until_unchanged(attempt)
    except TakenIn:
        return {"message_id": message_id, "known": True}


def event_of(kind: str) -> str:
    """The event of a message that was filed under its client: "email.received"."""
    return f"{kind}.received"


def _file(transaction: Transaction, message: Message, message_id: str, sender: Sender) -> None:
    client_id, contact_id = sender
    client = ClientRecord(f"CLIENT#{client_id}", "CLIENT")
    transaction.check(client, is_there(), version_changed)  # else it is nobody's by now
    filed = entry(
        client_id,
        message.kind,
        at=message.at,
        text=message.text,
        event=event_of(message.kind),
        entry_id=message_id,
        contact_id=contact_id,
        **message.details,
    )
    transaction.put(filed, absent(HistoryRecord), _taken_in)


def _waiting(message: Message, message_id: str, found: list[Sender], now: datetime) -> InboxRecord:
    row: dict[str, Any] = {
        "kind": message.kind,
        "from": message.sender,
        "from_name": message.details.get("from_name"),
        "subject": message.details.get("subject"),
        "excerpt": message.excerpt,
        "candidates": [
            {"client_id": client_id, "contact_id": contact_id}
            for client_id, contact_id in found[:_MOST_CANDIDATES]
        ],
        "attachments": len(message.details.get("attachments", [])),
        "at": timestamp(message.at),
        "marks": sorted(name for name, is_marked in message.marks.items() if is_marked),
    }
    is_spam = message.marks.get("spam") or message.marks.get("virus")
    return InboxRecord(
        f"INBOX#{message_id}",
        "INBOX",
        listing_pk="INBOX",
        listing_sk=message_id,
        row=row,
        text=message.text,
        details=message.details,
        version=1,
        ttl=int((now + _SPAM_LASTS).timestamp()) if is_spam else None,
    )


def _received(message: Message, message_id: str, now: datetime) -> ReceivedRecord:
    return ReceivedRecord(
        f"RECEIVED#{_hash(message.kind + message.source)}",
        "RECEIVED",
        message_id=message_id,
        ttl=int((now + _REMEMBERED).timestamp()),
    )


def _taken_in(_: Item) -> TakenIn:
    return TakenIn()


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:40]
