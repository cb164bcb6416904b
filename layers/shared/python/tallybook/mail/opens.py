"""Opens of mails, counted. A load that looks like a machine's is counted apart (PRODUCT.md E3)."""

from datetime import datetime, timedelta

from pynamodb.expressions.operand import Path

from tallybook.claims import Lost
from tallybook.dates import timestamp
from tallybook.mail.queueing import key
from tallybook.mail.records import EmailRecord
from tallybook.mail.rules import is_machine
from tallybook.mail.tracking import Forged, read
from tallybook.table import Item, present
from tallybook.transactions import Transaction

_TOO_SOON = timedelta(seconds=2)  # after a mail was sent, nobody has read it yet
_SENT, _OPENS, _FIRST, _MACHINES = (
    Path(["row", name]) for name in ("sent_at", "opens", "first_opened_at", "machine_opens")
)


def opened(token: str, *, by: str, at: datetime) -> str:
    """Count a load of the image. `by` is the program that loaded it. Returns what it was taken for.

    One write, no read; a second one when the mail had only just left.
    """
    try:
        client_id, email_id = read(token)
    except Forged:
        return "forged"
    record = EmailRecord(*key(client_id, email_id))
    if not is_machine(by) and _count_open(record, at):
        return "open"
    return "machine" if _count_machine(record) else "gone"


def _count_open(record: EmailRecord, at: datetime) -> bool:
    transaction = Transaction()
    condition = present(EmailRecord) & (timestamp(at - _TOO_SOON) > _SENT)
    actions = [_OPENS.set((_OPENS | 0) + 1), _FIRST.set(_FIRST | timestamp(at))]
    transaction.update(record, actions, condition, _not_counted)
    return _is_written(transaction)


def _count_machine(record: EmailRecord) -> bool:
    transaction = Transaction()
    actions = [_MACHINES.set((_MACHINES | 0) + 1)]
    transaction.update(record, actions, present(EmailRecord), _not_counted)
    return _is_written(transaction)


def _is_written(transaction: Transaction) -> bool:
    try:
        transaction.commit()
    except Lost:
        return False
    return True


def _not_counted(_: Item) -> Lost:
    return Lost()
