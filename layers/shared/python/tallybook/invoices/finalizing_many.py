"""Finalizing many drafts, a pack at a time. What fails alone is told of; the rest goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tallybook.authors import By
from tallybook.errors import (
    Busy,
    ClientNotFound,
    InvoiceNotFound,
    SeriesNumberTaken,
    TallybookError,
)
from tallybook.idempotency import AlreadyAnswered, Once
from tallybook.ids import is_ulid
from tallybook.invoices.finalizing import prepare
from tallybook.invoices.mapping import key
from tallybook.invoices.models import FinalizeOutcome, InvoiceRef
from tallybook.invoices.packing import Gathered, Pack, gather
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.sending import unasked
from tallybook.problems import problem_of
from tallybook.table import read
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
    known = [ref for ref in refs if is_ulid(ref[0]) and is_ulid(ref[1])]  # else longer than a key
    found = gather((ref[0] for ref in known), (key(*ref) for ref in known), work.run.at)
    pack = Pack(found)
    recipients: dict[str, tuple[list[str], str | None]] = {}  # one query for each client
    for ref in refs:
        try:
            client = found.client(ref[0])
            draft = _invoice(found, ref)
            one = prepare(draft, client, found.settings, today=found.today, at=work.run.at)
            if ref[0] not in recipients:
                recipients[ref[0]] = unasked(client, found.settings)
        except TallybookError as error:
            _settle_refused(work, ref, found, error)
            continue
        if not pack.numbers(one):
            break
        also = one.mailing(*recipients[ref[0]], work.run.at)
        if part := work.run.part(ref):
            part.claim(also, InvoiceRef(client_id=ref[0], invoice_id=ref[1]))
        if not pack.takes(one, also):
            break
    if pack.ready:
        _commit(work, pack)


def _invoice(found: Gathered, ref: Ref) -> InvoiceRecord:
    item = found.items.get(key(*ref))
    if item is None:
        raise InvoiceNotFound
    return read(InvoiceRecord, item)


def _settle_refused(work: _Work, ref: Ref, found: Gathered, error: TallybookError) -> None:
    """A draft that an earlier try of this request finalized is no failure."""
    try:
        if part := work.run.part(ref):
            part.recall()
    except AlreadyAnswered:
        work.settle(ref, _invoice(found, ref).row["number"])
    else:
        work.settle(ref, None, error)


def _commit(work: _Work, pack: Pack) -> None:
    try:
        pack.written(by=work.run.by).commit()
    except (AlreadyAnswered, ClientNotFound):  # since it was read: reading it again tells whose
        raise VersionChanged from None
    except SeriesNumberTaken as error:
        for one in pack.ready:
            work.settle((one.client_id, one.invoice_id), None, error)
    else:
        for one in pack.ready:
            work.settle((one.client_id, one.invoice_id), one.number)
