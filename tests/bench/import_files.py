"""Client lists of any length, as a firm would bring them."""

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

HEADINGS = (
    *("Number", "Company", "First name", "Last name", "Email", "Phone"),
    *("Street", "City", "Postcode", "Country", "Tags"),
)
_GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Göran", "Hana", "Iñigo", "Jürgen")
_TRADES = ("Bakery", "Carpentry", "Dental", "Elektro", "Florist", "Garage", "Hotel", "Imports")
_PART = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGES = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def rows(count: int, first: int = 0) -> Iterator[tuple[str, ...]]:
    """Clients that have all of it: number, person, address, telephone, two tags."""
    for number in range(first, first + count):
        scattered = number * 7919 % 1_000_003
        yield (
            f"F-{number:06}",
            f"{_GIVEN[number % 10]} {_TRADES[number % 8]} {scattered:07} GmbH",
            "Anna",
            f"Schmidt{scattered}",
            f"office@firm{number:06}.example",
            f"0221 {100000 + number % 900000}",
            f"Lindenstraße {number % 180}",
            "Köln",
            f"5{number % 10000:04}",
            "Germany",
            "wholesale;vip",
        )


def write_csv(path: Path, count: int, *, first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows(count, first))


def write_xlsx(path: Path, count: int) -> None:
    """The same as Excel saves it: every text that occurs is in a table of texts, once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in _parts().items():
            book.writestr(name, _PART + content)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_PART}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for line, row in enumerate(_all(count), start=1):
                cells = "".join(
                    f'<c r="{chr(65 + place)}{line}" t="s">'
                    f"<v>{texts.setdefault(text, len(texts))}</v></c>"
                    for place, text in enumerate(row)
                )
                sheet.write(f'<row r="{line}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with book.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(f'{_PART}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">'.encode())
            for text in texts:
                shared.write(f"<si><t>{escape(text)}</t></si>".encode())
            shared.write(b"</sst>")


def _all(count: int) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    yield from rows(count)


def _parts() -> dict[str, str]:
    """The parts of a workbook beside its sheet and its texts."""
    content_types = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{_KIND}.{kind}+xml"/>'
        for name, kind in (
            ("workbook", "sheet.main"),
            ("worksheets/sheet1", "worksheet"),
            ("sharedStrings", "sharedStrings"),
        )
    )
    relationships = f'<Relationships xmlns="{_PACKAGES}/relationships">'
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGES}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f"{content_types}</Types>"
        ),
        "_rels/.rels": (
            f'{relationships}<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Clients" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{relationships}<Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
            'Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>'
        ),
    }
