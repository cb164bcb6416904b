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
_STYLE_SHOWS_IN = 16_384  # characters
_SEP = re.compile(r'"?sep=(.)"?[;,\t|]*\r?\n?', re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s;,|]+@[^@\s;,|]+\.[^@\s;,|]+")
_END_OF_FILE = "\x1a"  # as DOS ended a text, sometimes again and again
_NUMBER = re.compile(r"[\d\s.,:/+()%€$£-]*\d[\d\s.,:/+()%€$£-]*")


@dataclass(frozen=True)
class Record:
    line: int  # on which it begins
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        return not is_filled(self.cells)


@dataclass(frozen=True)
class Dialect:
    """`skip`: how many records, blank ones counted, come before the first of the data."""

    delimiter: str
    first_row: FirstRow
    skip: int
    header: Record | None
    data: list[Record]  # those of the head, without blank ones
    skip_space: bool  # quoted cells have a blank before them, which csv.reader has to skip

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


def is_filled(cells: list[str]) -> bool:
    return any(map(str.strip, cells)) and (len(cells) > 1 or bool(cells[0].strip(_END_OF_FILE)))


def find(head: str, *, whole: bool, delimiter: str = "auto", first_row: str = "auto") -> Dialect:
    """The dialect of the file whose text begins with `head`; `whole`: nothing follows."""
    sep = _SEP.match(head)
    named = sep.group(1) if sep and sep.group(0).endswith(("\n", "\r")) else None
    if delimiter == "auto":
        if named in DELIMITERS:
            delimiter = named or ""
        else:
            delimiter = max(DELIMITERS, key=lambda each: _fitness(_read(head, each, whole), each))
    skip_space = _skips_space(head, delimiter, whole)
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
        skip_space=skip_space,
    )


def _read(head: str, delimiter: str, whole: bool) -> list[Record]:
    skip_space = _skips_space(head, delimiter, whole)
    records = list(islice(_records(head, delimiter, skip_space=skip_space), _LOOKED_AT))
    is_cut = not whole and 1 < len(records) < _LOOKED_AT
    return records[:-1] if is_cut else records


def _skips_space(head: str, delimiter: str, whole: bool) -> bool:
    """Whether quoted cells stand after a blank, as in `"A", "B"`, and none makes no sense so."""
    start, a = head[:_STYLE_SHOWS_IN], re.escape(delimiter)
    quoted = rf'(^|[{a}\r\n])"[^"]*+(?:""[^"]*+)*+(?:"(?=[{a}\r\n])|"?\Z)'
    if not re.search(rf'{a} +"', re.sub(quoted, r"\1", start)):
        return False
    records = _records(head, delimiter, skip_space=True, strict=True)
    read = 0
    try:
        for _ in islice(records, _LOOKED_AT):
            read += 1
    except csv.Error as error:
        is_cut = not whole and str(error).startswith("unexpected end")
        return is_cut and 2 * read > sum(1 for _ in islice(_records(head, delimiter), _LOOKED_AT))
    return True


def _records(
    head: str, delimiter: str, *, skip_space: bool = False, strict: bool = False
) -> Iterator[Record]:
    source = io.StringIO(head, newline="")
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=skip_space, strict=strict)
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
    """Which record holds the headings: the one with most of them, else one unlike what follows.

    Above it are only records too narrow to be rows of the table: titles, dates, groups of headings.
    """
    filled = [i for i in range(first, len(records)) if not records[i].is_blank]
    if not filled:
        return None
    fills = Counter(_fill(records[i]) for i in filled)
    usual = max(fills, key=lambda fill: (fills[fill], fill))
    known: dict[int, int] = {}
    above = 0  # cells in the fullest record so far
    for i in (i for i in filled if i < first + _MOST_PREAMBLE):
        is_below_rows = 3 * above > 2 * usual and 2 * above > _fill(records[i])
        if is_below_rows and above > 2:  # two cells may be a title and its value
            break
        found = 0 if is_below_rows or not _may_be_header(records, i) else _known(records[i].cells)
        if found:
            known[i] = found
            if _begins_table(records, i, found, usual):
                break
        is_title = i == filled[0] and i not in known and filled[1:2] != [i + 1]
        above = max(above, 0 if is_title else _fill(records[i]))
    best = max(known, key=lambda i: (known[i], _width(records[i].cells)), default=None)
    if best is not None and (known[best] > 1 or _names_business(records[best].cells)):
        return best
    full = next(i for i in filled if 3 * _fill(records[i]) > 2 * usual)
    return full if forced or _is_unlike(records, full, filled) else None


def _begins_table(records: Sequence[Record], at: int, known: int, usual: int) -> bool:
    """Whether what follows headings are rows under them, not headings again."""
    fill = _fill(records[at])
    if fill < 2 or at + 1 == len(records) or _fill(records[at + 1]) != fill:
        return False
    return (known > 1 or fill >= usual) and _known(records[at + 1].cells) <= known


def _fill(record: Record) -> int:
    return sum(1 for cell in record.cells if cell.strip())


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
