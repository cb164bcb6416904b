import csv
import io
import time
import zipfile
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from tallybook.imports.fields import FIELDS
from tallybook.imports.headings import suggest
from tallybook.imports.templates import csv_template, xlsx_template

NAMES = [field.name for field in FIELDS]
LABELS = [field.label for field in FIELDS]
EXAMPLE = [field.example for field in FIELDS]
HEADER = {"yellow": "00FFFF00", "grey": "00D9D9D9"}


@pytest.fixture(scope="module")
def workbook():
    return load_workbook(io.BytesIO(xlsx_template()))


@pytest.fixture(scope="module")
def clients(workbook):
    return workbook["Clients"]


@pytest.fixture(scope="module")
def explanation(workbook):
    return workbook["Explanation"]


def values(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


# ---- CSV ------------------------------------------------------------------------------------


def test_the_csv_is_utf_8_with_a_mark_for_excel_commas_and_crlf():
    content = csv_template()
    assert content.startswith(b"\xef\xbb\xbfNumber,E-mail,")
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 2


def test_the_csv_has_the_labels_and_one_example():
    text = csv_template().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [LABELS, EXAMPLE]


def test_the_header_of_a_template_is_understood_completely():
    assert suggest(LABELS) == NAMES


# ---- XLSX -----------------------------------------------------------------------------------


def test_the_first_sheet_has_the_labels_and_one_example(workbook, clients):
    assert workbook.sheetnames == ["Clients", "Explanation"]
    assert values(clients) == [LABELS, EXAMPLE]


def test_required_headings_are_yellow_and_the_others_grey(clients):
    fills = {cell.value: cell.fill for cell in clients[1]}
    assert {fill.patternType for fill in fills.values()} == {"solid"}
    assert {label: fill.fgColor.rgb for label, fill in fills.items()} == {
        field.label: HEADER["yellow" if field.required else "grey"] for field in FIELDS
    }


def test_the_header_is_bold_and_stays_in_sight(clients):
    assert all(cell.font.bold for cell in clients[1])
    assert clients.freeze_panes == "A2"


def test_the_example_is_in_grey_italics(clients):
    assert all(cell.font.italic and cell.font.color.rgb == "00808080" for cell in clients[2])


def test_what_looks_like_a_number_is_text_so_that_its_zeros_stay(clients):
    dimensions = {cell.value: clients.column_dimensions[cell.column_letter] for cell in clients[1]}
    as_text = {label for label, each in dimensions.items() if each.number_format == "@"}
    assert as_text == {"Number", "Telephone", "Postal code"}
    formats = {label: cell.number_format for label, cell in zip(LABELS, clients[2], strict=True)}
    assert {label for label, format_ in formats.items() if format_ == "@"} == as_text
    assert {cell.data_type for cell in clients[2]} == {"s"}


def test_every_column_is_wide_enough_for_its_heading_and_its_example(clients):
    for label, example in zip(clients[1], clients[2], strict=True):
        width = clients.column_dimensions[label.column_letter].width
        assert len(label.value) * 1.2 < width, label.value
        assert len(example.value) < width + 1, label.value


def test_every_column_says_what_goes_in_while_it_is_filled_in(clients):
    hints = clients.data_validations.dataValidation
    assert [hint.prompt for hint in hints] == [field.description for field in FIELDS]
    assert [str(hint.sqref) for hint in hints][:2] == ["A1:A1048576", "B1:B1048576"]
    assert all(hint.showInputMessage and not hint.showErrorMessage for hint in hints)
    assert hints[2].promptTitle == "Business name (required)"
    # Excel refuses to open a file with longer ones.
    assert all(len(hint.promptTitle) <= 32 and len(hint.prompt) <= 255 for hint in hints)


def test_the_second_sheet_explains_every_field(explanation):
    rows = values(explanation)
    assert rows[0] == ["Field", "Required", "Unique", "What goes in", "Example"]
    explained = {row[0]: row for row in rows[1 : len(FIELDS) + 1]}
    assert [*explained] == LABELS
    for field in FIELDS:
        _, required, unique, description, example = explained[field.label]
        assert required == ("yes" if field.required else "no")
        assert unique.startswith("yes" if field.unique else "no")
        assert (description, example) == (field.description, field.example)


def test_the_second_sheet_says_how_to_use_the_first(explanation):
    notes = [row[0] for row in values(explanation)[len(FIELDS) + 1 :] if row[0]]
    assert any("yellow" in note for note in notes)
    assert any("Row 2" in note for note in notes)


def test_the_explanation_is_readable_on_paper(explanation):
    assert explanation.page_setup.orientation == "landscape"
    assert explanation.sheet_properties.pageSetUpPr.fitToPage
    assert explanation.page_setup.fitToHeight == 0
    for row in explanation.iter_rows(min_row=1, max_row=len(FIELDS) + 1):
        for cell in row:
            width = explanation.column_dimensions[cell.column_letter].width
            lines = explanation.row_dimensions[cell.row].height / 15
            assert cell.alignment.wrap_text
            assert len(cell.value) <= width * int(lines), cell.value


def test_the_templates_are_the_same_bytes_at_any_time():
    first = xlsx_template(), csv_template()
    time.sleep(1.1)
    assert (xlsx_template(), csv_template()) == first


def test_nothing_in_the_workbook_tells_when_it_was_made(workbook):
    with zipfile.ZipFile(io.BytesIO(xlsx_template())) as parts:
        assert parts.testzip() is None
        assert {part.date_time for part in parts.infolist()} == {(2026, 1, 1, 0, 0, 0)}
    made = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    assert (workbook.properties.created, workbook.properties.modified) == (made, made)


def test_the_workbook_is_small():
    assert len(xlsx_template()) < 16_000
