"""CSV as people and programs write it, and what the standard library reads of it."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Literal

from tallybook.imports.splitting import Chunk, Options, Row, Splitter, read_rows, split

Quoting = Literal[0, 1, 2, 3, 4, 5]
HEADER = ["Business name", "Number", "E-mail", "City", "Tags"]


def text_of(
    rows: Iterable[Iterable[object]],
    *,
    delimiter: str = ",",
    line_end: str = "\r\n",
    quoting: Quoting = csv.QUOTE_MINIMAL,
) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(
        rows
    )
    return written.getvalue()


def clients(count: int, name: str = "Müller & Söhne") -> Iterator[list[str]]:
    for i in range(count):
        yield [f"{name} {i}", f"K-{i}", f"office{i}@example.com", "Köln", "a; b"]


def client_file(count: int = 3, *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    return text_of([HEADER, *clients(count)], delimiter=delimiter).encode(encoding)


def blocks_of(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def split_bytes(content: bytes, *, block: int = 65_536, **options: str) -> Splitter:
    return split(blocks_of(content, block), Options(**options))


def rows_of(content: bytes, chunks: Iterable[Chunk], splitter: Splitter) -> list[Row]:
    """The rows of all chunks, each read from its own bytes and nothing else."""
    layout = splitter.layout
    return [
        row
        for chunk in chunks
        for row in read_rows(
            content[chunk.start : chunk.end],
            encoding=chunk.encoding,
            delimiter=layout.delimiter,
            first_line=chunk.first_line,
            by_record=layout.by_record,
            skip_space=layout.skip_space,
        )
    ]


def read_all(content: bytes, *, block: int = 65_536, **options: str) -> list[Row]:
    splitter = split_bytes(content, block=block, **options)
    return rows_of(content, splitter, splitter)


def expected(text: str, *, delimiter: str, skip: int = 0, by_record: bool = False) -> list[Row]:
    """What csv.reader makes of the whole text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found, line = [], 1
    for record, cells in enumerate(reader, 1):
        is_blank = not any(cell.strip() for cell in cells) or not "".join(cells).strip("\x1a")
        if record > skip and not is_blank:
            found.append(Row(record if by_record else line, cells))
        line = reader.line_num + 1
    return found
