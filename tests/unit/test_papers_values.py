"""What papers are made of: QR codes, formats, words, fonts and logos."""

import base64
import re
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from tallybook.invoices.kinds import Account
from tallybook.mail.colours import contrast
from tallybook.papers import documents, epc, fonts, languages, letter, logos
from tallybook.papers.formats import formats_of
from tallybook.papers.kinds import Look
from tallybook.papers.pdf import paper_pdf
from tests.support import papers
from tests.support.papers import ACCOUNT, LOOK, SVG, line, paper, text

LOCALES = ["en-GB", "en-US", "de-DE", "de-AT", "de-CH", "fr-FR", "es-ES", "it-IT", "nl-NL"]
LOCALES += ["pl-PL", "sv-SE", "da-DK", "cs-CZ", "fi-FI", "nb-NO", "pt-PT"]
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqM"
    "yP/L2u71////m8H////6/+b9//j/wAALCAAEAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAv/EABQQAQAAAAAAAAAA"
    "AAAAAAAAAAD/2gAIAQEAAD8AL//Z"
)


def transfer(amount: str = "1190.00", currency: str = "EUR", **parts: object) -> str | None:
    given_: dict[str, Any] = {
        "account": ACCOUNT,
        "name": "Sturm",
        "reference": "INV-2026-00042",
    } | parts
    return epc.transfer(Decimal(amount), currency, **given_)


def test_the_code_of_an_invoice_is_a_sepa_transfer():
    sheet = documents.sheet(paper(), LOOK, papers.payment(paper()))
    assert papers.scanned(sheet["payment"]["qr"]).split("\n") == [
        *("BCD", "002", "1", "SCT", "COBADEFFXXX", "Sturm & Partner GbR"),
        *("DE89370400440532013000", "EUR3580.91", "", "", "INV-2026-00042"),
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "parts"),
    [
        ("0.00", "EUR", {}),
        ("1000000000.00", "EUR", {}),
        ("10.00", "USD", {}),
        ("10.00", "EUR", {"account": Account(bic="COBADEFFXXX")}),
        ("10.00", "EUR", {"account": Account(iban=ACCOUNT.iban), "name": " "}),
        (
            "10.00",
            "EUR",
            {"name": "株" * 70, "account": Account(iban=ACCOUNT.iban), "reference": "会" * 140},
        ),
    ],
)
def test_there_is_no_code_where_no_transfer_is_possible(amount, currency, parts):
    assert transfer(amount, currency, **parts) is None


def test_a_code_has_one_line_for_each_of_its_fields():
    found = transfer(
        name="A\nB",
        account=Account(iban="de89 3704 0044 0532 0130 00"),
        reference="x" * 200 + "\ny",
    )
    assert found is not None
    assert found.split("\n")[5:] == [
        *("A B", "DE89370400440532013000", "EUR1190.00", "", "", "x" * 140),
    ]


@given(
    st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=20),
    st.decimals("0.01", "999999999.99", places=2),
)
def test_what_is_drawn_can_be_read(name: str, amount: Decimal):
    found = transfer(str(amount), name=name, account=Account(iban=ACCOUNT.iban))
    assert found is not None
    assert papers.scanned(epc.drawn(found)) == found


def test_without_a_transfer_the_code_is_the_link():
    of = paper(currency="USD")
    payment = papers.payment(of, link="https://pay.example/t/abc")
    sheet = documents.sheet(of, LOOK, payment)["payment"]
    assert papers.scanned(sheet["qr"]) == "https://pay.example/t/abc"
    assert sheet["hint"] == "Scan to pay online"


@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_and_dates_are_as_in_cldr(locale: str):
    formats, their = formats_of(locale), locale.replace("-", "_")
    for number in ("1234567.89", "-98765.40", "0.05"):
        written = format_decimal(Decimal(number), "#,##0.00", locale=their)
        expected = written.replace("\u202f", " ").replace("\xa0", " ").replace("-", "−")
        found = formats.money(Decimal(number), "EUR")
        assert found.replace("\u202f", " ").replace("\xa0", " ") == expected
    day = date(2026, 3, 5)
    style = "medium" if locale.startswith("en") else None
    if style:
        assert formats.date(day).replace("\xa0", " ") == format_date(day, style, locale=their)


def test_amounts_have_the_decimals_of_their_currency():
    formats = formats_of("en-GB")
    assert formats.money(Decimal(1250), "JPY") == "1,250"
    assert formats.money(Decimal("1250.5"), "KWD") == "1,250.500"
    assert formats.priced_in(Decimal(-1190), "EUR") == "EUR\xa0−1,190.00"
    assert formats_of("de-DE").priced_in(Decimal(1190), "EUR") == "1.190,00\xa0EUR"
    assert formats.number(Decimal("12.500")) == "12.5"
    assert formats.number(Decimal("1E+3"), decimals=2) == "1,000.00"
    assert formats.number(Decimal("0.0125"), decimals=2) == "0.0125"


