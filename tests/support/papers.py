"""Papers to draw: believable ones, and what may be overridden."""

import os
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import zxingcpp
from pypdf import PdfReader

from tallybook.invoices.kinds import Account, Adjustment, Document, Line, Paper, Party
from tallybook.invoices.rules import totals
from tallybook.ledger.rules import Entry, OpenItem, ageing, statement
from tallybook.papers.kinds import (
    Allocation,
    CurrencyStatement,
    Look,
    Payment,
    Receipt,
    StatementPaper,
)
from tests.support.template import ROOT

os.environ.setdefault("FONTS_DIR", str(ROOT / "layers" / "documents" / "fonts"))

SELLER = Party(
    name="Sturm & Partner GbR",
    person="Katharina Sturm",
    street1="Hansaring 61",
    city="Köln",
    postal_code="50670",
    country="DE",
    vat_id="DE123456789",
    tax_number="214/5678/0123",
    registration="Amtsgericht Köln HRB 12345",
    email="rechnung@sturm.example",
    telephone="+49 221 9876543",
)
BUYER = Party(
    name="Müller & Söhne GmbH",
    person="Jürgen Müller",
    street1="Lindenstraße 12",
    city="London",
    postal_code="EC1A 1BB",
    country="GB",
    number="C-0042",
)
ACCOUNT = Account(
    iban="DE89370400440532013000", bic="COBADEFFXXX", bank="Commerzbank", holder=SELLER.name
)
LOOK = Look()
ISSUED = date(2026, 3, 5)


def line(price: str = "120", **fields: Any) -> Line:
    known: dict[str, Any] = {
        "quantity": Decimal(1),
        "tax_rate": Decimal(19),
        "description": "Consulting",
    }
    return Line(unit_price=Decimal(price), **(known | fields))


def lines(count: int) -> list[Line]:
    return [
        line(
            f"{17 + place * 7 % 90}.{place * 37 % 100:02}",
            quantity=Decimal(1 + place % 5),
            description=f"Item {place + 1}: consulting on site",
            unit="h",
        )
        for place in range(count)
    ]


WORK = [
    line(
        "140",
        quantity=Decimal("12.5"),
        unit="h",
        description="Design of the new website\nWorkshop with the team, two rounds of drafts, "
        "and the final layouts for phone, tablet and desk",
    ),
    line("95", quantity=Decimal(8), unit="h", description="Front-end development"),
    line(
        "480",
        discount_percent=Decimal(10),
        description="Photography, half a day\nRights of use for the website included",
    ),
    line("24.90", tax_rate=Decimal(7), quantity=Decimal(3), description="Printed style guide"),
]


def paper(entries: Sequence[Line] = WORK, *, paid: str = "0", **fields: Any) -> Paper:
    of_document = {"currency", "allowances", "charges", "prices_include_tax", "round_to"}
    given = {name: fields.pop(name) for name in of_document & fields.keys()}
    document = Document(lines=entries, **({"currency": "EUR"} | given))
    known: dict[str, Any] = {
        "kind": "invoice",
        "number": "INV-2026-00042",
        "issue_date": ISSUED,
        "due_date": ISSUED + timedelta(days=14),
        "seller": SELLER,
        "buyer": BUYER,
        "account": ACCOUNT,
        "payment_terms": "Please pay within 14 days without deduction.",
    }
    return Paper(document=document, sums=totals(document, paid=Decimal(paid)), **(known | fields))


def payment(of: Paper, **fields: Any) -> Payment:
    known: dict[str, Any] = {"amount": of.sums.balance, "reference": of.number}
    return Payment(**(known | fields))


def rich() -> Paper:
    """With everything on it that an invoice can have."""
    return paper(
        paid="500",
        allowances=[Adjustment(percent=Decimal(5), tax_rate=Decimal(19), reason="Loyalty")],
        charges=[Adjustment(amount=Decimal("18.50"), tax_rate=Decimal(19), reason="Courier")],
        purchase_order="PO-7781",
        buyer_reference="Website 2026",
        period=(date(2026, 2, 1), date(2026, 2, 28)),
        notes="Thank you for working with us.",
        buyer=replace(BUYER, vat_id="GB123456789"),
    )


