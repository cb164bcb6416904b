"""Client numbers that a file brings along and that look like the firm's own."""

from tallybook.clients.rules import sequence_of


class Brought:
    """The highest such number in each column, of the rows that it sees.

    Numbers that are given to other rows have to lie behind it, whichever is imported first. Which
    column holds numbers may be said only when the file has been read.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._begin = pattern.partition("{")[0]
        self._highest: dict[int, int] = {}

    def see(self, cells: list[str]) -> None:
        begin = self._begin
        for column, cell in enumerate(cells):
            if cell.startswith(begin) and (begin or cell[:1].isdigit()):
                number = sequence_of(self._pattern, cell.strip()) or 0
                if number > self._highest.get(column, 0):
                    self._highest[column] = number

    @property
    def highest(self) -> dict[str, int]:
        return {str(column): number for column, number in self._highest.items()}
