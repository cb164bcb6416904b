"""UBL: what is written, read back without our own code, and judged by the official validation."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import facturx  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings

from tallybook._countries import NAMES
from tallybook._currencies import DECIMALS
from tallybook.einvoices.ubl import ubl
from tallybook.invoices._units import CODES
from tallybook.invoices.einvoice import _UNLISTED
from tallybook.invoices.kinds import Account, Paper, Party
from tests.unit.einvoice_cases import (
    BUYER,
    CASES,
    SELLER,
    UBL_RULES,
    Said,
    agrees,
    credit_note,
    each_case,
    lacking,
    line,
    paper,
    papers,
    part,
    refused,
)

_NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def tree(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314


def texts(root: ET.Element, path: str) -> list[str]:
    return [each.text or "" for each in root.findall(path, _NAMES)]


def text(root: ET.Element, path: str) -> str | None:
    return root.findtext(path, namespaces=_NAMES)


def _amount(root: ET.Element, path: str) -> Decimal:
    return Decimal(text(root, path) or 0)


def _taxed(root: ET.Element, tag: str) -> str:
    return f"{text(root, f'cac:{tag}/cbc:ID')} {text(root, f'cac:{tag}/cbc:Percent') or ''}"


def read(xml: bytes) -> Said:
    root = tree(xml)
    lines = root.findall("cac:InvoiceLine", _NAMES) + root.findall("cac:CreditNoteLine", _NAMES)
    total = "cac:LegalMonetaryTotal/cbc:"
    return Said(
        lines=tuple(
            (
                _amount(each, "cbc:InvoicedQuantity") + _amount(each, "cbc:CreditedQuantity"),
                _amount(each, "cac:Price/cbc:PriceAmount"),
                _amount(each, "cac:AllowanceCharge/cbc:Amount"),
                _amount(each, "cbc:LineExtensionAmount"),
            )
            for each in lines
        ),
        shares=tuple(
            (
                text(each, "cbc:ChargeIndicator") == "true",
                _amount(each, "cbc:Amount"),
                _taxed(each, "TaxCategory"),
            )
            for each in root.findall("cac:AllowanceCharge", _NAMES)
        ),
        taxes=tuple(
            (
                _taxed(each, "TaxCategory"),
                _amount(each, "cbc:TaxableAmount"),
                _amount(each, "cbc:TaxAmount"),
            )
            for each in root.findall("cac:TaxTotal/cac:TaxSubtotal", _NAMES)
        ),
        totals={
            "lines": _amount(root, f"{total}LineExtensionAmount"),
            "allowances": _amount(root, f"{total}AllowanceTotalAmount"),
            "charges": _amount(root, f"{total}ChargeTotalAmount"),
            "net": _amount(root, f"{total}TaxExclusiveAmount"),
            "tax": _amount(root, "cac:TaxTotal/cbc:TaxAmount"),
            "gross": _amount(root, f"{total}TaxInclusiveAmount"),
            "prepaid": _amount(root, f"{total}PrepaidAmount"),
            "rounding": _amount(root, f"{total}PayableRoundingAmount"),
            "due": _amount(root, f"{total}PayableAmount"),
        },
        texts=frozenset(
            filter(None, (each.text for each in root.iter() if not re.search("Amount$", each.tag)))
        ),
    )


# ---- All cases ---------------------------------------------------------------------------


@each_case
def test_a_complete_paper_lacks_nothing(case: Paper):
    assert lacking(case) == []


@each_case
def test_the_sums_are_right(case: Paper):
    said = read(ubl(case))
    agrees(said, DECIMALS[case.document.currency])
    assert said.totals["gross"] == case.sums.gross
    assert said.totals["due"] == case.sums.balance


@each_case
def test_the_schema_admits_it(case: Paper):
    assert facturx.xml_check_xsd(ubl(case))


@each_case
def test_the_official_validation_finds_nothing(case: Paper):
    assert refused(ubl(case)) == set()


@settings(max_examples=150, deadline=None)
@given(papers())
def test_the_sums_of_any_document_are_right(case: Paper):
    agrees(read(ubl(case)))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(papers())
def test_the_official_validation_finds_nothing_in_any_document(case: Paper):
    if not lacking(case):
        assert refused(ubl(case)) == set()


# ---- What is missing is named ------------------------------------------------------------

_SAME = {  # what the validation finds with what `warnings` names, since one causes the other
    "BR-08": "BR-09",
    "BR-10": "BR-11",
    "BR-IC-12": "BR-11",
    "BR-CO-18": "BR-16",
    "BR-CO-21": "BR-33",
    "BR-CO-22": "BR-38",
    "BR-O-12": "BR-O-11",
    "BR-O-13": "BR-O-11",
    "BR-O-14": "BR-O-11",
    "BR-CL-03": "BR-CL-04",
    "BR-S-09": "BR-CO-17",
}
NOBODY = Party()
_ALL = [
    line(rate=0 if each else 19, tax_category=each) for each in (None, "Z", "E", "AE", "K", "G")
]
LACKING = {
    "no seller": paper(*_ALL, seller=NOBODY),
    "no buyer": paper(*_ALL, buyer=NOBODY),
    "nobody": paper(*_ALL, seller=NOBODY, buyer=NOBODY, account=Account(), due_date=None),
    "nobody, credited": credit_note(*_ALL, seller=NOBODY, buyer=NOBODY, due_date=None),
    "nobody, outside the scope": paper(line(rate=0, tax_category="O"), seller=NOBODY, buyer=NOBODY),
    "outside the scope, known by a VAT id": paper(
        line(rate=0, tax_category="O"), seller=replace(SELLER, registration=None)
    ),
    "outside and inside the scope": paper(
        line(),
        line(rate=0, tax_category="O"),
        allowances=[part(1)],
        charges=[part(1, rate=0, tax_category="O")],
    ),
    "standard at no rate": paper(
        line(rate=0, tax_category="S"),
        allowances=[part(1, rate=0, tax_category="S")],
        charges=[part(2, rate=0, tax_category="S")],
    ),
    "no reason for an exemption": paper(line(rate=0, tax_category="E")),
    "no reasons": paper(line(), allowances=[part(1, reason=None)], charges=[part(1, reason=" ")]),
    "no line": paper(),
    "no unit, no description": paper(line(unit=None, description=None)),
    "a unit of one's own": paper(line(unit="hours"), line(unit="hur"), line(unit="\x07")),
    "a price below 0": paper(line(1, -5)),
    "no day": paper(line(), due_date=None),
    "blank names": paper(
        line(), seller=replace(SELLER, name=" "), buyer=replace(BUYER, name="\n", country=" ")
    ),
    "names that XML cannot hold": paper(
        line(description="\x00"), buyer=replace(BUYER, name="\x01")
    ),
    "VAT ids without a country": paper(
        line(), seller=replace(SELLER, vat_id="123"), buyer=replace(BUYER, vat_id="ZZ1")
    ),
    "no VAT ids": paper(
        *_ALL, seller=replace(SELLER, vat_id=None), buyer=replace(BUYER, vat_id=None)
    ),
    "no tax number": paper(*_ALL, seller=replace(SELLER, vat_id=None, tax_number=None)),
    "nothing to be known by": paper(line(), seller=replace(SELLER, vat_id=None, registration=None)),
    "only parts are taxed": paper(
        line(rate=0, tax_category="G"),
        allowances=[part(1), part(1, rate=0, tax_category="AE")],
        charges=[part(1, rate=0, tax_category="K"), part(1, rate=0, tax_category="E")],
        seller=replace(SELLER, vat_id=None, tax_number=None),
        buyer=NOBODY,
    ),
    "three decimals": paper(
        line(1, "1.234"), allowances=[part("0.123")], charges=[part("0.1")], currency="KWD"
    ),
    "a currency that the norm lacks": paper(line(), currency="STN"),
    "a rate below half a percent": paper(line(1, 1000, rate="0.4")),
    "a yen that holds as much tax": paper(
        line(1, 1, rate=100), currency="JPY", prices_include_tax=True
    ),
}


# With three decimals it also rounds the sums to two before it compares them.
_OF_THREE_DECIMALS = ("BR-DEC-", "BR-CO-1", "BR-S-08", "UBL-DT-01")


def named(code: str, case: Paper) -> str:
    if DECIMALS[case.document.currency] > 2 and code.startswith(_OF_THREE_DECIMALS):
        return "BR-DEC-23"
    if code in _SAME:
        return _SAME[code]
    # -02 speaks of lines, -03 of allowances, -04 of charges: `warnings` names all by the first.
    return re.sub(r"^(BR-(?:S|Z|E|AE|IC|G))-0[34]$", r"\1-02", code)


def _refused(case: Paper) -> set[str]:
    return {named(each, case) for each in refused(ubl(case))}


@pytest.mark.parametrize("case", LACKING.values(), ids=LACKING)
def test_whatever_the_validation_refuses_is_named(case: Paper):
    assert _refused(case) <= {each.code for each in lacking(case)}


@pytest.mark.parametrize("name", sorted(LACKING.keys() - {"no day"}))
def test_and_it_does_refuse_what_lacks_something(name: str):
    assert refused(ubl(LACKING[name]))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(papers())
def test_whatever_it_refuses_of_any_document_of_nobody_isnamed(case: Paper):
    bare = replace(case, seller=NOBODY, buyer=NOBODY, exemption_reason=None)
    assert _refused(bare) <= {each.code for each in lacking(bare)}


def _listed(rule: str) -> set[str]:
    rules = UBL_RULES.read_text(encoding="utf-8")
    return set(rules[: rules.index(rule)].rpartition("contains(' ")[2].partition("'")[0].split())


def test_what_we_take_for_a_code_is_one():
    assert _listed("BR-CL-23") == CODES
    assert NAMES.keys() <= _listed("BR-CL-14")
    assert DECIMALS.keys() - _listed("BR-CL-04") == _UNLISTED


# ---- What is written ---------------------------------------------------------------------


def test_drafts_and_estimates_are_no_e_invoices():
    for other in ({"number": None}, {"kind": "estimate"}):
        with pytest.raises(ValueError, match="Only an invoice or credit note with a number"):
            ubl(replace(CASES["one line"], **other))


def test_references_and_days():
    root = tree(ubl(CASES["all references"]))
    assert text(root, "cbc:CustomizationID") == "urn:cen.eu:en16931:2017"
    assert text(root, "cbc:InvoiceTypeCode") == "380"
    assert text(root, "cbc:DueDate") == "2026-03-31"
    assert text(root, "cac:OrderReference/cbc:ID") == "PO-7"
    assert text(root, "cbc:BuyerReference") == "04011000-12345-03"
    assert text(root, "cbc:Note") == "Thank you.\nSee you soon."
    assert text(root, "cac:InvoicePeriod/cbc:EndDate") == "2026-01-31"
    assert text(root, "cac:Delivery/cbc:ActualDeliveryDate") == "2026-02-28"


def test_a_credit_note_names_its_invoice_and_when_it_is_paid():
    root = tree(ubl(CASES["credit note"]))
    assert root.tag.endswith("CreditNote")
    assert text(root, "cbc:CreditNoteTypeCode") == "381"
    assert text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "INV-2026-0001"
    assert text(root, "cac:PaymentMeans/cbc:PaymentDueDate") == "2026-03-31"
    assert read(ubl(CASES["credit note"])).totals["due"] == Decimal(119)


@pytest.mark.parametrize(
    ("name", "code", "account"),
    [
        ("one line", "58", "DE02120300000000202051"),
        ("dollars", "30", "DE02120300000000202051"),
        ("an account outside SEPA", "30", "US64SVBKUS6S3300958879"),
        ("no account", None, None),
        ("credit note without an account", "1", None),
    ],
)
def test_how_to_pay(name, code, account):
    root = tree(ubl(CASES[name]))
    assert text(root, "cac:PaymentMeans/cbc:PaymentMeansCode") == code
    assert text(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == account


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("one line", []),
        ("zero rated", []),
        ("exempt beside taxed", [(None, "§ 4 Nr. 21 UStG")]),
        ("reverse charge", [("VATEX-EU-AE", "Reverse charge")]),
        (
            "reverse charge in German",
            [("VATEX-EU-AE", "Steuerschuldnerschaft des Leistungsempfängers")],
        ),
        ("intra-Community", [("VATEX-EU-IC", "Intra-Community supply")]),
        ("export", [("VATEX-EU-G", "Export outside the EU")]),
        ("outside the scope", [("VATEX-EU-O", "Not subject to VAT")]),
    ],
)
def test_why_no_tax_is_charged(name, reasons):
    categories = tree(ubl(CASES[name])).findall(".//cac:TaxSubtotal/cac:TaxCategory", _NAMES)
    found = [
        (text(each, "cbc:TaxExemptionReasonCode"), text(each, "cbc:TaxExemptionReason"))
        for each in categories
    ]
    assert [each for each in found if any(each)] == reasons


def test_vat_ids_are_written_as_registered_and_not_at_all_outside_the_scope():
    party = ".//cac:PartyTaxScheme/cbc:CompanyID"
    written = texts(tree(ubl(CASES["one line"])), party)
    assert written == ["DE123456789", "29/815/08151", "SE556677889901"]
    assert texts(tree(ubl(CASES["outside the scope"])), party) == ["29/815/08151"]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("intra-Community", "2026-03-01"),
        ("intra-Community on a day", "2026-02-27"),
        ("intra-Community over a month", None),
    ],
)
def test_an_intra_community_supply_says_when_and_where(name, day):
    root = tree(ubl(CASES[name]))
    assert text(root, "cac:Delivery/cbc:ActualDeliveryDate") == day
    assert texts(root, "cac:Delivery//cbc:IdentificationCode") == ["SE"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("discount", [("1", "100", "10.00", "90.00")]),
        ("discount of a third", [("3", "9.99", "9.99", "19.98")]),
        ("prices with tax", [("3", "8.393", "0", "25.18")]),
        (
            "prices with tax and a discount",
            [("3", "8.395", "3.16", "22.03"), ("0", "4.2017", "0", "0")],
        ),
        ("credit line", [("1", "100", "0", "100"), ("-1", "30", "0", "-30")]),
    ],
)
def test_the_price_is_before_the_discount_and_without_tax(name, lines):
    wanted = tuple(tuple(Decimal(each) for each in row) for row in lines)
    assert read(ubl(CASES[name])).lines == wanted


def test_what_was_paid_since_is_taken_off():
    totals = read(ubl(CASES["a deposit and a credit"], paid=Decimal("10.50"))).totals
    assert (totals["prepaid"], totals["due"]) == (Decimal("79.50"), Decimal("39.50"))


def test_a_text_is_what_was_entered_less_what_xml_cannot_hold():
    root = tree(ubl(CASES["what XML cannot hold"]))
    assert text(root, ".//cac:Item/cbc:Name") == "Bell and half and"
    assert "Anna" in texts(root, ".//cbc:RegistrationName")
    assert text(root, "cbc:Note") is None
    reserved = tree(ubl(CASES["what XML reserves"]))
    assert text(reserved, ".//cac:Item/cbc:Name") == "<b>\"A\" & 'B'</b> ]]> &amp;"


def test_the_first_line_of_a_description_is_the_name():
    item = tree(ubl(CASES["a title and a text"])).find(".//cac:Item", _NAMES)
    assert item is not None
    assert text(item, "cbc:Name") == "Advice"
    assert text(item, "cbc:Description") == "Two days in Malmö\nand one at home"


def test_the_rules_are_shipped_with_their_licence():
    folder = Path(UBL_RULES).parent
    assert "EUROPEAN UNION PUBLIC LICENCE v. 1.2" in (folder / "LICENSE.txt").read_text()
