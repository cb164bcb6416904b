"""Cuts a file into chunks of whole records in one pass, and reads a chunk's bytes as records.

A chunk is a range of bytes that can be fetched and read by itself: it begins where a record
begins and ends where one ends, quoted line breaks included. Memory does not grow with the file.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from tallybook.imports import decoding, dialect
from tallybook.imports.bad_file import BadFile
from tallybook.imports.charsets import WIDE, errors_of
from tallybook.imports.decoding import Found
from tallybook.imports.dialect import DELIMITERS, is_filled
from tallybook.imports.layout import MOST_COLUMNS, Column, Layout, layout_of, shown
from tallybook.imports.lines import MOST_RECORD, Lines, Pieces, pieces

__all__ = [
    "CHUNK_BYTES",
    "CHUNK_ROWS",
    "DELIMITERS",
    "MOST_COLUMNS",
    "MOST_RECORD",
    "MOST_ROWS",
    "Chunk",
    "Column",
    "Layout",
    "Options",
    "Row",
    "Splitter",
    "read_rows",
    "split",
]

CHUNK_ROWS = 500
CHUNK_BYTES = 1024 * 1024
MOST_ROWS = 2_000_000  # that are filled
_MOST_RECORDS = 5 * MOST_ROWS  # with blank ones: ten million are read in some ten seconds
_PREVIEW_ROWS = 20
_PREVIEW_ROW = 20_000  # characters
_PREVIEW_CELL = 200
_AFTER_QUOTE = re.compile('(?<=") +')

csv.field_size_limit(MOST_RECORD)  # of the process: a cell may be as long as a record


@dataclass(frozen=True)
class Options:
    delimiter: str = "auto"
    first_row: str = "auto"  # or "header" or "data"
    encoding: str = "auto"


@dataclass(frozen=True)
class Chunk:
    number: int  # from 1
    start: int  # bytes from the start of the file
    end: int  # exclusive
    first_line: int  # of the line, from 1, that begins at `start`; or of the record
    rows: int  # that are not blank
    encoding: str


@dataclass(frozen=True)
class Row:
    line: int  # on which it begins, from 1; or its place among all records
    cells: list[str]


type Watch = Callable[[list[str]], None]


class Splitter:
    """Iterate once over its chunks. `rows` and `preview` are complete when that is done.

    `layout` is there from the start. Its encoding may change while the file is read: a file that
    begins in ASCII tells its encoding by its first accent. What was read before is the same in
    both.
    """

    def __init__(
        self,
        source: Pieces,
        options: Options,
        watch: Watch | None,
        *,
        by_record: bool,
        chunk_rows: int,
        chunk_bytes: int,
    ) -> None:
        head, whole = next(source)
        found = decoding.find(head, whole=whole, declared=options.encoding)
        text = _text(head, found)
        if whole and not text.strip():
            raise _empty()
        self._dialect = dialect.find(
            text, whole=whole, delimiter=options.delimiter, first_row=options.first_row
        )
        self._lines = Lines(chain([(head[found.bom :], whole)], source), found)
        self.layout = layout_of(self._dialect, found.codec, by_record=by_record)
        self.preview: list[Row] = []
        self.rows = 0
        self._watch = watch
        self._chunk_rows = chunk_rows
        self._chunk_bytes = chunk_bytes

    def __iter__(self) -> Iterator[Chunk]:
        lines = self._lines
        start, first_line, rows, number = lines.position, 1, 0, 0
        for record, line, cells in self._records():
            if record <= self._dialect.skip:
                start, first_line = lines.position, self._next(record)
                continue
            if is_filled(cells):
                rows += 1
                if self._watch:
                    self._watch(cells)
                if len(self.preview) < _PREVIEW_ROWS:
                    self._show(record if self.layout.by_record else line, cells)
            if rows == self._chunk_rows or lines.position - start >= self._chunk_bytes:
                if rows:
                    number += 1
                    yield self._chunk(number, start, first_line, rows)
                start, first_line, rows = lines.position, self._next(record), 0
        if rows:
            yield self._chunk(number + 1, start, first_line, rows)
        if self.rows == 0:
            raise _no_rows() if self.layout.header_line else _empty()

    def _records(self) -> Iterator[tuple[int, int, list[str]]]:
        return _records(self._lines, self._dialect.delimiter, skip_space=self._dialect.skip_space)

    def _next(self, record: int) -> int:
        if record > _MOST_RECORDS:
            raise _too_many_rows()
        return (record if self.layout.by_record else self._lines.line) + 1

    def _show(self, line: int, cells: list[str]) -> None:
        wanted = cells[: len(self.layout.columns)]
        longest = min(_PREVIEW_CELL, _PREVIEW_ROW // max(len(wanted), 1))
        self.preview.append(Row(line, [shown(cell, longest) for cell in wanted]))

    def _chunk(self, number: int, start: int, first_line: int, rows: int) -> Chunk:
        if self.layout.encoding != self._lines.codec:
            self.layout = replace(self.layout, encoding=self._lines.codec)
        self.rows += rows
        if self.rows > MOST_ROWS:
            raise _too_many_rows()
        return Chunk(number, start, self._lines.position, first_line, rows, self._lines.codec)


def split(
    blocks: Iterable[bytes],
    options: Options,
    *,
    watch: Watch | None = None,
    by_record: bool = False,
    chunk_rows: int = CHUNK_ROWS,
    chunk_bytes: int = CHUNK_BYTES,
) -> Splitter:
    """The chunks of the file that `blocks` are; `by_record`: lines are counted as records.

    `watch` sees the cells of every row that is not blank, on the way.
    Reads the head at once, the rest with the iteration. Both raise BadFile.
    """
    return Splitter(
        pieces(blocks),
        options,
        watch,
        by_record=by_record,
        chunk_rows=chunk_rows,
        chunk_bytes=chunk_bytes,
    )


def read_rows(
    content: bytes,
    *,
    encoding: str,
    delimiter: str,
    first_line: int,
    by_record: bool = False,
    skip_space: bool = False,
) -> Iterator[Row]:
    """The records of a chunk's bytes, without blank ones. A byte that is not in `encoding` is a
    surrogate in its cell.
    """
    lines = Lines(iter([(content, True)]), Found(encoding))
    for record, line, cells in _records(lines, delimiter, skip_space=skip_space):
        if is_filled(cells):
            yield Row(first_line - 1 + (record if by_record else line), cells)


def _records(
    lines: Lines, delimiter: str, *, skip_space: bool
) -> Iterator[tuple[int, int, list[str]]]:
    """Each record with its place and the line it begins on, both from 1."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=skip_space)
    for record, cells in enumerate(reader, 1):
        line = lines.record_line + 1
        if lines.line > line:
            _check_quotes(lines, delimiter, skip_space=skip_space)
        lines.record_ends()
        yield record, line, cells


def _check_quotes(lines: Lines, delimiter: str, *, skip_space: bool) -> None:
    """Whether a record of several lines is one: a stray quote ends where another cell begins."""
    text = (_AFTER_QUOTE.sub("", line) for line in lines.record())
    try:
        list(csv.reader(text, delimiter=delimiter, skipinitialspace=skip_space, strict=True))
    except csv.Error:
        raise lines.unclosed(f"ends by line {lines.line}, but text follows it") from None


def _text(head: bytes, found: Found) -> str:
    content = head[found.bom :]
    if found.codec in WIDE:
        content = content[: len(content) // 4 * 4]  # the head may end within a unit
    return content.decode(found.codec, errors_of(found.codec))


def _empty() -> BadFile:
    return BadFile("empty_file", "The file is empty. Check that the right file was chosen.")


def _no_rows() -> BadFile:
    return BadFile(
        "no_rows", "The file has headings and no rows below them. Check that it is complete."
    )


def _too_many_rows() -> BadFile:
    return BadFile(
        "too_many_rows",
        f"The file has more than {MOST_ROWS:,} rows, or more than {_MOST_RECORDS:,} with blank "
        "ones. Split it into several files.",
    )
