"""Running recurring invoices: what is due is made, packed with that of others, each run once.

A transaction writes the invoices and moves their recurring invoices on, on the condition that these
are as they were read. So a run is made once, whoever else is at it; whatever a dead container or a
long outage left undone is due still, and is made with its own date.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active, stays_suspended
from tallybook.dates import timestamp
from tallybook.errors import (
    Busy,
    ClientNotFound,
    ClientSuspended,
    RecurringInvoiceDeleted,
    TallybookError,
)
from tallybook.invoices.packing import Gathered, Pack, gather
from tallybook.recurring.dealing import Dealer, ids, remembered
from tallybook.recurring.mapping import day_of, key, place, resume, resumed, run_of, schedule_of
from tallybook.recurring.records import RecurringRecord
from tallybook.recurring.rules import dates
from tallybook.table import decode, differences, read
from tallybook.transactions import Transaction, bytes_of
from tallybook.versions import VersionChanged, until_unchanged, version_changed

type Ref = tuple[str, str]
"""The ids of a client and of a recurring invoice of its."""

MOST_READ = 20  # recurring invoices: eight to fourteen invoices fill a transaction
_MOST_AHEAD = 30  # runs of one recurring invoice that are looked at: more than a pack takes


@dataclass
class _Work:
    """A recurring invoice as it was read, and as it becomes."""

    ref: Ref
    before: RecurringRecord
    after: RecurringRecord


def run(refs: Sequence[Ref], *, at: datetime) -> int:
    """Make everything that is due of these; how many runs that were.

    For every pack one BatchGetItem, a query for each client whose invoices are sent, and one
    transaction. A pack that fails is halved, so that what hinders one does not hinder the others;
    in the end it raises what hindered the first: `Busy`, or a fault of ours. Raises at once
    `SeriesNumberTaken` when the series gives numbers that it gave before: what is due waits.
    """
    waiting, most, done, new_ids = list(dict.fromkeys(refs)), MOST_READ, 0, ids(at)
    failed: list[Exception] = []
    while waiting:
        some = waiting[:most]
        try:
            runs, left = until_unchanged(lambda: _run_some(some, new_ids, at))  # noqa: B023
        except Exception as error:
            if isinstance(error, TallybookError) and not isinstance(error, Busy):
                raise
            if len(some) == 1:
                failed.append(error)
                waiting = waiting[1:]
            most = max(1, len(some) // 2)
            continue
        done, most = done + runs, MOST_READ
        waiting = [*left, *waiting[len(some) :]]
    if failed:
        raise failed[0]
    return done


def perform(
    client_id: str,
    recurring_id: str,
    *,
    period: date,
    issue_date: date,
    by: By | None,
    at: datetime,
    also: Transaction,
) -> str:
    """Make the invoice of a run that was missed; its id. One BatchGetItem and one transaction.

    `period` is the day on which it was missed. `also` is written with it: it may not be about the
    client itself, its months, or the settings. It is one attempt, to be called `until_unchanged`.
    Raises `VersionChanged`, `ClientNotFound`, `ClientSuspended`, `RecurringInvoiceDeleted`,
    `SeriesNumberTaken`, and `InvalidFields` when there can be no such invoice.
    """
    where = key(client_id, recurring_id)
    noted = (where[0], f"MISSED#{period}#recurring#{recurring_id}")
    found = gather([client_id], [where, noted], at)
    must_be_active(found.client(client_id))
    if where not in found.items:
        raise RecurringInvoiceDeleted
    record, pack = read(RecurringRecord, found.items[where]), Pack(found)
    if noted in found.items:
        due = remembered(decode(found.items[noted]["subject"]))
    else:  # whoever wants it done says so in `also`
        due = run_of(record, period, int(record.made))
    invoice_id = Dealer(at, ids(at)).make(pack, record, due, issue_date)
    if invoice_id is None:
        raise ValueError("An invoice alone does not fit into a transaction")
    transaction = pack.written(by=by, while_active=True)
    if not pack.ready:  # a draft: nothing is booked, which would say so
        stays_active(transaction, client_id)
    transaction.extend(also)
    transaction.commit()
    return invoice_id


def _run_some(refs: Sequence[Ref], new_ids: Iterator[str], at: datetime) -> tuple[int, list[Ref]]:
    """Make the first of what is due, as much as fits; how many runs, and what is not done yet."""
    found = gather((ref[0] for ref in refs), (key(*ref) for ref in refs), at)
    works = list(_works(refs, found))
    dealer, pack, runs = Dealer(at, new_ids), Pack(found), 0
    try:
        for day, work in sorted(_due(works, found.today), key=lambda each: each[0]):
            number = int(work.after.made) + 1
            if not dealer.make_or_miss(pack, work.after, run_of(work.after, day, number)):
                break
            work.after.last_date, work.after.made, runs = day.isoformat(), number, runs + 1
    except ClientNotFound:  # since it was read
        raise VersionChanged from None
    _commit(pack, works, at)
    return runs, [work.ref for work in works if next(_due([work], found.today), None)]


def _works(refs: Sequence[Ref], found: Gathered) -> Iterator[_Work]:
    """Those that are there. A pause that is over ends."""
    for ref in refs:
        item = found.items.get(key(*ref))
        client = found.items.get((f"CLIENT#{ref[0]}", "CLIENT"))
        if item is None or client is None or "removed_at" in client:
            continue
        before, after = read(RecurringRecord, item), read(RecurringRecord, item)
        until = resumed(after)
        if until and until <= found.today:
            resume(after, until, catch_up=after.paused["catch_up"])
        yield _Work(ref, before, after)


def _due(works: Iterable[_Work], today: date) -> Iterator[tuple[date, _Work]]:
    """The days that have come, each with what runs on it."""
    for work in works:
        record = work.after
        if record.paused:
            continue
        days = dates(schedule_of(record), day_of(record.last_date), int(record.made))
        for day in islice(days, _MOST_AHEAD):
            if day > today:
                break
            yield day, work


def _commit(pack: Pack, works: Iterable[_Work], at: datetime) -> None:
    """Write the pack, and move on what it is about, and what merely stood in a wrong place."""
    moved = [work for work in works if _moves(work, pack, at)]
    transaction = pack.written(by=None, while_active=True)
    for work in moved:
        is_as_read = RecurringRecord.version == work.before.version
        changes = differences(work.before, work.after)
        transaction.update(work.before, changes, is_as_read, version_changed)
    booked = {one.client_id for one in pack.ready}
    for client_id in sorted({work.ref[0] for work in moved} & pack.seen - booked):
        _stays_as_it_is(transaction, pack.found, client_id)
    try:
        transaction.commit()
    except (ClientNotFound, ClientSuspended):
        raise VersionChanged from None


def _moves(work: _Work, pack: Pack, at: datetime) -> bool:
    """Put it where it belongs now; whether that changes it, and there is room to say so."""
    place(work.after, pack.found.settings.time_zone)
    if not differences(work.before, work.after):
        return False
    work.after.version, work.after.updated_at = int(work.before.version) + 1, timestamp(at)
    own = (work.before.pk, work.before.sk)
    size = 0 if own in pack.seen else bytes_of(work.after.serialize())
    return pack.has_room(0, [own], size)


def _stays_as_it_is(transaction: Transaction, found: Gathered, client_id: str) -> None:
    """A run is missed while the client is suspended, and a draft made while it is not."""
    if found.client(client_id).suspended is None:
        stays_active(transaction, client_id)
    else:
        stays_suspended(transaction, client_id)