def credit_note() -> Paper:
    return paper(
        WORK[1:2],
        kind="credit_note",
        number="CN-2026-00003",
        corrects=("INV-2026-00042", ISSUED),
        due_date=None,
        payment_terms=None,
        notes="Hours that were billed twice.",
    )


def estimate(**fields: Any) -> Paper:
    known: dict[str, Any] = {"kind": "estimate", "number": "EST-2026-00007", "payment_terms": None}
    return paper(**(known | fields))


def account_statement(count: int = 8, *, currencies: Sequence[str] = ("EUR",)) -> StatementPaper:
    first, last = date(2026, 1, 1), date(2026, 3, 31)
    parts = []
    for currency in currencies:
        entries = [
            Entry(
                kind="payment" if place % 3 == 2 else "invoice",
                date=first + timedelta(days=place * 89 // max(count, 1)),
                amount=Decimal(f"{-1 if place % 3 == 2 else 1}{150 + place * 13}.25"),
                reference=f"INV-2026-{place + 1:05}",
            )
            for place in range(count)
        ]
        found = statement(Decimal("310.40"), entries, first, last)
        parts.append(
            CurrencyStatement(
                currency=currency,
                opening=found.opening_balance,
                rows=found.entries,
                closing=found.closing_balance,
                ageing=ageing(
                    [OpenItem(balance=found.closing_balance, due_date=date(2026, 2, 10))], last
                ),
            )
        )
    return StatementPaper(
        seller=SELLER,
        buyer=BUYER,
        from_date=first,
        to_date=last,
        issued=date(2026, 4, 1),
        currencies=parts,
        account=ACCOUNT,
    )


def receipt(**fields: Any) -> Receipt:
    known: dict[str, Any] = {
        "seller": SELLER,
        "buyer": BUYER,
        "number": "PAY-00091",
        "date": date(2026, 3, 12),
        "method": "Bank transfer",
        "reference": "Transfer of 11 March",
        "currency": "EUR",
        "amount": Decimal("3000.00"),
        "allocations": [
            Allocation("INV-2026-00042", ISSUED, Decimal("2499.99")),
            Allocation("INV-2026-00043", ISSUED, Decimal("400.00")),
        ],
        "remaining": Decimal("100.01"),
        "account": ACCOUNT,
    }
    return Receipt(**(known | fields))


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    return "\n".join(pages(pdf))


def fonts_of(pdf: bytes) -> set[str]:
    """Without the tags of subsets: SourceSans3-Regular."""
    resources: list[Any] = [page["/Resources"] for page in PdfReader(BytesIO(pdf)).pages]
    return {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for each in resources
        for font in each["/Font"].values()
    }


def scanned(svg: str) -> str:
    """What a phone reads from a code that `epc.drawn` drew: its path is rows of strokes."""
    found = re.search(r'viewBox="0 0 (\d+) \1".* d="M0 0\.5([^"]+)"', svg)
    assert found
    side, scale, quiet = int(found[1]), 4, 4
    width = (side + 2 * quiet) * scale
    image = bytearray(b"\xff" * width * width)
    x, y = 0, 0
    for command, numbers in re.findall(r"([hm])([-\d ]+)", found[2]):
        steps = [int(number) for number in numbers.split()]
        if command == "h":
            for row in range(scale):
                start = ((y + quiet) * scale + row) * width + (x + quiet) * scale
                image[start : start + steps[0] * scale] = bytes(steps[0] * scale)
        x, y = x + steps[0], y + (steps[1] if command == "m" else 0)
    picture = memoryview(image).cast("B", shape=[width, width])
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    (code,) = zxingcpp.read_barcodes(picture, formats=formats)
    return str(code.text)


def png(width: int = 4, height: int = 2) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xc2\x41\x0c" * width) * height)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20">'
    b'<rect width="80" height="20" fill="#1d4ed8"/></svg>'
)
