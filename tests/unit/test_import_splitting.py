"""Chunks of a file hold the records that the standard library reads of the whole."""

import csv
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tallybook.imports import splitting
from tallybook.imports.bad_file import BadFile
from tallybook.imports.charsets import CODECS
from tallybook.imports.splitting import MOST_COLUMNS, MOST_RECORD, Options, Row, read_rows, split
from tests.unit.csv_files import (
    HEADER,
    Quoting,
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
QUOTINGS: list[Quoting] = [
    *(csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_STRINGS, csv.QUOTE_NOTNULL)
]
MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\0\0\xfe\xff")


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, str, str]:
    """A file, its text, its delimiter, and the encoding to declare."""
    delimiter = draw(st.sampled_from(",;\t|"))
    quoting = draw(st.sampled_from(QUOTINGS))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = draw(st.lists(st.one_of(CELLS, st.just([])), max_size=8))
    text = text_of(rows, delimiter=delimiter, line_end=line_end, quoting=quoting)
    if draw(st.booleans()):
        text = text.removesuffix(line_end)
    codec = draw(st.sampled_from(CODECS))
    text = text.encode(codec, "ignore").decode(codec)
    content = text.encode(codec)
    return content, text, delimiter, codec


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


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
    # What begins with the mark of an encoding is in that encoding.
    assume(codec == "utf-16" or not content.startswith(MARKS))
    # Nobody writes accents so that they happen to be UTF-8 (A with a grave and a section mark).
    assume(codec in ("utf-8", "utf-16") or content.isascii() or not _is_utf_8(content))
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
        assume(bad.code != "binary_file")  # many control characters
        if (bad.code, wanted) != ("empty_file", []):
            raise
        return
    assert rows_of(content, chunks, splitter) == wanted
    assert splitter.rows == sum(chunk.rows for chunk in chunks) == len(wanted)
    columns = len(splitter.layout.columns)
    assert splitter.preview == [Row(row.line, row.cells[:columns]) for row in wanted[:20]]
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert all(chunk.rows <= chunk_rows for chunk in chunks)
    assert all(before.end <= after.start for before, after in pairwise(chunks))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", CODECS)
def test_every_encoding_delimiter_and_line_end_is_read_exactly(
    codec: str, delimiter: str, line_end: str
):
    letters = "".join(bytes([byte]).decode(codec, "ignore") for byte in range(0xA1, 0x100))
    name = (letters or "Łódź 漢字 😀").encode(codec, "ignore").decode(codec).strip()
    rows = [[f'{name} "{i}"{line_end}', f"K{delimiter}{i}", "a@b.example"] for i in range(30)]
    text = text_of([HEADER[:3], *rows], delimiter=delimiter, line_end=line_end)
    content = text.encode(codec)
    splitter = split(
        blocks_of(content, 101),
        Options(delimiter, "header", codec),
        chunk_rows=7,
        chunk_bytes=400,
    )
    chunks = list(splitter)
    assert [row.cells for row in rows_of(content, chunks, splitter)] == rows
    assert (splitter.rows, splitter.layout.delimiter) == (30, delimiter)
    assert len(chunks) > 4
    assert chunks[-1].end == len(content)


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_the_mark_of_the_encoding_is_in_no_cell_and_no_chunk(mark: str):
    content = "Zoë,zoe@x.example\r\nÖzil,\r\n".encode(mark)
    for encoding in ("auto", mark):
        splitter = split_bytes(content, encoding=encoding, first_row="data")
        chunks = list(splitter)
        assert chunks[0].start == len("".encode(mark))
        assert rows_of(content, chunks, splitter)[0] == Row(1, ["Zoë", "zoe@x.example"])


def test_chunks_follow_each_other_and_tell_where_they_begin():
    content = b'Company,E-mail\r\n\r\nAnna,a@x\r\n"Be\r\nn",b@x\r\n , \r\nCleo,c@x\r\n'
    splitter = split(iter([content]), Options(), chunk_rows=1)
    first, second, third = splitter
    assert content[first.start : first.end] == b"\r\nAnna,a@x\r\n"
    assert content[second.start : second.end] == b'"Be\r\nn",b@x\r\n'
    assert content[third.start : third.end] == b" , \r\nCleo,c@x\r\n"
    assert [chunk.first_line for chunk in (first, second, third)] == [2, 4, 6]
    assert [chunk.rows for chunk in (first, second, third)] == [1, 1, 1]
    assert splitter.preview == [
        Row(3, ["Anna", "a@x"]),
        Row(4, ["Be\r\nn", "b@x"]),
        Row(7, ["Cleo", "c@x"]),
    ]


