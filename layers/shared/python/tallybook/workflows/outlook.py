"""What will happen with a client in the next days, if nobody pays and nobody changes anything."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from tallybook.chasing.seeing import Seen, receivable, see
from tallybook.contacts.recipients import of_papers
from tallybook.mail.rules import mailable
from tallybook.money import amount_text
from tallybook.promises.standing import Standing
from tallybook.workflows.ahead import Coming, Foreseen, Hours, Outset, PromiseEnd, Waiting, ahead
from tallybook.workflows.coming import coming
from tallybook.workflows.kinds import Situation
from tallybook.workflows.models import Outlook
from tallybook.workflows.telling import Teller

MOST_ITEMS = 500  # an answer has six megabytes at most, and a message names thirty invoices


def outlook(client_id: str, *, days: int, at: datetime) -> Outlook:
    """What will happen from now to the end of a day, today being the first of so many.

    Raises `ClientNotFound`. What it reads is what a look at the client reads, its recurring
    invoices, and each template of the firm's own.
    """
    seen = see(client_id, at)
    until = seen.today + timedelta(days=days - 1)
    runs, cut = coming(seen, until)
    foreseen = ahead(outset(seen, seen.situation, runs), cut or until)
    return told(foreseen, Teller(seen), cut or until, complete=cut is None)


def outset(seen: Seen, situation: Situation, runs: Sequence[Coming] = ()) -> Outset:
    """How everything stands now."""
    settings = seen.settings
    by_print = seen.client.invoicing_method == "print"
    to, _ = ([], []) if by_print else mailable(of_papers(seen.whom))
    return Outset(
        at=seen.at,
        situation=situation,
        hours=Hours(sending=settings.sending, time_zone=settings.time_zone),
        coming=runs,
        waiting=[
            Waiting(invoice_id=each.row["invoice_id"], to=to, receivable=receivable(each))
            for each in seen.waiting
            if each.row["status"] not in ("void", "written_off")
        ],
        promises=[*map(_end, seen.promises.pending), *map(_end, _broken(seen))],
        suspended=seen.is_suspended,
    )


def told(foreseen: Iterable[Foreseen], teller: Teller, until: date, *, complete: bool) -> Outlook:
    """What is told: up to the last day that is whole, or as much of the first as fits."""
    found = list(islice(foreseen, MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        last, complete = found[-1].day, False
        whole = [each for each in found if each.day < last]
        until = last - timedelta(days=1) if whole else last
        found = whole or found[:MOST_ITEMS]
    items = [teller.tell(each) for each in found]
    return Outlook.model_construct(until=until, complete=complete, items=items)


def _broken(seen: Seen) -> list[Standing]:
    """The promises whose day is over, which nobody has looked at since."""
    return [each for each in seen.promises.ended if each.status == "broken"]


def _end(standing: Standing) -> PromiseEnd:
    promised = standing.promised
    return PromiseEnd(
        promise_id=standing.record.row["promise_id"],
        day=promised.date + timedelta(days=1),
        currency=promised.currency,
        amount=amount_text(promised.amount, promised.currency),
        invoice_ids=sorted(promised.invoice_ids or ()),
    )