def test_every_language_has_its_own_words():
    english, german = languages.words_of("en"), languages.words_of("de-AT")
    same = {
        each.name
        for each in fields(english)
        if getattr(english, each.name) == getattr(german, each.name)
    }
    assert same <= {"tax_on", "bank"}
    for each in fields(english):
        one, other = getattr(english, each.name), getattr(german, each.name)
        if isinstance(one, dict):
            assert one.keys() == other.keys()
        else:
            assert sorted(re.findall(r"{\w+}", one)) == sorted(re.findall(r"{\w+}", other))
    assert languages.words_of("en-US").tax == "Tax"
    assert languages.words_of("xx-YY") is english


def test_the_table_of_characters_is_that_of_the_fonts():
    for character in "Aßжα株شक한ไ₹−□’…":
        assert fonts.settable(character) == character
    for character in "🎉𓀀\ue000\U0010ffff":
        assert fonts.settable(character) == fonts.SUBSTITUTE


def test_what_cannot_be_seen_is_left_out():
    assert fonts.settable("a\x00b\u202ec\r\nd\te\u2003f\ufe0f") == "abc\nd e f"


def test_long_words_can_break_but_letters_keep_their_marks():
    assert fonts.settable("x" * 29) == "x" * 29
    assert fonts.settable("x" * 40).split("\u200b") == ["x" * 8] * 5
    assert "\u200b" not in fonts.settable("DE89 3704 0044 0532 0130 00")
    assert all(not part.startswith("\u0e31") for part in fonts.settable("กั" * 30).split("\u200b"))


def test_logos_are_told_by_their_content():
    assert logos.suffix_of(papers.png()) == "png"
    assert logos.suffix_of(JPEG) == "jpg"
    assert logos.suffix_of(SVG) == "svg"
    assert logos.suffix_of(b"<?xml version='1.0'?>\n<!-- drawn -->" + SVG) == "svg"
    for refused in (b"", b"GIF89a", b"<html>", JPEG[:20], b"\xff\xd8\xff", SVG + b" " * 2_000_000):
        assert logos.suffix_of(refused) is None
    huge = papers.png()[:16] + (60_000).to_bytes(4) + (60_000).to_bytes(4)
    assert logos.suffix_of(huge) is None


@pytest.mark.parametrize("logo", [papers.png(), JPEG, SVG], ids=["png", "jpeg", "svg"])
def test_a_logo_takes_the_place_of_the_name(logo: bytes):
    with_logo = paper_pdf(paper(), Look(logo=logo), payment=None)
    plain = paper_pdf(paper(), LOOK, payment=None)
    assert (
        text(plain).count("Sturm & Partner GbR\n")
        == text(with_logo).count("Sturm & Partner GbR\n") + 1
    )


@pytest.mark.parametrize(
    "logo", [b"", b"GIF89a", papers.png()[:60], b"<svg", b"<svg ><g></svg>", JPEG[:60]]
)
def test_a_broken_logo_gives_way_to_the_name(logo: bytes):
    assert paper_pdf(paper(), Look(logo=logo), payment=None) == paper_pdf(
        paper(), LOOK, payment=None
    )


@pytest.mark.parametrize("colour", ["#ffffff", "#facc15", "#1a6f5c", "#000000", "#7dd3fc"])
def test_every_colour_can_be_read(colour: str):
    sheet = documents.sheet(paper(), Look(colour=colour), None)
    assert contrast(sheet["accent"], "#ffffff") >= 4.5


def test_an_address_is_as_on_an_envelope():
    us = papers.BUYER.__class__(
        name="Blue Ridge LLC",
        street1="1204 Meadow Lane",
        city="Asheville",
        state="NC",
        postal_code="28801",
        country="US",
    )
    assert letter.address(us, abroad=True) == [
        *("Blue Ridge LLC", "1204 Meadow Lane", "Asheville, NC 28801", "United States"),
    ]
    assert letter.address(papers.SELLER, abroad=False) == [
        *("Sturm & Partner GbR", "Katharina Sturm", "Hansaring 61", "50670 Köln"),
    ]
    assert letter.address(papers.BUYER.__class__(person="Zoë"), abroad=False) == ["Zoë"]


def test_columns_are_there_where_they_are_needed():
    plain = paper([line(tax_rate=Decimal(0), tax_category="O")])
    sheet = documents.sheet(plain, LOOK, None)
    assert sheet["table"]["headings"] == ["Description", "Quantity", "Price", "Amount EUR"]
