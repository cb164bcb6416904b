"""The file to start an import from: the columns, one example, and what goes where.

Each call gives the same bytes, so a browser can cache them and a test can compare.
"""

import csv
import io
import zipfile
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

from tallybook.imports.fields import FIELDS, Field, FieldName

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for Windows-1252
_SAVED = datetime(2026, 1, 1, tzinfo=UTC)
_LAST_ROW = 1_048_576
_YELLOW, _GREY, _PALE = "FFFF00", "D9D9D9", "808080"
# A spreadsheet would take these for numbers and drop their zeros.
_TEXT: tuple[FieldName, ...] = ("number", "telephone", "postal_code")
_WIDTHS: dict[FieldName, int] = {"business_name": 28, "street1": 24, "email": 48}
_EXPLANATION = (
    ("Field", 16),
    ("Required", 10),
    ("Unique", 22),
    ("What goes in", 62),
    ("Example", 26),
)
_NOTES = (
    "The columns with a yellow heading must be filled in. The others may be blank or left out.",
    "The columns may stand in any order. Other columns do no harm: they are not imported.",
    "Row 2 of the sheet Clients is an example: write over it.",
    "Only the first sheet is imported.",
)


def csv_template() -> bytes:
    """UTF-8 with a byte order mark, commas, CRLF (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.label for field in FIELDS])
    writer.writerow([field.example for field in FIELDS])
    return (_BYTE_ORDER_MARK + text.getvalue()).encode()


def xlsx_template() -> bytes:
    """A workbook: the sheet to fill in, and one that explains it, for paper in landscape."""
    from openpyxl import Workbook

    workbook = Workbook()
    clients = workbook.worksheets[0]
    clients.title = "Clients"
    _fill_in(clients)
    _explain(workbook.create_sheet("Explanation"))
    workbook.properties.title = "Clients to import"
    workbook.properties.creator = "Tallybook"
    workbook.properties.created = _SAVED
    return _same_bytes(workbook)


def _fill_in(sheet: "Worksheet") -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for column, field in enumerate(FIELDS, start=1):
        letter = get_column_letter(column)
        heading = sheet.cell(1, column, field.label)
        heading.font = Font(bold=True)
        heading.fill = PatternFill("solid", fgColor=_YELLOW if field.required else _GREY)
        heading.alignment = Alignment(vertical="center")
        example = sheet.cell(2, column, field.example)
        example.font = Font(italic=True, color=_PALE)
        sheet.column_dimensions[letter].width = _WIDTHS.get(field.name, 16)
        if field.name in _TEXT:
            sheet.column_dimensions[letter].number_format = "@"
            example.number_format = "@"
        _hint(sheet, field, f"{letter}1:{letter}{_LAST_ROW}")
    sheet.row_dimensions[1].height = 20
    sheet.freeze_panes = "A2"
    _for_paper(sheet)


def _hint(sheet: "Worksheet", field: Field, cells: str) -> None:
    """What goes in, shown beside the cell that is being filled in. Nothing is refused."""
    from openpyxl.worksheet.datavalidation import DataValidation

    hint = DataValidation(allow_blank=True, showInputMessage=True)
    hint.promptTitle = f"{field.label} (required)" if field.required else field.label
    hint.prompt = field.description
    hint.add(cells)
    sheet.add_data_validation(hint)


def _explain(sheet: "Worksheet") -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    thin = Side(style="thin", color=_GREY)
    rows = [[title for title, _ in _EXPLANATION], *map(_explanation, FIELDS)]
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            cell = sheet.cell(number, column, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
            cell.font = Font(bold=number == 1 or column == 1)
            if number == 1:
                cell.fill = PatternFill("solid", fgColor=_GREY)
        # Not every program makes a row as high as its text.
        sheet.row_dimensions[number].height = 16 * max(
            ceil(len(text) * 1.1 / width)
            for text, (_, width) in zip(row, _EXPLANATION, strict=True)
        )
    for number, field in enumerate(FIELDS, start=2):
        if field.required:
            sheet.cell(number, 1).fill = PatternFill("solid", fgColor=_YELLOW)
    for number, note in enumerate(_NOTES, start=len(rows) + 2):
        sheet.cell(number, 1, note)
    for letter, (_, width) in zip("ABCDE", _EXPLANATION, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    _for_paper(sheet)


def _explanation(field: Field) -> list[str]:
    return [
        field.label,
        "yes" if field.required else "no",
        "yes: no two clients have the same" if field.unique else "no",
        field.description,
        field.example,
    ]


def _for_paper(sheet: "Worksheet") -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def _same_bytes(workbook: "Workbook") -> bytes:
    """The workbook without the time of its making, which openpyxl notes in every part."""
    from openpyxl.xml.functions import tostring

    saved = io.BytesIO()
    workbook.save(saved)
    workbook.properties.modified = _SAVED
    result = io.BytesIO()
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(result, "w") as fixed:
        for name in parts.namelist():
            is_properties = name == "docProps/core.xml"
            content = tostring(workbook.properties.to_tree()) if is_properties else parts.read(name)
            part = zipfile.ZipInfo(name, _SAVED.timetuple()[:6])
            fixed.writestr(part, content, zipfile.ZIP_DEFLATED)
    return result.getvalue()
