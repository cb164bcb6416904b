"""Looking at a client: whatever is due is done, one thing after another, and the next look planned.

Each thing is one transaction that changes what was read, on the condition that it is as it was
read; then all is read anew. So a crash, a second worker or somebody's change in between leaves a
thing done or not done, and never done twice.
"""

from datetime import datetime
from time import monotonic

from tallybook import agenda
from tallybook.chasing import doing, sending
from tallybook.chasing.seeing import Seen, see
from tallybook.clients import attention
from tallybook.errors import Busy, ClientNotFound
from tallybook.promises.standing import conclude
from tallybook.services.switching import is_stopped_for_non_payment
from tallybook.settings.rules import sends_at
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged
from tallybook.workflows import rules

_LONGEST = 9.0  # seconds: a message holds ten clients, and the function has two minutes


def look(client_id: str, at: datetime) -> int:
    """Do what is due for the client at `at`; returns how many things that were.

    Raises `Busy` when there is more to do than the time is for: the rest is still due.
    """
    begun, done = monotonic(), 0
    try:
        while until_unchanged(lambda: _step(client_id, at)):
            done += 1
            if monotonic() - begun > _LONGEST:
                raise Busy
    except ClientNotFound:
        return done  # deleted: nobody is left to look at
    return done


def _step(client_id: str, at: datetime) -> bool:
    """Do the first thing that is due; False: nothing was, and the next look is planned."""
    seen = see(client_id, at)
    opens = sends_at(seen.settings.sending, seen.settings.time_zone, at)
    if seen.promises.ended:
        conclude(seen.client, seen.promises.ended[0], today=seen.today, at=at)
    elif _may_have_services_back(seen):
        doing.reinstate(seen)
    elif _may_post(seen) and opens == at:
        sending.send(seen, seen.waiting[0])
    elif found := rules.due(seen.situation, seen.today, may_send=opens == at or seen.is_suspended):
        doing.do(seen, found[0])
    else:
        _plan(seen, opens)
        return False
    return True


def _may_have_services_back(seen: Seen) -> bool:
    """Whether services were suspended for what is paid by now: no invoice is overdue."""
    is_overdue = any(each.due_date < seen.today for each in seen.situation.receivables)
    return not is_overdue and any(is_stopped_for_non_payment(each) for each in seen.services)


def _may_post(seen: Seen) -> bool:
    """Whether invoices wait for the hours at which the firm sends: not while it is suspended."""
    return bool(seen.waiting) and not seen.is_suspended


def _plan(seen: Seen, opens: datetime) -> None:
    """Have the client looked at again when the next thing falls due."""
    moments = []
    if day := rules.next_day(seen.situation, seen.today):
        moments.append(agenda.start_of(day, seen.settings.time_zone))
    if opens > seen.at and (_may_post(seen) or _has_messages(seen)):
        moments.append(opens)
    transaction = Transaction()
    attention.look_again(transaction, seen.client, min(moments, default=None))
    transaction.commit()


def _has_messages(seen: Seen) -> bool:
    """Whether reminders wait for the hours at which the firm sends."""
    return bool(rules.due(seen.situation, seen.today, may_send=True))
