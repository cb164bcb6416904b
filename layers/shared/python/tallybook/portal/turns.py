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
    """Another mail is giving this user a password, or the user is going. Try again soon."""


@contextmanager
def turn(address: str, whose: str, *, at: datetime) -> Iterator[None]:
    """Inside, nobody else makes, changes or deletes the user with this address, or lets them in.

    `whose` is the id of the mail that invites, or a new one. Raises `NotYourTurn`. Who dies leaves
    the turn behind: the same mail takes it up again at once, others after a while.
    """
    until = at + LEASE
    record = PasswordTurnRecord(
        f"PASSWORDTURN#{folded(address)}",
        "PASSWORDTURN",
        whose=whose,
        until=timestamp(until),
        ttl=int(until.timestamp()),
    )
    is_mine = PasswordTurnRecord.whose == whose
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
    is_mine = PasswordTurnRecord.whose == record.whose
    transaction.delete(record, is_mine, _not_yours)
    with suppress(NotYourTurn):  # it took too long, and another came
        transaction.commit()


def _not_yours(_: Item) -> NotYourTurn:
    return NotYourTurn()
