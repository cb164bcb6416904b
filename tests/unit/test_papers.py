"""What stands on papers, read back from the PDFs."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from tallybook.invoices.kinds import Adjustment, Paper
from tallybook.papers.kinds import Look, Payment
from tallybook.papers.pdf import paper_pdf, receipt_pdf, statement_pdf
from tallybook.papers.typeset import typesetter
from tests.support import papers
from tests.support.papers import LOOK, line, lines, paper, text

SUM = re.compile(r"(Brought|Carried) forward (−?[\d,]+\.\d\d)")


def invoice(of: Paper, look: Look = LOOK) -> bytes:
    return paper_pdf(of, look, payment=papers.payment(of))


def amount(written: str) -> Decimal:
    return Decimal(written.replace(",", "").replace("−", "-"))


def test_an_invoice_names_both_parties_and_all_amounts():
    found = text(invoice(papers.rich()))
    for expected in (
        *("Invoice INV-2026-00042", "Sturm & Partner GbR · Hansaring 61 · 50670 Köln"),
        *("Müller & Söhne GmbH", "EC1A 1BB", "United Kingdom", "Date 5 Mar 2026"),
        *("Due 19 Mar 2026", "Period 1 Feb 2026 – 28 Feb 2026", "Purchase order PO-7781"),
        *("12.5 h 140.00 19% 1,750.00", "1 480.00 10% 19% 432.00", "3 24.90 7% 74.70"),
        *("Subtotal 3,016.70", "Loyalty 5% −150.84", "Courier 18.50", "Net total 2,884.36"),
        *("VAT 19% on 2,809.66 533.84", "VAT 7% on 74.70 5.23", "Total 3,423.43"),
        *("Paid −500.00", "Amount due EUR 2,923.43", "Thank you for working with us."),
        *("Please pay EUR 2,923.43 by 19 Mar 2026", "IBAN DE89 3704 0044 0532 0130 00"),
        *("VAT ID DE123456789", "Amtsgericht Köln HRB 12345", "Page 1 of 1"),
    ):
        assert expected in found, expected


def test_prices_with_tax_are_added_up_with_tax():
    of = paper(
        [line("119"), line("49.99", quantity=Decimal(3))],
        prices_include_tax=True,
        allowances=[Adjustment(percent=Decimal(3), tax_rate=Decimal(19))],
    )
    found = text(invoice(of))
    for expected in (
        *("3 49.99 19% 149.97", "Subtotal 268.97", "Discount 3% −8.07"),
        *(f"Amount due EUR {of.sums.gross}", "Including VAT 19% on 219.24 41.66"),
    ):
        assert expected in found
    assert "Net total" not in found


def test_a_credit_note_says_what_it_corrects_and_asks_for_nothing():
    found = text(paper_pdf(papers.credit_note(), LOOK, payment=Payment(amount=Decimal(1))))
    assert "Credit note CN-2026-00003" in found
    assert "Credit for invoice INV-2026-00042 of 5 Mar 2026" in found
    assert "Credit EUR 904.40" in found
    assert "Please pay" not in found


def test_an_estimate_holds_until_a_day():
    found = text(paper_pdf(papers.estimate(), LOOK, payment=None))
    assert "Estimate EST-2026-00007" in found
    assert "Valid until 19 Mar 2026" in found
    assert "Total EUR 3,580.91" in found


def test_a_draft_is_marked_and_asks_for_nothing():
    found = text(invoice(paper(number=None)))
    assert "DRAFT" in found
    assert "Please pay EUR" not in found


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("AE", "Reverse charge: the recipient is liable for the VAT."),
        ("K", "VAT-exempt intra-Community supply."),
        ("G", "VAT-exempt export."),
        ("O", "Not subject to VAT."),
        ("E", "§ 4 Nr. 21 UStG"),
    ],
)
def test_why_no_tax_is_charged_is_said(category: str, expected: str):
    of = paper(
        [line(tax_rate=Decimal(0), tax_category=category)],
        exemption_reason="§ 4 Nr. 21 UStG" if category == "E" else None,
    )
    found = text(invoice(of))
    assert expected in found
    assert ("VAT 0% on 120.00" in found) == (category != "O")


def test_a_statement_has_each_currency_with_its_balances_and_ages():
    of = papers.account_statement(8, currencies=("EUR", "USD"))
    found = text(statement_pdf(of, LOOK))
    for part in of.currencies:
        assert f"Closing balance {part.currency} {part.closing:,}" in found
        assert all(f"{row.balance:,}".replace("-", "−") in found for row in part.rows)
    assert "Opening balance 310.40" in found
    assert "Period 1 Jan 2026 – 31 Mar 2026" in found
    assert "Open on 31 Mar 2026, by days past due" in found
    assert "31–60 days" in found


def test_a_statement_without_entries_has_its_balances():
    found = text(statement_pdf(papers.account_statement(0), LOOK))
    assert "Opening balance 310.40" in found
    assert "Closing balance EUR 310.40" in found


def test_a_receipt_says_what_was_paid_with_it():
    found = text(receipt_pdf(papers.receipt(), LOOK))
    for expected in (
        *("Receipt PAY-00091", "Amount received EUR 3,000.00", "Paid by Bank transfer"),
        *("Invoice INV-2026-00042 5 Mar 2026 2,499.99", "Kept as credit 100.01"),
    ):
        assert expected in found


def test_words_and_numbers_are_german_in_german():
    found = text(invoice(papers.rich(), Look(locale="de-DE")))
    for expected in (
        *("Rechnung INV-2026-00042", "Datum 05.03.2026", "12,5 h 140,00 19 % 1.750,00"),
        *("Zu zahlen 2.923,43 EUR", "Seite 1 von 1", "USt-IdNr. DE123456789"),
    ):
        assert expected in found


@pytest.mark.parametrize(("shape", "size"), [("letter", (612, 792)), ("a4", (595, 842))])
def test_the_sheet_is_as_the_firm_prints(shape: Literal["a4", "letter"], size: tuple[int, int]):
    box = PdfReader(BytesIO(invoice(paper(), Look(paper=shape)))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


@pytest.mark.parametrize("count", [1, 12, 20, 21, 22, 23, 24, 25, 26, 58, 59, 60, 61, 300, 1350])
def test_sums_are_carried_from_page_to_page(count: int):
    carried_sums_are_right(paper(lines(count)))


@settings(max_examples=12)
@given(st.lists(st.integers(1, 12), min_size=5, max_size=40))
def test_sums_are_carried_whatever_the_height_of_rows(heights: list[int]):
    of = lines(len(heights))
    tall = [
        replace(each, description=f"{each.description}\n" + "More of it. " * 9 * height)
        for each, height in zip(of, heights, strict=True)
    ]
    carried_sums_are_right(paper(tall))


def carried_sums_are_right(of: Paper) -> None:
    """Each page ends with the sum of all lines so far, and the next one begins with it."""
    found = papers.pages(invoice(of))
    wanted = dict(enumerate(of.sums.line_nets, 1))
    running, before = Decimal(0), None
    for place, page in enumerate(found):
        items = [int(number) for number in re.findall(r"Item (\d+):", page)]
        sums = {word: amount(written) for word, written in SUM.findall(page)}
        assert sums.get("Brought") == (before if items or place == 0 else None)
        running += sum((wanted.pop(item) for item in items), Decimal(0))
        before = running if wanted else None
        assert sums.get("Carried") == before
        assert f"Page {place + 1} of {len(found)}" in page
    assert not wanted
    assert running == of.sums.lines


def test_a_statement_carries_its_balance():
    of = papers.account_statement(60)
    found = [SUM.findall(page) for page in papers.pages(statement_pdf(of, LOOK))]
    balances = {row.balance for row in of.currencies[0].rows}
    assert len(found) > 1
    for page, following in pairwise(found):
        assert page[-1][0] == "Carried"
        assert following[0] == ("Brought", page[-1][1])
        assert amount(page[-1][1]) in balances


def test_a_description_longer_than_a_page_goes_on_over_pages():
    of = paper([line(description="Word " * 3000), line(description="ж" * 4000), line()])
    found = text(invoice(of))
    assert found.count("Word") == 3000
    assert found.count("ж") == 4000
    assert "Amount due EUR 428.40" in found


@pytest.mark.parametrize("count", [5, 60])
def test_the_same_values_make_the_same_bytes(count: int):
    first = invoice(paper(lines(count)))
    invoice(paper(lines(3)))
    typesetter.cache_clear()
    assert invoice(paper(lines(count))) == first


def test_it_claims_to_be_pdf_a_3_and_holds_the_xml():
    pdf = paper_pdf(paper(), LOOK, payment=None, xml="<ä/>".encode())
    reader = PdfReader(BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3<" in metadata
    assert "<pdfaid:conformance>B<" in metadata
    assert reader.attachments == {"factur-x.xml": ["<ä/>".encode()]}
    (file,) = (each.get_object() for each in root["/AF"])
    assert file["/AFRelationship"] == "/Alternative"
    assert reader.metadata is not None
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == date(2026, 3, 5)
    assert reader.metadata.title == "Invoice INV-2026-00042"


@pytest.mark.parametrize(
    "footer", ["Word. " * 166, "Line\n" * 200, "株" * 1000], ids=["words", "lines", "wide"]
)
def test_a_long_footer_stays_on_the_page(footer: str):
    heights: list[float] = []

    def seen(_text: str, outer: list[float], inner: list[float], *_rest: Any) -> None:
        heights.append(inner[5] * outer[3] + outer[5])

    for page in PdfReader(BytesIO(invoice(paper(lines(30)), Look(footer=footer)))).pages:
        assert "Page " in page.extract_text(visitor_text=seen)
    assert min(height for height in heights if height) > 20