def test_a_row_is_counted_as_a_record_when_asked():
    content = b'List\n\nCompany\n"A\nB"\n\nC\n'
    splitter = split(iter([content]), Options(), by_record=True, chunk_rows=1)
    assert [row.line for row in rows_of(content, splitter, splitter)] == [4, 6]
    assert splitter.layout.header_line == 3


def test_nulls_ragged_rows_and_formulas_stay_as_they_are():
    content = b"Company,City\nA\0cme\nBo,York,,extra\n=1+2,@SUM(A1)\n"
    assert [row.cells for row in read_all(content)] == [
        ["A\0cme"],
        ["Bo", "York", "", "extra"],
        ["=1+2", "@SUM(A1)"],
    ]


def test_a_broken_byte_costs_no_more_than_its_cell():
    content = client_file(50, encoding="utf-8")
    broken = content.replace("Müller & Söhne 30".encode(), b"M\xfcller 30")
    cells = [row.cells[0] for row in read_all(broken)]
    assert cells[30] == "M\udcfcller 30"
    assert cells[31] == "Müller & Söhne 31"


def test_what_is_shown_of_a_file_can_be_stored():
    content = client_file(50).replace("Müller & Söhne 0".encode(), b"M\xfcller")
    splitter = split_bytes(content.replace(b"Tags", b"T\xfcgs"))
    assert len(list(splitter)) == 1
    first, *_, last = splitter.layout.columns
    assert (first.sample, last.header) == ("M\ufffdller", "T\ufffdgs")
    assert splitter.preview[0].cells[0] == "M\ufffdller"


@pytest.mark.parametrize("codec", ["utf-8", "windows-1252", "windows-1250", "cp932"])
def test_a_file_that_begins_in_ascii_tells_its_encoding_by_its_first_accent(codec: str):
    names = {"windows-1250": "Łódź Święta", "cp932": "株式会社山田商店"}
    late = [[names.get(codec, "Müller Söhne"), f"L-{i}", "", "", ""] for i in range(20)]
    rows = [*clients(5000, "Smith"), *late]
    rows = [[cell.replace("Köln", "York") for cell in row] for row in rows]
    content = text_of([HEADER, *rows]).encode(codec)
    splitter = split_bytes(content)
    assert splitter.layout.encoding == "utf-8"
    assert [row.cells for row in rows_of(content, list(splitter), splitter)] == rows
    assert splitter.layout.encoding == codec


def refusal(content: bytes | Iterator[bytes], **options: str) -> BadFile:
    with pytest.raises(BadFile) as caught:
        list(split([content] if isinstance(content, bytes) else content, Options(**options)))
    return caught.value


@pytest.mark.parametrize(
    "content",
    [b"", b"\xef\xbb\xbf", b" \r\n\t\r\n", b"\xff\xfe\r\0\n\0", b"\n" * 500_000, b",,\n,,\n"],
)
def test_a_file_without_anything_is_empty(content: bytes):
    assert refusal(content).code == "empty_file"


@pytest.mark.parametrize("content", [b"Company", b"Company,E-mail\r\n", b"Company\n\n , \n"])
def test_headings_alone_are_no_rows(content: bytes):
    assert refusal(content).code == "no_rows"


def test_ten_thousand_columns_are_refused():
    header = ",".join(["Company", *(f"c{i}" for i in range(10_000))])
    bad = refusal(f"Clients\n{header}\nA,b\n".encode())
    assert bad.code == "too_many_columns"
    assert "Line 2 has more than 500 columns" in bad.detail
    widest = f"Company{',c' * (MOST_COLUMNS - 1)}\nA\n".encode()
    assert len(split_bytes(widest).layout.columns) == MOST_COLUMNS


def test_a_quote_that_is_not_closed_is_named_with_its_line():
    bad = refusal(b'Company\nAnna\n"Ben\nCleo\nDora\n')
    assert bad.code == "unclosed_quote"
    assert "begins on line 3" in bad.detail


def test_a_quote_that_is_not_closed_is_found_before_the_file_is_held():
    blocks = (b'Company\nAnna\n"Ben\n', *[b"Cleo,x\n" * 10_000] * 100)
    bad, peak = peak_of(iter(blocks))
    assert bad.code == "unclosed_quote"
    assert "begins on line 3" in bad.detail
    assert peak < 7 * MOST_RECORD


