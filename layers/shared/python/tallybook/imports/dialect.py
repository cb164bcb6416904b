"""How a file is laid out: what separates its cells, and whether and where it has headings.

Judged by the head of the file alone, read with each delimiter by the same csv.reader that reads
the whole, so that records are counted alike.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal

from tallybook.imports.headings import field_of, suggest

DELIMITERS = (",", ";", "\t", "|")
FirstRow = Literal["header", "data"]
_LOOKED_AT = 100  # records
_MOST_PREAMBLE = 30
_SEP = re.compile(r'"?sep=(.)"?[;,\t|]*\r?\n?', re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s;,|]+@[^@\s;,|]+\.[^@\s;,|]+")
_NUMBER = re.compile(r"[\d\s.,:/+()%€$£-]*\d[\d\s.,:/+()%€$£-]*")


@dataclass(frozen=True)
class Record:
    line: int  # on which it begins
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        return not any(map(str.strip, self.cells))


@dataclass(frozen=True)
class Dialect:
    """`skip`: how many records, blank ones counted, come before the first of the data."""

    delimiter: str
    first_row: FirstRow
    skip: int
    header: Record | None
    data: list[Record]  # those of the head, without blank ones

    @property
    def columns(self) -> int:
        """As many as most records have, the header at least, without empty ones at the end."""
        widths = [_width(record.cells) for record in self.data]
        usual = Counter(widths).most_common(1)[0][0] if widths else 0
        if self.header:
            return max(_width(self.header.cells), usual)
        return max(widths, default=0)

    def headings(self) -> list[str | None]:
        cells = self.header.cells if self.header else []
        return [_at(cells, column).strip() or None for column in range(self.columns)]

    def samples(self) -> list[str | None]:
        """The first cell of each column that is not empty."""
        found: list[str | None] = [None] * self.columns
        for record in self.data:
            for column, cell in enumerate(record.cells[: self.columns]):
                found[column] = found[column] or cell.strip() or None
        return found

    def suggestions(self) -> Sequence[str | None]:
        if self.header:
            return suggest([heading or "" for heading in self.headings()])
        suggested: list[str | None] = [None] * self.columns
        mails = [self._share_of_mails(column) for column in range(self.columns)]
        if mails and max(mails) > 0.5:
            suggested[mails.index(max(mails))] = "email"
        return suggested

    def _share_of_mails(self, column: int) -> float:
        cells = [cell for record in self.data if (cell := _at(record.cells, column).strip())]
        return sum(_ADDRESS.match(cell) is not None for cell in cells) / max(len(cells), 1)


def find(head: str, *, whole: bool, delimiter: str = "auto", first_row: str = "auto") -> Dialect:
    """The dialect of the file whose text begins with `head`; `whole`: nothing follows."""
    sep = _SEP.match(head)
    named = sep.group(1) if sep and sep.group(0).endswith(("\n", "\r")) else None
    if delimiter == "auto":
        if named in DELIMITERS:
            delimiter = named or ""
        else:
            delimiter = max(DELIMITERS, key=lambda each: _fitness(_read(head, each, whole), each))
    records = _read(head, delimiter, whole)
    first = 1 if named else 0  # Excel's line is no data, whoever chose the delimiter
    header = None if first_row == "data" else _header(records, first, forced=first_row == "header")
    skip = first if header is None else header + 1
    return Dialect(
        delimiter=delimiter,
        first_row="data" if header is None else "header",
        skip=skip,
        header=None if header is None else records[header],
        data=[record for record in records[skip:] if not record.is_blank],
    )


def _read(head: str, delimiter: str, whole: bool) -> list[Record]:
    records = list(islice(_records(head, delimiter), _LOOKED_AT))
    is_cut = not whole and 1 < len(records) < _LOOKED_AT
    return records[:-1] if is_cut else records


def _records(head: str, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    line = 1
    for cells in reader:
        yield Record(line, cells)
        line = reader.line_num + 1


def _fitness(records: Sequence[Record], delimiter: str) -> float:
    """How well `delimiter` explains the records: headings it brings out, then regularity."""
    filled = [record.cells for record in records if not record.is_blank]
    widths = Counter(len(cells) for cells in filled if len(cells) > 1)
    headings = max((_known(cells) for cells in filled[:_MOST_PREAMBLE]), default=0)
    if not widths:
        return headings
    width, regular = widths.most_common(1)[0]
    share = regular / len(filled)
    doubt = _share_in_cells([cells for cells in filled if len(cells) > 1], delimiter)
    return 2 * headings + share * (1 - doubt / 2) + 0.1 * share * (1 - doubt) * min(width, 12)


def _share_in_cells(records: Sequence[Sequence[str]], delimiter: str) -> float:
    """How many of the delimiters look as if they were part of a cell.

    A decimal comma, a comma or semicolon with a space after it, a list of e-mail addresses.
    """
    if delimiter == "\t":
        return 0
    pairs = [pair for cells in records for pair in pairwise(cells)]
    inside = sum(
        (before[-1:].isdigit() and after[:1].isdigit())
        or (after.startswith(" ") and not after.isspace())
        or bool(_ADDRESS.fullmatch(before) and _ADDRESS.fullmatch(after))
        for before, after in pairs
    )
    return inside / len(pairs)


def _known(cells: Sequence[str]) -> int:
    return len({field for cell in cells[:1000] if (field := field_of(cell.strip()))})


def _header(records: Sequence[Record], first: int, *, forced: bool) -> int | None:
    """Which record holds the headings: the one with most of them, else one unlike what follows."""
    top = range(first, min(len(records), first + _MOST_PREAMBLE))
    known = {i: _known(records[i].cells) for i in top if _may_be_header(records, i)}
    best = max(known, key=lambda i: (known[i], _width(records[i].cells)), default=None)
    if best is not None and (known[best] > 1 or _names_business(records[best].cells)):
        return best
    filled = [i for i in range(first, len(records)) if not records[i].is_blank]
    if not filled:
        return None
    widths = Counter(_width(records[i].cells) for i in filled)
    usual = max(widths, key=lambda width: (widths[width], width))
    full = next(i for i in filled if _width(records[i].cells) >= usual)
    return full if forced or _is_unlike(records, full, filled) else None


def _may_be_header(records: Sequence[Record], at: int) -> bool:
    """Data may have "Company" in a column too, but then in many rows, or beside an address."""
    cells = records[at].cells
    if any("@" in cell for cell in cells):
        return False
    known = [(i, cell) for i, cell in enumerate(cells[:1000]) if field_of(cell.strip())]
    repeated = [i for i, cell in known if sum(_at(each.cells, i) == cell for each in records) > 2]
    return len(repeated) * 2 <= len(known)


def _names_business(cells: Sequence[str]) -> bool:
    return any(field_of(cell.strip()) == "business_name" for cell in cells[:1000])


def _is_unlike(records: Sequence[Record], at: int, filled: Sequence[int]) -> bool:
    """Whether a record with one known heading or none reads like headings over what follows."""
    cells = [cell.strip() for cell in records[at].cells[: _width(records[at].cells)]]
    below = [records[i].cells for i in filled if i > at]
    looks = all(cell and "@" not in cell and not _NUMBER.fullmatch(cell) for cell in cells)
    if not (looks and below and len(set(cells)) == len(cells)):
        return False
    if _known(cells) and _may_be_header(records, at):
        return True
    return any(_is_value(_at(row, column)) for row in below for column in range(len(cells)))


def _is_value(cell: str) -> bool:
    return "@" in cell or bool(_NUMBER.fullmatch(cell.strip()))


def _at(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _width(cells: Sequence[str]) -> int:
    """Without the empty cells at the end."""
    return next((i for i in range(len(cells), 0, -1) if cells[i - 1].strip()), 0)
