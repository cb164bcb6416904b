"""The first sheet of an XLSX file as rows of text, as a person sees them in it.

The sheet is then CSV like any other (`as_csv`): one way through the import. openpyxl in its
read-only mode streams the sheet (10,000 rows a second, 9 MB more for 50,000 rows than for 1,000);
python-calamine is fifteen times as quick but holds the sheet (36 MB more). The archive is measured
before anything is unpacked, so that no file can fill the memory.
"""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tallybook.imports.bad_file import BadFile
from tallybook.imports.formats import as_seen
from tallybook.imports.lines import MOST_RECORD

if TYPE_CHECKING:
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
    from openpyxl.workbook.workbook import Workbook

MOST_ROWS = 1_048_576  # Excel's own
MOST_UNPACKED = 1024**3
MOST_SHARED_TEXT = 32 * 1024**2  # held, and five times as much, while the sheet is read
MOST_PART = 8 * 1024**2  # styles and the like, held too
MOST_ROW = 2 * 1024**2  # of XML, held while the row is read
MOST_ENTRIES = 10_000
MOST_CSV = 512 * 1024**2
_BLOCK = 64 * 1024

_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_PART = re.compile(r'PartName="/?([^"]*)"\s+ContentType="([^"]*)"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(SyntaxError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, OSError),
    struct.error,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_spreadsheet(head: bytes) -> bool:
    """Whether a file that begins with `head` is for `rows`: by its signature it is a ZIP."""
    return head.startswith(b"PK\x03\x04")


def rows(path: Path) -> Iterator[list[str]]:
    """Every row of the first visible sheet, blank ones too, without empty cells at its end.

    Raises BadFile. Formulas give the value that was stored with them.
    """
    with path.open("rb") as file:
        _check(file)
        try:
            yield from _rows(file)
        except _DAMAGE as error:
            raise _not_a_spreadsheet("it is damaged, or not quite XLSX") from error


def as_csv(path: Path) -> Iterator[bytes]:
    """The rows as CSV in UTF-8 (comma, CRLF): the nth record is the nth row of the sheet."""
    block = io.StringIO(newline="")
    writer = csv.writer(block, lineterminator="\r\n")
    size = 0
    for row in rows(path):
        writer.writerow(row)
        if block.tell() >= _BLOCK:
            content = block.getvalue().encode("utf-8", "replace")
            size += len(content)
            if size > MOST_CSV:
                raise _too_large()
            yield content
            block.seek(0)
            block.truncate()
    yield block.getvalue().encode("utf-8", "replace")


def _rows(file: IO[bytes]) -> Iterator[list[str]]:
    from openpyxl import load_workbook

    file.seek(0)
    book: Workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheets = book.worksheets
    sheet = next((each for each in sheets if each.sheet_state == "visible"), sheets[0])
    sheet.reset_dimensions()  # what the file says of its size may be far from true
    blank = 0  # held back: a sheet may go on for a million of them
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > MOST_ROWS:
            raise _too_many_rows()
        # A text that is stored once may be in every cell.
        if sum(len(cell.value) for cell in cells if isinstance(cell.value, str)) > MOST_RECORD:
            raise _row_too_long(number)
        row = _texts(cells)
        if not row:
            blank += 1
            continue
        yield from ([] for _ in range(blank))
        blank = 0
        yield row


def _texts(cells: tuple["ReadOnlyCell | EmptyCell | Any", ...]) -> list[str]:
    row = ["" if cell.value is None else _text(cell) for cell in cells]
    while row and not row[-1]:
        row.pop()
    return row


def _text(cell: "ReadOnlyCell | Any") -> str:
    value = cell.value
    match value:
        case str():
            return _ESCAPED.sub(_unescape, value) if "_x" in value else value
        case bool():
            return str(value).lower()
        case int() | float():
            return as_seen(value, cell.number_format)
        case datetime():
            return _moment(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)


def _moment(value: datetime) -> str:
    seconds = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    return (seconds.date() if seconds.time() == time() else seconds).isoformat()


def _unescape(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def _check(file: IO[bytes]) -> None:
    """That it is an XLSX file, and one whose parts can be held while its sheet is streamed."""
    if file.read(len(_OLE)) == _OLE:
        raise _not_a_spreadsheet("it is an old Excel file (.xls), or protected by a password")
    try:
        with zipfile.ZipFile(file) as archive:
            _check_kind(archive)
            _check_sizes(archive)
            for entry in archive.infolist():
                if _SHEET.fullmatch(entry.filename):
                    _check_rows(archive, entry)
    except _DAMAGE as error:
        raise _not_a_spreadsheet("it is damaged, or was not sent whole") from error


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise _not_a_spreadsheet("it is protected by a password")
    if "xl/workbook.bin" in names:
        raise _not_a_spreadsheet("it is a binary Excel file (.xlsb)")
    if any(name.startswith("word/") for name in names):
        raise _not_a_spreadsheet("it is a Word document")
    if any(name.startswith("ppt/") for name in names):
        raise _not_a_spreadsheet("it is a presentation")
    if "mimetype" in names and "content.xml" in names:
        raise _not_a_spreadsheet("it is an OpenDocument file (.ods)")
    if any(name.startswith("Index/") for name in names):
        raise _not_a_spreadsheet("it is a Numbers or Pages file")
    if "[Content_Types].xml" not in names:
        raise _not_a_spreadsheet("it is a ZIP archive")


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """By the archive's directory: zipfile unpacks no more than it says there."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise _too_large()
    for entry in entries:
        is_shared = entry.filename.lower().endswith("sharedstrings.xml")
        most = MOST_SHARED_TEXT if is_shared else MOST_PART
        if entry.file_size > most and not _SHEET.fullmatch(entry.filename):
            raise _too_large()
    # What openpyxl reads as a whole must not be named as if it were a sheet.
    for part, kind in _PART.findall(archive.read("[Content_Types].xml").decode("utf-8", "replace")):
        if _SHEET.fullmatch(part) and not kind.endswith("worksheet+xml"):
            raise _not_a_spreadsheet("its parts are not what they are called")


def _check_rows(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Openpyxl holds a row at a time: none may be huge, and nothing may expand."""
    since_row, tail = 0, b""
    with archive.open(entry) as part:
        while block := part.read(_BLOCK):
            window = tail + block
            if b"<!DOCTYPE" in window:
                raise _not_a_spreadsheet(
                    "it has a document type, which no spreadsheet program writes"
                )
            begins = [found.start() for found in _ROW.finditer(window)]
            since_row = len(window) - begins[-1] if begins else since_row + len(block)
            if since_row > MOST_ROW:
                raise _too_large()
            tail = window[-32:]


def _too_large() -> BadFile:
    return BadFile(
        "spreadsheet_too_large",
        "This spreadsheet is too large to be read as XLSX. "
        "Save its first sheet as CSV (UTF-8), which may have any number of rows.",
    )


def _row_too_long(number: int) -> BadFile:
    return BadFile(
        "line_too_long",
        f"Row {number} of the sheet has more than {MOST_RECORD // 1024} KB of text. "
        "Check that each client is in a row of its own.",
    )


def _too_many_rows() -> BadFile:
    return BadFile(
        "too_many_rows",
        f"The sheet has rows beyond row {MOST_ROWS:,}, the last that Excel can have. "
        "Save it again, or save it as CSV.",
    )


def _not_a_spreadsheet(why: str) -> BadFile:
    return BadFile(
        "not_a_spreadsheet",
        f"This is not an XLSX file that can be read: {why}. "
        "Open it in the program it comes from and save it as XLSX without a password, or as CSV.",
    )
