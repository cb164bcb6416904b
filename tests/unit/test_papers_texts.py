"""Papers have whatever a text is made of: markup, scripts, emoji."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallybook.invoices.kinds import Adjustment, Paper, Party
from tallybook.papers import fonts
from tallybook.papers.kinds import Look
from tallybook.papers.pdf import paper_pdf
from tests.support import papers
from tests.support.papers import LOOK, line, paper, text

HOSTILE = '#panic("x") *b* _i_ $x^2$ \\ ] [ "q" <l> @r `c` // no /* ~ = - + #{'


def invoice(of: Paper, look: Look = LOOK) -> bytes:
    return paper_pdf(of, look, payment=papers.payment(of))


@pytest.mark.parametrize(
    ("language", "code", "shown"),
    [
        ("de-DE", "HUR", "2 Std."),
        ("en-GB", "HUR", "2 h"),
        ("en-GB", "XBX", "2 XBX"),
        ("de-DE", "C62", "2"),
        ("de-DE", None, "2"),
    ],
)
def test_a_quantity_has_its_unit_in_short(language: str, code: str | None, shown: str):
    of = paper([line("7", quantity=Decimal(2), unit=code)])
    row = text(invoice(of, Look(locale=language))).replace("\N{NO-BREAK SPACE}", " ")
    price = "7,00" if language == "de-DE" else "7.00"
    assert f"Consulting {shown} {price}" in " ".join(row.split())


def test_nothing_in_a_text_is_markup():
    who = Party(**dict.fromkeys(("name", "person", "street1", "city", "number"), HOSTILE))
    of = paper(
        [line(description=HOSTILE, unit="#h")],
        seller=replace(who, vat_id=HOSTILE),
        buyer=who,
        notes=HOSTILE,
        purchase_order=HOSTILE,
        charges=[Adjustment(amount=Decimal(1), reason=HOSTILE, tax_rate=Decimal(19))],
    )
    found = "".join(text(invoice(of, Look(footer=HOSTILE))).split())
    assert found.count("".join(HOSTILE.split())) >= 8


SCRIPTS = {
    "NotoSansArabic": "شركة النور للتجارة العامة",
    "NotoSansHebrew": "כהן ובניו בע״מ",
    "NotoSansThai": "บริษัท สยามการค้า จำกัด",
    "NotoSansDevanagari": "श्री गणेश ट्रेडर्स प्राइवेट लिमिटेड",
    "NotoSansCJKsc": "上海天龙贸易有限公司",
    "NotoSansCJKjp": "株式会社さくら",
    "NotoSansCJKkr": "한국무역 주식회사",
    "NotoSansTamil": "தமிழ் நிறுவனம்",
    "NotoSansGeorgian": "საქართველო",
    "SourceSans3": "Παπαδόπουλος Γιώργος, Иван Щукин, Nguyễn Thị Thảo, Łódź, ẞ",
}


@pytest.mark.parametrize("font", SCRIPTS)
def test_names_of_the_world_are_set_in_a_font_that_has_them(font: str):
    name = SCRIPTS[font]
    pdf = invoice(paper(buyer=Party(name=name, city=name), notes=name))
    assert any(each.startswith(font) for each in papers.fonts_of(pdf))
    assert fonts.SUBSTITUTE not in text(pdf)


def test_chinese_is_drawn_as_in_the_readers_country():
    for country, region in (("CN", "sc"), ("TW", "tc"), ("HK", "hk"), ("JP", "jp")):
        pdf = invoice(paper(buyer=Party(name="骨直門", country=country)))
        assert any(each.startswith(f"NotoSansCJK{region}") for each in papers.fonts_of(pdf))


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_there_is_a_paper_for_every_text(anything: str):
    of = paper([line(description=anything)], buyer=Party(name=anything), notes=anything)
    assert "Amount due EUR 142.80" in text(invoice(of))


def test_what_no_font_has_is_a_box():
    assert "Party □ tonight" in text(invoice(paper(notes="Party 🎉 tonight\a")))


def test_a_text_that_cannot_be_set_after_all_is_set_in_latin(monkeypatch):
    monkeypatch.setattr(fonts, "_covered", lambda point: True)
    assert "Party □ Ä" in text(invoice(paper(notes="Party 🎉 Ä")))
