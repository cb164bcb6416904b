"""Taking turns: two mails must not give the same portal user a password at the same time.

The later password ends the earlier one, so the later mail must be the one with the later password.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from tallybook.claims import LEASE
from tallybook.dates import timestamp
from tallybook.mail.rules import folded
from tallybook.portal.records import PasswordTurnRecord
from tallybook.table import Item, absent
from tallybook.transactions import Transaction


class NotYourTurn(Exception):
    """Another mail is giving this user a password. Try again soon."""


@contextmanager
def turn(address: str, email_id: str, *, at: datetime) -> Iterator[None]:
    """Inside, only this mail gives the user with this address a password. Raises `NotYourTurn`.

    Who dies leaves the turn behind: the same mail takes it up again at once, others after a while.
    """
    until = at + LEASE
    record = PasswordTurnRecord(
        f"PASSWORDTURN#{folded(address)}",
        "PASSWORDTURN",
        email_id=email_id,
        until=timestamp(until),
        ttl=int(until.timestamp()),
    )
    is_mine = PasswordTurnRecord.email_id == email_id
    is_over = PasswordTurnRecord.until < timestamp(at)
    transaction = Transaction()
    transaction.put(record, absent(PasswordTurnRecord) | is_mine | is_over, _not_yours)
    transaction.commit()
    try:
        yield
    except Exception:
        _give_back(record)
        raise
    _give_back(record)


def _give_back(record: PasswordTurnRecord) -> None:
    transaction = Transaction()
    is_mine = PasswordTurnRecord.email_id == record.email_id
    transaction.delete(record, is_mine, _not_yours)
    with suppress(NotYourTurn):  # it took too long, and another came
        transaction.commit()


def _not_yours(_: Item) -> NotYourTurn:
    return NotYourTurn()
