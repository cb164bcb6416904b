"""Chunks of a file hold the records that the standard library reads of the whole."""

import csv
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tallybook.imports.bad_file import BadFile
from tallybook.imports.charsets import CODECS, WIDE
from tallybook.imports.splitting import MOST_COLUMNS, MOST_RECORD, Options, Row, read_rows, split
from tests.unit.csv_files import (
    HEADER,
    blocks_of,
    client_file,
    clients,
    expected,
    read_all,
    rows_of,
    split_bytes,
    text_of,
)

ALPHABET = st.one_of(
    st.sampled_from(',;\t|"\n\r\0 aé€ł漢😀'), st.characters(exclude_categories=["Cs"])
)
CELLS = st.lists(
    st.one_of(
        st.text(ALPHABET, max_size=8), st.sampled_from(["", " ", "\r\n", '"', "12", "a@b.c"])
    ),
    min_size=1,
    max_size=4,
)
MARKED = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "utf-32": "utf-32"}


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, str, str]:
    """A file, its text, its delimiter, and the encoding to declare."""
    delimiter = draw(st.sampled_from(",;\t|"))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = draw(st.lists(st.one_of(CELLS, st.just([])), max_size=8))
    text = text_of(rows, delimiter=delimiter, line_end=line_end, quoting=quoting)
    if draw(st.booleans()):
        text = text.removesuffix(line_end)
    codec = draw(st.sampled_from(CODECS))
    text = text.encode(codec, "ignore").decode(codec)
    content = text.encode(codec)
    return content, text, delimiter, codec


@settings(max_examples=300)
@given(
    file=files(),
    block=st.integers(1, 50),
    chunk_rows=st.integers(1, 4),
    chunk_bytes=st.integers(1, 40),
    by_record=st.booleans(),
)
def test_chunks_hold_what_csv_reader_reads_of_the_whole(
    file: tuple[bytes, str, str, str],
    block: int,
    chunk_rows: int,
    chunk_bytes: int,
    by_record: bool,
):
    content, text, delimiter, codec = file
    # A cell may begin a text with a mark or hold what looks binary; another test is about those.
    assume(not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or codec == "utf-16")
    wanted = expected(text, delimiter=delimiter, by_record=by_record)
    try:
        splitter = split(
            blocks_of(content, block),
            Options(delimiter, "data", codec),
            by_record=by_record,
            chunk_rows=chunk_rows,
            chunk_bytes=chunk_bytes,
        )
        chunks = list(splitter)
    except BadFile as bad:
        assert (
            bad.code == "empty_file" and wanted == [] or bad.code in ("binary_file", "undecodable")
        )
        assume(bad.code == "empty_file")
        return
    assert rows_of(content, chunks, splitter) == wanted
    assert splitter.rows == sum(chunk.rows for chunk in chunks) == len(wanted)
    assert splitter.preview == wanted[:20]
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert all(chunk.rows <= chunk_rows for chunk in chunks)
    assert all(before.end <= after.start for before, after in pairwise(chunks))