def test_a_line_of_50_mb_is_refused_before_it_is_held():
    bad, peak = peak_of(b"x" * 65_536 for _ in range(800))
    assert (bad.code, bad.detail[:6]) == ("line_too_long", "Line 1")
    assert peak < 4 * MOST_RECORD


def peak_of(blocks: Iterator[bytes]) -> tuple[BadFile, int]:
    tracemalloc.start()
    bad = refusal(blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return bad, peak


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_cell_may_be_nearly_as_long_as_a_record_may(encoding: str):
    long = "x" * 500_000
    content = f"Company,Note\nA,{long}\n".encode(encoding)
    assert read_all(content, encoding=encoding)[0].cells == ["A", long]


def test_a_utf_16_file_that_breaks_off_is_refused():
    bad = refusal(client_file(5, encoding="utf-16")[:-3])
    assert bad.code == "undecodable"


def test_memory_does_not_grow_with_the_file():
    def peak(count: int) -> int:
        line = b"M\xc3\xbcller,K-1,office@example.com,K\xc3\xb6ln,a; b\r\n"
        blocks = (line * 200 for _ in range(count // 200))
        tracemalloc.start()
        rows = 0
        for chunk in split(blocks, Options(",", "data")):
            rows += chunk.rows
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == count
        return reached

    peak(1000)  # what is loaded once
    assert peak(60_000) < 1.2 * peak(4000)


def test_read_rows_of_a_chunk_alone():
    content = "Zoë;1\r\n;\r\nÖzil;2\r\n".encode("cp1252")
    found = read_rows(content, encoding="windows-1252", delimiter=";", first_line=501)
    assert list(found) == [Row(501, ["Zoë", "1"]), Row(503, ["Özil", "2"])]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16-le"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_stray_quote_swallows_no_rows(encoding: str, line_end: str):
    text = 'Company,Notes\nKöln,"12 inch pipes\nB,x\nC,"y"\nD,z'.replace("\n", line_end)
    bad = refusal(text.encode(encoding), encoding=encoding)
    assert bad.code == "unclosed_quote"
    assert "begins on line 2" in bad.detail
    assert "line 4" in bad.detail


def test_a_blank_after_the_quote_of_a_long_cell_is_no_fault():
    assert [row.cells[1] for row in read_all(b'Company,City\n"A\nB" ,York\nC,Rome\n')] == [
        "York",
        "Rome",
    ]


def test_a_blank_before_a_quote_is_skipped_where_it_is_the_style():
    content = '"Company", "City", "E-mail"\n"A", "Köln, West", "a@b.com"\n"B", "C\nD", ""\n'
    assert [row.cells for row in read_all(content.encode())] == [
        ["A", "Köln, West", "a@b.com"],
        ["B", "C\nD", ""],
    ]
    assert split_bytes(content.encode()).layout.skip_space


@pytest.mark.parametrize(
    "text",
    ['Company,Note\nA, "big" one\n', 'Company,Note\nA, 5"\n', 'Company,Note\n"A, ""b"" ", c\n'],
)
def test_a_blank_before_a_cell_stays_where_it_is_no_style(text: str):
    assert not split_bytes(text.encode()).layout.skip_space
    assert read_all(text.encode()) == expected(text, delimiter=",", skip=1)


@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n"])
def test_the_end_that_dos_wrote_is_no_row(end: str):
    assert [row.cells for row in read_all(f"Company,City\r\nA,York\r\n{end}".encode())] == [
        ["A", "York"]
    ]


def test_more_rows_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(splitting, "MOST_ROWS", 1000)
    assert len(read_all(client_file(1000))) == 1000
    bad = refusal(client_file(1001))
    assert bad.code == "too_many_rows"
    assert "Split it" in bad.detail


def test_blank_lines_without_end_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(splitting, "_MOST_RECORDS", 600_000)
    assert refusal(b"Company\nA\n" + b"\r\n" * 1_200_000).code == "too_many_rows"


def test_the_preview_stays_small_and_has_the_columns_of_the_file():
    wide = ",".join(["Company", *(f"c{i}" for i in range(MOST_COLUMNS - 1))])
    row = ",".join(["x" * 300] * (MOST_COLUMNS + 50))
    splitter = split_bytes(
        f"{wide}\n{wide}\n{f'{row}\n' * 3}{'a,b\n' * 30}".encode(), first_row="header"
    )
    list(splitter)
    assert len(splitter.preview) == 20
    assert max(len(each.cells) for each in splitter.preview) <= MOST_COLUMNS
    assert all(sum(map(len, each.cells)) <= 25_000 for each in splitter.preview)
