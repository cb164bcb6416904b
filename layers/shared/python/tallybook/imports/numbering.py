"""Numbers for the clients of a chunk that bring none: taken once, and kept on the chunk.

A chunk that is worked on again gives the same numbers to the same lines.
"""

from collections.abc import Iterable

from tallybook.clients import numbers
from tallybook.clients.rules import number_text, sequence_of
from tallybook.imports.records import ChunkRecord
from tallybook.table import Item, decode
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, until_unchanged


class Numbers:
    """The numbers of one chunk, by line."""

    def __init__(self, chunk: ChunkRecord, pattern: str) -> None:
        self._chunk, self._pattern = chunk, pattern
        self._stored: dict[str, int] = chunk.numbers or {}
        self._kept = {int(line): number for line, number in self._stored.items()}
        self._passed = 0

    def kept(self, line: int) -> str | None:
        """The number that was given to a line."""
        number = self._kept.get(line)
        return None if number is None else number_text(self._pattern, number)

    def drop(self, line: int) -> None:
        """Another client proved to have the line's number."""
        self._kept.pop(line, None)

    def give(self, lines: Iterable[int]) -> None:
        """Give numbers to those of the lines that have none."""
        all_lines = list(lines)
        until_unchanged(lambda: self._take([n for n in all_lines if n not in self._kept]))

    def pass_by(self, brought: Iterable[str | None]) -> None:
        """Let the sequence go on behind numbers that rows bring along."""
        found = (sequence_of(self._pattern, number) for number in brought if number)
        highest = max((number for number in found if number is not None), default=0)
        if highest > self._passed:
            numbers.pass_by(highest)
            self._passed = highest

    def _take(self, lines: list[int]) -> None:
        """Move the sequence and note the numbers on the chunk, in one transaction."""
        if not lines:
            return
        free = numbers.free(self._pattern, len(lines))
        kept = self._kept | dict(zip(lines, free, strict=True))
        stored = {str(line): number for line, number in kept.items()}
        noted = ChunkRecord.numbers
        stands = noted == self._stored if self._stored else noted.does_not_exist()
        transaction = Transaction()
        following = numbers.take(transaction, free[-1])
        transaction.update(self._chunk, [noted.set(stored)], stands, self._learn)
        transaction.commit()
        numbers.remember(following)
        self._stored, self._kept = stored, kept

    def _learn(self, item: Item) -> VersionChanged:
        """Another worker is at the same chunk: its numbers count."""
        if "numbers" in item:
            self._stored = decode(item["numbers"])
            self._kept |= {int(line): number for line, number in self._stored.items()}
        return VersionChanged()
