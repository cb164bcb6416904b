"""An XLSX file is read as a person sees it, and none can fill the memory."""

import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from tallybook.imports import spreadsheet
from tallybook.imports.bad_file import BadFile
from tallybook.imports.splitting import Options, split
from tallybook.imports.spreadsheet import as_csv, is_spreadsheet, rows
from tests.unit.csv_files import HEADER, clients, rows_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

SHARED = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def workbook(path: Path, *sheet: Sequence[object]) -> Path:
    book = Workbook()
    for row in sheet:
        book.worksheets[0].append(list(row))
    book.save(path)
    return path


def with_sheet(path: Path, xml: str, **parts: bytes) -> Path:
    """A workbook whose sheet is `xml`, as no program would write it; and other parts."""
    plain = workbook(path.with_suffix(".plain.xlsx"), ["a"])
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            if name == "xl/worksheets/sheet1.xml":
                made.writestr(name, xml)
            elif name == "[Content_Types].xml" and "xl/sharedStrings.xml" in parts:
                types = source.read(name).decode().replace("</Types>", SHARED + "</Types>")
                made.writestr(name, types)
            elif name not in parts:
                made.writestr(name, source.read(name))
        for name, content in parts.items():
            made.writestr(name, content)
    return path


def sheet_xml(rows_xml: str, dimension: str = "A1:B2") -> str:
    return (
        f'<worksheet xmlns="{MAIN}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows_xml}</sheetData></worksheet>"
    )


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return path


def refusal(path: Path) -> BadFile:
    with pytest.raises(BadFile) as caught:
        list(rows(path))
    return caught.value


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Müller", "Müller"),
        (12, "12"),
        (12.0, "12"),
        (0.1 + 0.2, "0.3"),
        (1234.5, "1234.5"),
        (-0.000001, "-0.000001"),
        (1e21, "1" + 21 * "0"),
        (491701234567, "491701234567"),
        (True, "true"),
        (False, "false"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime.fromisoformat("2024-02-29"), "2024-02-29"),
        (datetime.fromisoformat("2024-02-29 13:05"), "2024-02-29T13:05:00"),
        (time(13, 5), "13:05:00"),
        ("#N/A", "#N/A"),
        ("line_x000D_\nbreak", "line\r\nbreak"),
        (CellRichText("Ac", TextBlock(InlineFont(b=True), "me")), "Acme"),
    ],
)
def test_a_cell_is_text_as_people_see_it(tmp_path: Path, value: object, seen: str):
    path = workbook(tmp_path / "a.xlsx", [value, "end"])
    assert list(rows(path)) == [[seen, "end"]]


@pytest.mark.parametrize(
    ("value", "number_format", "seen"),
    [
        (1067, "00000", "01067"),
        (1067, "[$-407]00000", "01067"),
        (1067, "00000_-", "01067"),
        (1067, "00000;-00000", "01067"),
        (21010001, r"00000\-0000", "02101-0001"),
        (21010001, '00000"-"0000', "02101-0001"),
        (1234567, "000", "1234567"),
        (-7, "000", "-7"),
        (12, "0", "12"),
        (12, "0.00", "12"),
        (12, "General", "12"),
        (5, "0" * 100_000, "5"),
        (0.19, "0%", "19%"),
        (0.075, "0.0%", "7.5%"),
        (0.195, "0%", "19.5%"),
        (1, "0%", "100%"),
        (0.5, "0.00", "0.5"),
    ],
)
def test_a_number_is_seen_by_its_format(
    tmp_path: Path, value: float, number_format: str, seen: str
):
    book = Workbook()
    book.worksheets[0]["A1"] = value
    book.worksheets[0]["A1"].number_format = number_format
    book.save(tmp_path / "a.xlsx")
    assert list(rows(tmp_path / "a.xlsx")) == [[seen]]


def test_a_formula_gives_the_value_stored_with_it(tmp_path: Path):
    xml = sheet_xml(
        '<row r="1"><c r="A1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
        '<c r="B1"><f>1+1</f><v>2</v></c><c r="C1"><f>1+2</f></c>'
        '<c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )
    assert list(rows(with_sheet(tmp_path / "a.xlsx", xml))) == [["ab", "2", "", "#DIV/0!"]]


def test_texts_are_shared_as_excel_writes_them(tmp_path: Path):
    strings = (
        f'<sst xmlns="{MAIN}"><si><t xml:space="preserve"> Zoë_x000D_\n</t>'
        "</si><si><r><t>Ac</t></r><r><rPr><b/></rPr><t>me</t></r></si></sst>"
    )
    xml = sheet_xml(
        '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="C1" t="s"><v>0</v></c></row>'
        '<row r="3"><c r="B3" t="s"><v>1</v></c><c r="C3" t="b"><v>1</v></c></row>'
    )
    path = with_sheet(tmp_path / "a.xlsx", xml, **{"xl/sharedStrings.xml": strings.encode()})
    assert list(rows(path)) == [["Acme", "", " Zoë\r\n"], [], ["", "Acme", "true"]]


def test_blank_rows_stay_between_rows_and_go_after_them(tmp_path: Path):
    path = workbook(tmp_path / "a.xlsx", ["a", None, None], [], ["", "b"], [None], [])
    assert list(rows(path)) == [["a"], [], ["", "b"]]


def test_the_first_visible_sheet_is_read(tmp_path: Path):
    book = Workbook()
    book.worksheets[0].append(["hidden"])
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Clients").append(["seen"])
    book.save(tmp_path / "a.xlsx")
    assert list(rows(tmp_path / "a.xlsx")) == [["seen"]]


def test_as_csv_a_row_keeps_its_number(tmp_path: Path):
    sheet = [["Clients of 2024"], [], HEADER, *clients(2), [], ['Ä\n"b"', "", "", "K,ln"]]
    path = workbook(tmp_path / "a.xlsx", *sheet)
    content = b"".join(as_csv(path))
    splitter = split([content], Options(), by_record=True)
    read = rows_of(content, splitter, splitter)
    assert [row.line for row in read] == [4, 5, 7]
    assert read[2].cells == ['Ä\n"b"', "", "", "K,ln"]
    assert splitter.layout.header_line == 3


def test_a_sheet_that_says_it_is_huge_is_read_as_it_is(tmp_path: Path):
    xml = sheet_xml(f'<row r="1">{cell("A1", "a")}</row>', dimension="A1:XFD1048576")
    assert list(rows(with_sheet(tmp_path / "a.xlsx", xml))) == [["a"]]


def test_a_row_beyond_the_last_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 1000)
    xml = sheet_xml(f'<row r="1">{cell("A1", "a")}</row><row r="99999999">{cell("A1", "a")}</row>')
    assert refusal(with_sheet(tmp_path / "a.xlsx", xml)).code == "too_many_rows"


