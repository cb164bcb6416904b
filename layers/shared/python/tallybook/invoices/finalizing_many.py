"""Finalizing many drafts: blocks of numbers, and as many invoices in a transaction as fit.

One transaction for each invoice would be as many writes of the series' one item, each in the way of
the next. A pack takes a block of numbers at once: ten thousand drafts of ten thousand clients are
some seven hundred writes. What fails alone is told of; the rest of its pack goes on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import today
from tallybook.errors import (
    Busy,
    ClientNotFound,
    InvoiceNotFound,
    SeriesNumberTaken,
    TallybookError,
)
from tallybook.idempotency import AlreadyAnswered, Once
from tallybook.ids import is_ulid
from tallybook.invoices.finalizing import Finalized, block_for, prepare, sequences, write
from tallybook.invoices.mapping import key
from tallybook.invoices.models import FinalizeOutcome, InvoiceRef
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.sending import unasked
from tallybook.ledger.books import Key
from tallybook.ledger.closing import stays_open
from tallybook.ledger.posting import book
from tallybook.numbering import series
from tallybook.problems import problem_of
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings
from tallybook.settings.records import SettingsRecord
from tallybook.table import Item, find_all, read
from tallybook.transactions import MOST_ACTIONS, Transaction, fitting
from tallybook.versions import VersionChanged, until_unchanged

type Ref = tuple[str, str]
"""The ids of a client and of an invoice of its."""

MOST_READ = 20  # drafts of one client fill a transaction sooner: five actions each


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who finalizes, and when. Each invoice is finalized once for the `once` of a request."""

    by: By | None
    at: datetime
    once: Once | None = None

    def part(self, ref: Ref) -> Once | None:
        return self.once.part("/".join(ref)) if self.once and self.once.key else None


@dataclass
class _Read:
    """Some drafts, their clients and the settings, as read together."""

    settings: Settings
    today: date
    items: dict[Key, Item]
    clients: dict[str, ClientRecord] = field(default_factory=dict)
    recipients: dict[str, tuple[list[str], str | None]] = field(default_factory=dict)

    def client(self, client_id: str) -> ClientRecord:
        if client_id not in self.clients:
            item = self.items.get((f"CLIENT#{client_id}", "CLIENT"))
            if item is None or "removed_at" in item:
                raise ClientNotFound
            self.clients[client_id] = read(ClientRecord, item)
        return self.clients[client_id]

    def unasked(self, client_id: str) -> tuple[list[str], str | None]:
        """What `sending.unasked` says: one query for each client."""
        if client_id not in self.recipients:
            self.recipients[client_id] = unasked(self.client(client_id), self.settings)
        return self.recipients[client_id]

    def invoice(self, ref: Ref) -> InvoiceRecord:
        item = self.items.get(key(*ref))
        if item is None:
            raise InvoiceNotFound
        return read(InvoiceRecord, item)


@dataclass
class _Pack:
    """What one transaction finalizes, and how many actions it comes to."""

    block: series.Block
    actions: int = 2  # the series, and that the books stay open
    ready: dict[Ref, Finalized] = field(default_factory=dict)
    mailing: Transaction = field(default_factory=Transaction)
    seen: set[object] = field(default_factory=set)  # clients, and their months

    def takes(self, ref: Ref, one: Finalized, mail: Transaction, *, is_claimed: bool) -> bool:
        """Put the invoice into the pack, if there is room: the next number is its number."""
        client, month = ref[0], (ref[0], one.posting.currency, f"{one.issue_date:%Y-%m}")
        further = len({client, month} - self.seen)
        actions = 4 + one.opened + is_claimed + len(mail) + further
        if self.actions + actions > MOST_ACTIONS:
            return False
        self.actions += actions
        self.seen |= {client, month}
        self.ready[ref] = one
        self.mailing.extend(mail)
        return True


@dataclass
class _Work:
    """What waits, and what became of the rest."""

    run: Run
    waiting: list[Ref]
    outcomes: dict[Ref, FinalizeOutcome] = field(default_factory=dict)

    def settle(self, ref: Ref, number: str | None, error: TallybookError | None = None) -> None:
        client_id, invoice_id = ref
        self.outcomes[ref] = FinalizeOutcome(
            client_id=client_id,
            invoice_id=invoice_id,
            ok=error is None,
            number=number,
            code=error.code if error else None,
            detail=problem_of(error).detail if error else None,
        )


