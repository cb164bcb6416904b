"""What is told of how a file is built, small enough to be kept beside its import."""

import re
from dataclasses import dataclass

from tallybook.imports.bad_file import BadFile
from tallybook.imports.dialect import Dialect, FirstRow

MOST_COLUMNS = 500
_LONGEST_SHOWN = 100
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Column:
    index: int
    header: str | None
    sample: str | None
    suggested_field: str | None


@dataclass(frozen=True)
class Layout:
    encoding: str
    delimiter: str
    first_row: FirstRow
    header_line: int | None
    columns: tuple[Column, ...]
    by_record: bool
    skip_space: bool = False


def layout_of(found: Dialect, encoding: str, *, by_record: bool) -> Layout:
    if found.columns > MOST_COLUMNS:
        line = (found.header or found.data[0]).line
        raise BadFile(
            "too_many_columns",
            f"Line {line} has more than {MOST_COLUMNS} columns, which cannot be read. "
            "Delete those that are not needed.",
        )
    described = zip(found.headings(), found.samples(), found.suggestions(), strict=True)
    columns = tuple(
        Column(
            index=index,
            header=header and shown(header, _LONGEST_SHOWN),
            sample=sample and shown(sample, _LONGEST_SHOWN),
            suggested_field=field,
        )
        for index, (header, sample, field) in enumerate(described)
    )
    header_line = None
    if found.header:
        header_line = found.skip if by_record else found.header.line
    return Layout(
        encoding,
        found.delimiter,
        found.first_row,
        header_line,
        columns,
        by_record,
        found.skip_space,
    )


def shown(cell: str, length: int) -> str:
    """The start of a cell as JSON and a table can hold it: without bytes that are no character."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", cell[:length])
