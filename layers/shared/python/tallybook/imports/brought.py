"""Client numbers that a file brings along and that look like the firm's own."""

from tallybook.clients.rules import sequence_of
from tallybook.imports.cells import text_of
from tallybook.imports.splitting import MOST_COLUMNS


class Brought:
    """The highest such number in each column, of the rows that it sees.

    Numbers that are given to other rows have to lie behind it, whichever is imported first. Which
    column holds numbers may be said only when the file has been read.
    """

    def __init__(self, pattern: str) -> None:
        # The guards of numbers do not tell capitals apart, so neither does this.
        self._pattern = pattern.casefold()
        self._begin = self._pattern.partition("{")[0]
        first = self._begin[:1] or "0123456789"
        self._firsts = frozenset(first + first.upper() + "='" + " \t\N{NO-BREAK SPACE}")
        self._highest: dict[int, int] = {}

    def see(self, cells: list[str]) -> None:
        for column, cell in enumerate(cells[:MOST_COLUMNS]):
            if cell[:1] not in self._firsts:  # by far the most
                continue
            text = text_of(cell).casefold()
            if text.startswith(self._begin) and (self._begin or text[:1].isdigit()):
                number = sequence_of(self._pattern, text) or 0
                if number > self._highest.get(column, 0):
                    self._highest[column] = number

    @property
    def highest(self) -> dict[str, int]:
        return {str(column): number for column, number in self._highest.items()}
