"""Client numbers that a file brings along and that look like the firm's own."""

from tallybook.clients.rules import sequence_of
from tallybook.imports.splitting import Layout


class Brought:
    """The highest such number, by column, of the rows that it sees.

    Numbers that are given to other rows have to lie behind it, whichever is imported first.
    """

    def __init__(self, mapping: dict[str, str] | None, pattern: str) -> None:
        self._mapping, self._pattern = mapping, pattern
        self._column: int | None = None
        self._highest = 0

    def see(self, layout: Layout, cells: list[str]) -> None:
        if self._column is None:
            self._column = self._column_of(layout)
        if 0 <= self._column < len(cells) and (cell := cells[self._column].strip()):
            self._highest = max(self._highest, sequence_of(self._pattern, cell) or 0)

    @property
    def highest(self) -> dict[str, int]:
        return {str(self._column): self._highest} if self._highest else {}

    def _column_of(self, layout: Layout) -> int:
        """The column that numbers come from; -1 for none."""
        if self._mapping:
            return next((int(i) for i, field in self._mapping.items() if field == "number"), -1)
        return next((c.index for c in layout.columns if c.suggested_field == "number"), -1)
