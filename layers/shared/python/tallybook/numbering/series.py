"""Series of numbers without gaps: a number is taken in the transaction of the document it is for.

Nothing is reserved before and nothing is lost: a transaction that fails has taken no number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

from pynamodb.expressions.condition import Condition

from tallybook.errors import SeriesNumberTaken
from tallybook.numbering.records import NumberRecord
from tallybook.sequences import SequenceRecord
from tallybook.settings.models import Numbering
from tallybook.table import Item, absent, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

type Series = Literal["invoice", "credit_note", "estimate"]


@dataclass(frozen=True)
class Block:
    """Where a series stands, as read: `following` is its next running number."""

    series: Series
    pattern: str
    year: int
    key: tuple[str, str]
    following: int

    def number(self, place: int = 0) -> str:
        """The number that is `place` behind the next one: "INV-2026-00042"."""
        return self.pattern.format(year=self.year, seq=self.following + place)


def key(series: Series, numbering: Numbering, issued: date) -> tuple[str, str]:
    """The key of the series' sequence, to be read together with what is numbered."""
    name = f"{series}#{issued.year}" if numbering.yearly else series
    return f"SEQUENCE#{name}", "SEQUENCE"


def block(series: Series, numbering: Numbering, issued: date, item: Item | None) -> Block:
    """The series as it stands for documents of that date; `item` is what `key` led to."""
    pattern: str = getattr(numbering, series)
    following = int(read(SequenceRecord, item).next) if item else 1
    return Block(series, pattern, issued.year, key(series, numbering, issued), following)


def take(transaction: Transaction, taken: Block, owners: Mapping[str, tuple[str, str]]) -> None:
    """Take the next numbers for their owners: number → (client id, document id).

    1 + numbers actions. Fails with `VersionChanged` when somebody else was quicker, and with
    `SeriesNumberTaken` when another pattern made the same number before.
    """
    transaction.update(
        SequenceRecord(*taken.key),
        [SequenceRecord.next.set(taken.following + len(owners))],
        stands_at(taken.following),
        version_changed,
    )
    for number, (client_id, document_id) in owners.items():
        record = NumberRecord(
            f"NUMBER#{taken.series}#{number}",
            "NUMBER",
            client_id=client_id,
            document_id=document_id,
        )
        transaction.put(record, absent(NumberRecord), partial(_taken, taken.series, number))


def _taken(series: str, number: str, _: Item) -> SeriesNumberTaken:
    return SeriesNumberTaken(series, number)


def stands_at(seen: int) -> Condition:
    """The condition that the series' next running number is the one that was seen."""
    at: Condition = SequenceRecord.next == seen
    return at | absent(SequenceRecord) if seen == 1 else at
