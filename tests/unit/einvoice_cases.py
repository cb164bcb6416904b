"""Papers that become e-invoices, what reads them back, and the official validation."""

import os
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import strategies as st

from tallybook.invoices.einvoice import Finding, Terms, warnings
from tallybook.invoices.kinds import (
    Account,
    Adjustment,
    Document,
    Line,
    Paper,
    Party,
)
from tallybook.invoices.rules import totals

SELLER = Party(
    name="Kontor GmbH",
    person="Eva Roth",
    street1="Hauptstraße 1",
    street2="Hinterhaus",
    city="Berlin",
    state="Berlin",
    postal_code="10115",
    country="DE",
    vat_id="DE 123 456 789",
    tax_number="29/815/08151",
    registration="HRB 12345",
    email="rechnung@kontor.example",
    telephone="+49 30 1234567",
)
BUYER = Party(
    name="Anna AB",
    person="Anna Berg",
    street1="Storgatan 2",
    city="Malmö",
    postal_code="211 34",
    country="SE",
    vat_id="SE556677889901",
    registration="556677-8899",
    number="C-1001",
    email="anna@anna.example",
    telephone="+46 40 123456",
)
ACCOUNT = Account(
    iban="DE02 1203 0000 0000 2020 51", bic="BYLADEM1001", bank="DKB", holder="Kontor GmbH"
)
ISSUED, DUE = date(2026, 3, 1), date(2026, 3, 31)
JANUARY = date(2026, 1, 1), date(2026, 1, 31)


def line(quantity: Any = 1, price: Any = 100, rate: Any = 19, **more: Any) -> Line:
    made = {"description": "Advice", "unit": "HUR"} | more
    if "discount_percent" in made:
        made["discount_percent"] = Decimal(str(made["discount_percent"]))
    return Line(
        quantity=Decimal(str(quantity)),
        unit_price=Decimal(str(price)),
        tax_rate=Decimal(str(rate)),
        **made,
    )


def part(amount: Any = None, *, percent: Any = None, rate: Any = 19, **more: Any) -> Adjustment:
    return Adjustment(
        amount=None if amount is None else Decimal(str(amount)),
        percent=None if percent is None else Decimal(str(percent)),
        tax_rate=Decimal(str(rate)),
        **({"reason": "Loyalty"} | more),
    )


def paper(*lines: Line, **more: Any) -> Paper:
    """An invoice over `lines`; what a document, its sums or a paper has is named."""
    of_document = {
        name: more.pop(name)
        for name in ("allowances", "charges", "prices_include_tax", "round_to")
        if name in more
    }
    of_sums = {name: Decimal(more.pop(name)) for name in ("paid", "credited") if name in more}
    document = Document(currency=more.pop("currency", "EUR"), lines=lines, **of_document)
    made: dict[str, Any] = {
        "kind": "invoice",
        "number": "INV-2026-0001",
        "issue_date": ISSUED,
        "due_date": DUE,
        "seller": SELLER,
        "buyer": BUYER,
        "account": ACCOUNT,
    } | more
    return Paper(document=document, sums=totals(document, **of_sums), **made)


def credit_note(*lines: Line, **more: Any) -> Paper:
    corrects = ("INV-2026-0001", ISSUED)
    return paper(*lines, **{"kind": "credit_note", "number": "CN-1", "corrects": corrects} | more)


def _untaxed(category: str, **more: Any) -> Line:
    return line(rate=0, tax_category=category, **more)


