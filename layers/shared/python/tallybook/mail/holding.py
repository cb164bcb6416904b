"""What is not sent while its client is suspended is put aside until the client is active again.

What waits for a client is one list, of HeldRecords: the stream tells `outbox` of an activation,
which then sends to work what it finds there.
"""

from datetime import datetime

from tallybook import claims
from tallybook.clients.records import ClientRecord, is_there
from tallybook.mail.records import EmailRecord, HeldRecord
from tallybook.mail.withdrawing import withdraw
from tallybook.sms.records import SmsRecord
from tallybook.table import Record
from tallybook.transactions import Transaction


def hold(record: EmailRecord | SmsRecord, *, via: str, at: datetime) -> bool:
    """Put aside a mail or SMS, unless its client is active by now: then False.

    `via` is the queue that it goes to afterwards. A reminder is taken back instead: it would say
    what may not be so any more. Raises `claims.InHand` when a worker has it.
    """
    if _is_held(record):
        return True
    if record.reminds:
        return withdraw(record, at=at)
    transaction = Transaction()
    is_suspended = is_there() & ClientRecord.suspended.exists()
    client = ClientRecord(record.pk, "CLIENT")
    transaction.check(client, is_suspended, lambda _: claims.Lost("active"))
    transaction.put(HeldRecord(*_place(record), via=via))
    claims.hold(transaction, record, at=at)
    try:
        transaction.commit()
    except claims.Lost:
        return False
    return True


def no_longer_held(record: Record) -> Transaction:
    """What goes with the claim of what was put aside; of anything else, nothing."""
    transaction = Transaction()
    if _is_held(record):
        transaction.delete(HeldRecord(*_place(record)))
    return transaction


def _is_held(record: Record) -> bool:
    return "held_at" in getattr(record, "row", {})


def _place(record: Record) -> tuple[str, str]:
    return record.pk, f"HELD#{record.sk}"