@pytest.mark.parametrize(
    "row",
    [cell("A1", "a" * 3_000_000), cell("A1", "a") * 60_000],
    ids=["a long cell", "many cells"],
)
def test_a_row_too_long_to_hold_is_refused(tmp_path: Path, row: str):
    bad = refusal(with_sheet(tmp_path / "a.xlsx", sheet_xml(f'<row r="1">{row}</row>')))
    assert bad.code == "spreadsheet_too_large"
    assert "CSV" in bad.detail


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    zeros = {"xl/sharedStrings.xml": bytes(spreadsheet.MOST_SHARED_TEXT + 1)}
    path = with_sheet(tmp_path / "a.xlsx", sheet_xml(""), **zeros)
    del zeros
    tracemalloc.start()
    bad = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bad.code == "spreadsheet_too_large"
    assert peak < 4_000_000


def test_a_part_that_is_held_cannot_pass_for_a_sheet(tmp_path: Path):
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    path = with_sheet(tmp_path / "a.xlsx", sheet_xml(""), **{"[Content_Types].xml": types.encode()})
    assert refusal(path).code == "not_a_spreadsheet"


def test_an_archive_of_very_many_entries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(spreadsheet, "MOST_ENTRIES", 5)
    assert refusal(workbook(tmp_path / "a.xlsx", ["a"])).code == "spreadsheet_too_large"


def test_entities_that_expand_are_refused(tmp_path: Path):
    xml = f'<!DOCTYPE x [<!ENTITY a "{"a" * 100}">]>' + sheet_xml("<row>&a;</row>")
    assert refusal(with_sheet(tmp_path / "a.xlsx", xml)).code == "not_a_spreadsheet"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["[Content_Types].xml", "word/document.xml"], "Word"),
        (["[Content_Types].xml", "ppt/presentation.xml"], "presentation"),
        (["[Content_Types].xml", "xl/workbook.bin"], ".xlsb"),
        (["mimetype", "content.xml"], ".ods"),
        (["Index/Document.iwa"], "Numbers"),
        (["clients.csv"], "ZIP"),
        (["[Content_Types].xml"], "damaged"),
    ],
)
def test_another_kind_of_archive_is_called_by_its_name(tmp_path: Path, names: list[str], said: str):
    bad = refusal(archive(tmp_path / "a.xlsx", *names))
    assert bad.code == "not_a_spreadsheet"
    assert said in bad.detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), ".xls"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"", "damaged"),
    ],
)
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    bad = refusal(path)
    assert bad.code == "not_a_spreadsheet"
    assert said in bad.detail


def test_a_workbook_that_breaks_off_or_is_garbled_is_refused(tmp_path: Path):
    whole = workbook(tmp_path / "a.xlsx", *clients(50)).read_bytes()
    for content in (whole[:-100], whole[: len(whole) // 2], whole[:300] + b"?" * 50 + whole[350:]):
        (tmp_path / "b.xlsx").write_bytes(content)
        assert refusal(tmp_path / "b.xlsx").code == "not_a_spreadsheet"


def test_a_spreadsheet_is_known_by_its_first_bytes(tmp_path: Path):
    assert is_spreadsheet(workbook(tmp_path / "a.xlsx", ["a"]).read_bytes()[:10])
    assert not is_spreadsheet(b"Name,City\n")


def shared(path: Path, text: str, *, cells: int, count: int) -> Path:
    """A workbook that has `text` once, and in every cell."""
    strings = f'<sst xmlns="{MAIN}"><si><t>{text}</t></si></sst>'
    row = '<c t="s"><v>0</v></c>' * cells
    xml = sheet_xml("".join(f'<row r="{i}">{row}</row>' for i in range(1, count + 1)))
    return with_sheet(path, xml, **{"xl/sharedStrings.xml": strings.encode()})


def test_a_text_that_is_in_every_cell_of_a_row_fills_no_memory(tmp_path: Path):
    path = shared(tmp_path / "a.xlsx", "_x0041_" + "x" * 4_000_000, cells=60, count=3)
    tracemalloc.start()
    with pytest.raises(BadFile) as caught:
        list(as_csv(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "line_too_long"
    assert "Row 1 " in caught.value.detail
    assert peak < 60_000_000


def test_a_small_workbook_that_makes_a_huge_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(spreadsheet, "MOST_CSV", 5_000_000)
    path = shared(tmp_path / "a.xlsx", "x" * 30_000, cells=30, count=50)
    with pytest.raises(BadFile) as caught:
        list(as_csv(path))
    assert caught.value.code == "spreadsheet_too_large"