SWISS = {"currency": "CHF", "round_to": Decimal("0.05")}
CASES: dict[str, Paper] = {
    "one line": paper(line()),
    "two rates": paper(line(), line(rate=7)),
    "four rates": paper(line(), line(rate=7), line(rate="5.5"), line(rate=0)),
    "zero rated": paper(line(rate=0)),
    "zero rated, said so": paper(_untaxed("Z")),
    "exempt": paper(_untaxed("E"), exemption_reason="§ 4 Nr. 21 UStG"),
    "exempt beside taxed": paper(line(), _untaxed("E"), exemption_reason="§ 4 Nr. 21 UStG"),
    "reverse charge": paper(_untaxed("AE")),
    "reverse charge in German": paper(
        _untaxed("AE"), exemption_reason="Steuerschuldnerschaft des Leistungsempfängers"
    ),
    "reverse charge to one without VAT id": paper(
        _untaxed("AE"), buyer=replace(BUYER, vat_id=None)
    ),
    "intra-Community": paper(_untaxed("K")),
    "intra-Community on a day": paper(_untaxed("K"), delivery_date=date(2026, 2, 27)),
    "intra-Community over a month": paper(_untaxed("K"), period=JANUARY),
    "export": paper(_untaxed("G"), buyer=replace(BUYER, country="US", vat_id=None)),
    "outside the scope": paper(_untaxed("O")),
    "outside the scope, with parts": paper(
        _untaxed("O"),
        allowances=[part(10, rate=0, tax_category="O")],
        charges=[part(5, rate=0, tax_category="O")],
    ),
    "every category that can be mixed": paper(
        line(),
        *(_untaxed(each) for each in ("Z", "E", "AE", "K", "G")),
        exemption_reason="§ 4 Nr. 21 UStG",
    ),
    "discount": paper(line(discount_percent=10)),
    "discount of a third": paper(line(3, "9.99", discount_percent="33.33")),
    "everything off": paper(line(discount_percent=100)),
    "many decimals": paper(line("0.333333333", "19.123456789"), line("1E+3", "0.0001")),
    "half a cent": paper(line("0.5", "0.25"), line("2.5", "0.01")),
    "nothing to pay": paper(line(1, 0)),
    "a quantity of nothing": paper(line(0, 100), line(0, 100, discount_percent=5)),
    "allowance": paper(line(), allowances=[part(10)]),
    "allowance in percent": paper(line(), line(rate=7), allowances=[part(percent="2.5")]),
    "charge": paper(line(), charges=[part("4.90", rate=19, reason="Freight")]),
    "allowances and charges of two rates": paper(
        line(),
        line(rate=7),
        allowances=[part(10), part(percent=3, rate=7)],
        charges=[part(5), part(percent=1, rate=7)],
    ),
    "a rate that only a charge has": paper(line(), charges=[part(5, rate=7)]),
    "an allowance above the lines": paper(line(1, 5), allowances=[part(10)]),
    "credit line": paper(line(), line(-1, 30)),
    "credit line with a discount": paper(line(), line(-2, "9.99", discount_percent="12.5")),
    "only credit lines": paper(line(-3, "3.33"), due_date=None),
    "prices with tax": paper(line(3, "9.99"), prices_include_tax=True),
    "prices with tax, of two rates": paper(
        line(3, "9.99"), line(7, "0.33", rate=7), line(1, "119"), prices_include_tax=True
    ),
    "prices with tax and a discount": paper(
        line(3, "9.99", discount_percent="12.5"), line(0, 5), prices_include_tax=True
    ),
    "prices with tax and parts": paper(
        line(10, "1.19"),
        line(-1, "0.99"),
        allowances=[part(percent=10)],
        charges=[part("3.57")],
        prices_include_tax=True,
    ),
    "a gross without a net": paper(line(1, "0.03", rate=20), prices_include_tax=True),
    "prices with tax of a thousand": paper(line(1000, "0.0199"), prices_include_tax=True),
    "yen": paper(line(3, 333, rate=10), currency="JPY", account=Account()),
    "yen with tax": paper(
        line(3, 333, rate=8, discount_percent=5), currency="JPY", prices_include_tax=True
    ),
    "Swiss coins": paper(line(1, "10.03", rate="8.1"), **SWISS),
    "Swiss coins, rounded down": paper(line(1, "10.01", rate=0), **SWISS),
    "a deposit": paper(line(), paid="50"),
    "a deposit and a credit": paper(line(), paid="50", credited="19"),
    "paid": paper(line(), paid="119", due_date=None),
    "paid in coins": paper(line(1, "10.03", rate="8.1"), paid="5.25", **SWISS),
    "terms instead of a day": paper(line(), due_date=None, payment_terms="30 days net"),
    "terms and a day": paper(line(), payment_terms="2 % in 10 days\n30 days net"),
    "all references": paper(
        line(),
        purchase_order="PO-7",
        buyer_reference="04011000-12345-03",
        notes="Thank you.\nSee you soon.",
        delivery_date=date(2026, 2, 28),
        period=JANUARY,
    ),
    "a correction": paper(line(), corrects=("INV-1", date(2025, 12, 31))),
    "no account": paper(line(), account=Account()),
    "an account outside SEPA": paper(line(), account=Account(iban="US64SVBKUS6S3300958879")),
    "dollars": paper(line(), currency="USD"),
    "a small business": paper(
        _untaxed("E"),
        seller=replace(SELLER, vat_id=None),
        exemption_reason="Kleinunternehmer, § 19 UStG",
    ),
    "only what must be": paper(
        line(),
        seller=Party(name="A", country="DE", vat_id="DE1"),
        buyer=Party(name="B", country="GR"),
        account=Account(),
    ),
    "a Greek VAT id": paper(line(), buyer=replace(BUYER, country="GR", vat_id="el 123456789")),
    "credit note": credit_note(line()),
    "credit note without an account": credit_note(line(), account=Account()),
    "credit note without a day": credit_note(line(), due_date=None, payment_terms="At once"),
    "credit note of everything": credit_note(
        line(3, "9.99", discount_percent="12.5"),
        line(-1, "1.50", rate=7),
        allowances=[part(percent=3)],
        charges=[part(1, rate=7)],
        notes="Returned",
        period=JANUARY,
    ),
    "credit note over prices with tax": credit_note(line(3, "9.99"), prices_include_tax=True),
    "credit note, reverse charge": credit_note(_untaxed("AE")),
    "credit note, intra-Community": credit_note(_untaxed("K")),
    "credit note, outside the scope": credit_note(_untaxed("O")),
    "long texts": paper(line(description="Ä" * 1000), notes="long " * 2000),
    "a title and a text": paper(line(description="Advice\nTwo days in Malmö\nand one at home")),
    "scripts of the world": paper(
        line(description="コンサルティング"),
        seller=replace(SELLER, name="株式会社タリー", city="東京"),
        buyer=replace(BUYER, name="شركة الفاتورة\u200f", person="Ελένη Παπαδοπούλου 🦉"),
        notes="Счёт-фактура · חשבונית · ใบแจ้งหนี้",
    ),
    "what XML reserves": paper(
        line(description="<b>\"A\" & 'B'</b> ]]> &amp;", unit="C62"),
        buyer=replace(BUYER, name="<![CDATA[Smith & Sons]]>"),
        notes="<!-- -- ?> <?xml &#0; -->",
    ),
    "what XML cannot hold": paper(
        line(description="Bell\x07 and \ud800half\x00 and \ufffe"),
        buyer=replace(BUYER, name="\x0bAnna\x1f"),
        notes="\x01",
    ),
    "a note like a code": paper(line(), notes="Order #123# and #4#"),
    "twenty lines": paper(*(line(each, "1.11", rate=each % 3 * 7) for each in range(1, 21))),
    "large sums": paper(line("99999", "99999.99"), line("12345.678", "9876.54321")),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def lacking(case: Paper) -> list[Finding]:
    terms = Terms(
        due_date=case.due_date,
        payment_terms=case.payment_terms,
        exemption_reason=case.exemption_reason,
    )
    return warnings(case.document, case.sums, seller=case.seller, buyer=case.buyer, terms=terms)


# ---- Any document ------------------------------------------------------------------------

_rates = st.sampled_from([None, None, "S", "Z", "E", "AE", "K", "G"])


def _numbers(least: int, most: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=places)


_lines = st.builds(
    Line,
    quantity=_numbers(-50, 999, 3),
    unit_price=_numbers(0, 9999, 4),
    discount_percent=st.none() | _numbers(0, 100, 2),
    tax_rate=st.sampled_from(["1", "5.5", "7", "19", "25"]).map(Decimal),
    tax_category=_rates,
    description=st.text(max_size=20).map(lambda text: f"A{text}"),
    unit=st.sampled_from(["HUR", "C62"]),
)
_parts = st.builds(
    lambda percent, number, **more: part(**{"percent" if percent else "amount": number}, **more),
    percent=st.booleans(),
    number=_numbers(0, 50, 2),
    rate=st.sampled_from(["7", "19"]),
    tax_category=_rates,
)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Any paper that lacks nothing."""
    texts = st.none() | st.text(max_size=30)
    return draw(st.sampled_from([paper, credit_note]))(
        *draw(st.lists(_lines, min_size=1, max_size=5)),
        allowances=draw(st.lists(_parts, max_size=2)),
        charges=draw(st.lists(_parts, max_size=2)),
        prices_include_tax=draw(st.booleans()),
        currency=draw(st.sampled_from(["EUR", "USD"])),
        round_to=draw(st.sampled_from([None, Decimal("0.05")])),
        paid=draw(_numbers(0, 100, 2)),
        exemption_reason="§ 4",
        notes=draw(texts),
        payment_terms=draw(texts),
        purchase_order=draw(texts),
    )


# ---- The official validation -------------------------------------------------------------

UBL_RULES = Path(__file__).parents[1] / "en16931" / "EN16931-UBL-validation.xslt"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}failed-assert"


def _needed(*things: bool) -> None:
    if not all(things):
        message = "The official validation is missing: tests/en16931 or the package saxonche."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@cache
def _saxon() -> Any:
    import saxonche

    return saxonche.PySaxonProcessor(license=False)


@cache
def _compiled(rules: Path) -> Any:
    return _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))


def refused(xml: bytes, rules: Path = UBL_RULES) -> set[str]:
    """The rules that the official validation finds broken, warnings among them."""
    _needed(rules.is_file(), find_spec("saxonche") is not None)
    node = _saxon().parse_xml(xml_text=xml.decode())
    report = ET.fromstring(_compiled(rules).transform_to_string(xdm_node=node))  # noqa: S314
    return {each.get("id", "?") for each in report.iter(_SVRL)}


# ---- Reading back ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Said:
    """The amounts of an e-invoice, whatever its syntax."""

    lines: tuple[tuple[Decimal, ...], ...]  # quantity, price, discount, net
    shares: tuple[tuple[bool, Decimal, str], ...]  # charge, amount, category and rate
    taxes: tuple[tuple[str, Decimal, Decimal], ...]  # category and rate, taxable, tax
    totals: dict[str, Decimal]
    texts: frozenset[str]


def agrees(said: Said, decimals: int = 2) -> None:
    """The rules of the norm that recompute sums, read off what was written."""
    unit = Decimal(1).scaleb(-decimals)
    sums = said.totals
    for quantity, price, discount, net in said.lines:
        assert price >= 0  # BR-27
        assert abs(quantity * price - discount - net) <= unit / 2
    assert sums["lines"] == sum(each[-1] for each in said.lines)  # BR-CO-10
    for charge, name in ((False, "allowances"), (True, "charges")):  # BR-CO-11, -12
        assert sums[name] == sum(each[1] for each in said.shares if each[0] is charge)
    assert sums["net"] == sums["lines"] - sums["allowances"] + sums["charges"]  # BR-CO-13
    assert sums["tax"] == sum(each[2] for each in said.taxes)  # BR-CO-14
    assert sums["net"] == sum(each[1] for each in said.taxes)
    assert sums["gross"] == sums["net"] + sums["tax"]  # BR-CO-15
    assert sums["due"] == sums["gross"] - sums["prepaid"] + sums["rounding"]  # BR-CO-16
    for rate, taxable, tax in said.taxes:  # BR-CO-17, and its tolerance for prices with tax
        percent = Decimal(rate.partition(" ")[2] or 0)
        assert abs(taxable * percent / 100 - tax) <= unit
