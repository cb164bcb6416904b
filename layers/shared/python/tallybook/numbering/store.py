"""How series of numbers stand, and where they begin."""

from datetime import datetime
from typing import get_args

from tallybook.dates import today
from tallybook.errors import NotFound, SeriesInUse
from tallybook.numbering.models import NextNumber, SeriesState
from tallybook.numbering.series import Block, Series, block, key, stands_at
from tallybook.sequences import SequenceRecord
from tallybook.settings import store as settings_store
from tallybook.settings.models import Numbering
from tallybook.table import find
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def get(series: str, *, at: datetime) -> SeriesState:
    """The series of this year, where numbers begin again each year. Raises `NotFound`."""
    numbering, found, record = _read(series, at)
    return _state(numbering, found, record)


def begin_at(series: str, wanted: NextNumber, *, at: datetime, if_match: str | None) -> SeriesState:
    """Say where a series begins that has given no number yet.

    Raises `NotFound`, `StaleVersion` and `SeriesInUse`.
    """

    def attempt() -> SeriesState:
        numbering, found, record = _read(series, at)
        must_match(if_match, etag(found.following))
        if _in_use(record):
            raise SeriesInUse
        after = SequenceRecord(*found.key, next=wanted.next, begun_at=wanted.next)
        transaction = Transaction()
        transaction.put(after, stands_at(found.following), version_changed)
        transaction.commit()
        begun = Block(found.series, found.pattern, found.year, found.key, wanted.next)
        return _state(numbering, begun, after)

    return until_unchanged(attempt)


def _read(series: str, at: datetime) -> tuple[Numbering, Block, SequenceRecord | None]:
    names: dict[str, Series] = {name: name for name in get_args(Series.__value__)}
    if series not in names:
        raise NotFound("There is no such series of numbers.")
    settings = settings_store.get()
    name, day = names[series], today(at, settings.time_zone)
    record = find(SequenceRecord, *key(name, settings.numbering, day))
    item = record.serialize() if record else None
    return settings.numbering, block(name, settings.numbering, day, item), record


def _in_use(record: SequenceRecord | None) -> bool:
    return record is not None and record.next != record.begun_at


def _state(numbering: Numbering, found: Block, record: SequenceRecord | None) -> SeriesState:
    return SeriesState(
        series=found.series,
        pattern=found.pattern,
        year=found.year if numbering.yearly else None,
        next=found.following,
        next_number=found.number(),
        in_use=_in_use(record),
    )