def finalize_many(refs: Sequence[InvoiceRef], run: Run) -> list[FinalizeOutcome]:
    """Finalize drafts of any clients; they get their numbers in this order. Says for each whether.

    For every pack one BatchGetItem and one transaction; a crash leaves whole packs. A pack that
    others keep out is halved, until what they hold is alone, and told of as `try_again`.
    """
    distinct = list(dict.fromkeys((each.client_id, each.invoice_id) for each in refs))
    work, most = _Work(run, distinct), MOST_READ
    while work.waiting:
        some = work.waiting[:most]
        try:
            until_unchanged(lambda: _finalize_some(work, some))  # noqa: B023 - called at once
        except Busy as error:
            if most == 1:
                work.settle(some[0], None, error)
            most = max(1, most // 2)
        else:
            most = MOST_READ
        work.waiting = [each for each in work.waiting if each not in work.outcomes]
    return [work.outcomes[each] for each in distinct]


def _finalize_some(work: _Work, refs: list[Ref]) -> None:
    """Finalize those of the first of `refs` that fit. Raises `VersionChanged` and `Busy`."""
    run, found = work.run, _look_up(refs, work.run.at)
    pack: _Pack | None = None
    for ref in refs[: fitting([found.items.get(key(*ref), {}) for ref in refs])]:
        try:
            client = found.client(ref[0])
            draft = found.invoice(ref)
            one = prepare(draft, client, found.settings, today=found.today, at=run.at)
            recipients = found.unasked(ref[0])
        except TallybookError as error:
            _settle_refused(work, ref, found, error)
            continue
        if pack is None:
            pack = _Pack(block_for(found.settings, one.issue_date, found.items, run.at))
        elif one.issue_date.year != pack.block.year:
            break  # another series, or another year in its number: the next pack begins with it
        one.numbered(pack.block.number(len(pack.ready)))
        mail = one.mailing(*recipients, run.at)
        if not pack.takes(ref, one, mail, is_claimed=run.part(ref) is not None):
            break
    if pack is not None:
        _commit(work, pack, found)


def _look_up(refs: list[Ref], at: datetime) -> _Read:
    """One BatchGetItem."""
    known = [ref for ref in refs if is_ulid(ref[0]) and is_ulid(ref[1])]  # else longer than a key
    clients = [(f"CLIENT#{client_id}", "CLIENT") for client_id, _ in known]
    keys = [SettingsRecord.KEY, *sequences(at), *clients, *(key(*ref) for ref in known)]
    items = {
        (item["pk"]["S"], item["sk"]["S"]): item
        for item in find_all(list(dict.fromkeys(keys)), consistent=True)
    }
    firm = items.get(SettingsRecord.KEY)
    settings = settings_store.remember(read(SettingsRecord, firm) if firm else None)
    return _Read(settings, today(at, settings.time_zone), items)


def _settle_refused(work: _Work, ref: Ref, found: _Read, error: TallybookError) -> None:
    """A draft that an earlier try of this request finalized is no failure."""
    try:
        if part := work.run.part(ref):
            part.recall()
    except AlreadyAnswered:
        work.settle(ref, found.invoice(ref).row["number"])
    else:
        work.settle(ref, None, error)


def _commit(work: _Work, pack: _Pack, found: _Read) -> None:
    transaction = _written(work.run, pack, found)
    try:
        transaction.commit()
    except (AlreadyAnswered, ClientNotFound):  # since it was read: reading it again tells whose
        raise VersionChanged from None
    except SeriesNumberTaken as error:
        for ref in pack.ready:
            work.settle(ref, None, error)
    else:
        for ref, one in pack.ready.items():
            work.settle(ref, one.after.row["number"])


def _written(run: Run, pack: _Pack, found: _Read) -> Transaction:
    """The transaction of a pack: 90 actions and more, where there is as much to do."""
    transaction, of_client = Transaction(), defaultdict[str, list[Finalized]](list)
    owners = {one.after.row["number"]: ref for ref, one in pack.ready.items()}
    series.take(transaction, pack.block, owners)
    for ref, one in pack.ready.items():
        if part := run.part(ref):
            part.claim(transaction, InvoiceRef(client_id=ref[0], invoice_id=ref[1]))
        write(transaction, one, by=run.by, at=run.at)
        of_client[ref[0]].append(one)
    transaction.extend(pack.mailing)
    earliest = min(one.issue_date for one in pack.ready.values())
    stays_open(transaction, earliest, found.settings, today=found.today)
    for client_id, some in of_client.items():
        book(
            transaction,
            found.client(client_id),
            [one.posting for one in some],
            at=run.at,
            opened=_opened(some),
            finalized=len(some),
        )
    return transaction


def _opened(some: Iterable[Finalized]) -> int:
    return sum(one.opened for one in some)
