"""An e-invoice as UN/CEFACT's Cross Industry Invoice (D16B, D22B) writes it: for Factur-X.

EN 16931 in the binding of CEN/TS 16931-3-3. The order of the elements is that of the schema.
"""

from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

from tallybook.einvoices.content import PROFILE, content, plain
from tallybook.einvoices.elements import document, group, leaf, node
from tallybook.einvoices.kinds import Breakdown, Content, Row, Share
from tallybook.invoices.kinds import Category, Paper, Party

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_NOTHING = Decimal(0)


def cii(paper: Paper, *, paid: Decimal = _NOTHING) -> bytes:
    """The CrossIndustryInvoice of a finalized paper. Raises ValueError for an estimate or draft.

    `paid` is what was paid or credited beside what `paper.sums` says.
    """
    told = content(paper, paid=paid)
    guideline = node("ram:GuidelineSpecifiedDocumentContextParameter", leaf("ram:ID", PROFILE))
    root = node(
        "rsm:CrossIndustryInvoice",
        node("rsm:ExchangedDocumentContext", guideline),
        node(
            "rsm:ExchangedDocument",
            leaf("ram:ID", told.number),
            leaf("ram:TypeCode", told.type_code),
            _day("ram:IssueDateTime", paper.issue_date),
            group("ram:IncludedNote", leaf("ram:Content", paper.notes)),
        ),
        node(
            "rsm:SupplyChainTradeTransaction",
            *(_line(told, row) for row in told.rows),
            _agreement(told),
            _delivery(told),
            _settlement(told),
        ),
    )
    root.set("xmlns:rsm", f"{_STANDARD}CrossIndustryInvoice:100")
    root.set("xmlns:ram", f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100")
    root.set("xmlns:qdt", f"{_STANDARD}QualifiedDataType:100")
    root.set("xmlns:udt", f"{_STANDARD}UnqualifiedDataType:100")
    return document(root)


def _day(tag: str, day: date | None, kind: str = "udt") -> Element | None:
    """A day as code 102 of UNTDID 2379 writes it: 20260331."""
    if day is None:
        return None
    return node(tag, leaf(f"{kind}:DateTimeString", f"{day:%Y%m%d}".zfill(8), format="102"))


def _agreement(told: Content) -> Element:
    paper = told.paper
    return node(
        "ram:ApplicableHeaderTradeAgreement",
        leaf("ram:BuyerReference", paper.buyer_reference),
        node("ram:SellerTradeParty", *_party(told.seller, number=None)),
        node("ram:BuyerTradeParty", *_party(told.buyer, number=told.buyer.number)),
        group(
            "ram:BuyerOrderReferencedDocument", leaf("ram:IssuerAssignedID", paper.purchase_order)
        ),
    )


def _party(party: Party, *, number: str | None) -> list[Element | None]:
    called = leaf("ram:CompleteNumber", party.telephone)
    mailed = leaf("ram:URIID", party.email)
    return [
        leaf("ram:ID", number),
        leaf("ram:Name", party.name),
        group("ram:SpecifiedLegalOrganization", leaf("ram:ID", party.registration)),
        group(
            "ram:DefinedTradeContact",
            leaf("ram:PersonName", party.person),
            group("ram:TelephoneUniversalCommunication", called),
            group("ram:EmailURIUniversalCommunication", mailed),
        ),
        group(
            "ram:PostalTradeAddress",
            leaf("ram:PostcodeCode", party.postal_code),
            leaf("ram:LineOne", party.street1),
            leaf("ram:LineTwo", party.street2),
            leaf("ram:CityName", party.city),
            leaf("ram:CountryID", party.country),
            leaf("ram:CountrySubDivisionName", party.state),
        ),
        group("ram:SpecifiedTaxRegistration", leaf("ram:ID", party.vat_id, schemeID="VA")),
        group("ram:SpecifiedTaxRegistration", leaf("ram:ID", party.tax_number, schemeID="FC")),
    ]


def _delivery(told: Content) -> Element:
    to = group("ram:PostalTradeAddress", leaf("ram:CountryID", told.delivered_to))
    return node(
        "ram:ApplicableHeaderTradeDelivery",
        group("ram:ShipToTradeParty", to),
        group("ram:ActualDeliverySupplyChainEvent", _day("ram:OccurrenceDateTime", told.delivered)),
    )


def _settlement(told: Content) -> Element:
    paper = told.paper
    first, last = paper.period or (None, None)
    return node(
        "ram:ApplicableHeaderTradeSettlement",
        leaf("ram:PaymentReference", told.number if told.means else None),
        leaf("ram:InvoiceCurrencyCode", paper.document.currency),
        _means(told),
        *(_tax(told, each) for each in told.taxes),
        group(
            "ram:BillingSpecifiedPeriod",
            _day("ram:StartDateTime", first),
            _day("ram:EndDateTime", last),
        ),
        *(_share(told, share) for share in told.shares),
        group(
            "ram:SpecifiedTradePaymentTerms",
            leaf("ram:Description", paper.payment_terms),
            _day("ram:DueDateDateTime", paper.due_date),
        ),
        _summation(told),
        _corrected(paper),
    )


def _means(told: Content) -> Element | None:
    if told.means is None:
        return None
    iban, bic = told.account.iban, told.account.bic
    account = node(
        "ram:PayeePartyCreditorFinancialAccount",
        leaf("ram:IBANID", iban),
        leaf("ram:AccountName", told.account.holder),
    )
    bank = group("ram:PayeeSpecifiedCreditorFinancialInstitution", leaf("ram:BICID", bic))
    return node(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        leaf("ram:TypeCode", told.means),
        *((account, bank) if iban else ()),
    )


def _tax(told: Content, tax: Breakdown) -> Element:
    return node(
        "ram:ApplicableTradeTax",
        _amount(told, "ram:CalculatedAmount", tax.tax),
        leaf("ram:TypeCode", "VAT"),
        leaf("ram:ExemptionReason", tax.reason),
        _amount(told, "ram:BasisAmount", tax.taxable),
        leaf("ram:CategoryCode", tax.category),
        leaf("ram:ExemptionReasonCode", tax.reason_code),
        _percent(tax.rate),
    )


def _amount(told: Content, tag: str, amount: Decimal | None) -> Element | None:
    return None if amount is None else leaf(tag, told.money(amount))


def _percent(rate: Decimal | None) -> Element | None:
    return leaf("ram:RateApplicablePercent", plain(rate))


def _category(tag: str, category: Category, rate: Decimal | None) -> Element:
    return node(
        tag, leaf("ram:TypeCode", "VAT"), leaf("ram:CategoryCode", category), _percent(rate)
    )


def _share(told: Content, share: Share, *, in_line: bool = False) -> Element:
    taxed = None if in_line else _category("ram:CategoryTradeTax", share.category, share.rate)
    return node(
        "ram:SpecifiedTradeAllowanceCharge",
        node("ram:ChargeIndicator", leaf("udt:Indicator", str(share.charge).lower())),
        leaf("ram:CalculationPercent", plain(share.percent)),
        _amount(told, "ram:BasisAmount", share.base),
        _amount(told, "ram:ActualAmount", share.amount),
        leaf("ram:ReasonCode", share.reason_code),
        leaf("ram:Reason", share.reason),
        taxed,
    )


def _summation(told: Content) -> Element:
    sums = told.paper.sums
    has = {share.charge for share in told.shares}
    currency = told.paper.document.currency
    return node(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        _amount(told, "ram:LineTotalAmount", sums.lines),
        _amount(told, "ram:ChargeTotalAmount", sums.charges if True in has else None),
        _amount(told, "ram:AllowanceTotalAmount", sums.allowances if False in has else None),
        _amount(told, "ram:TaxBasisTotalAmount", sums.net),
        leaf("ram:TaxTotalAmount", told.money(sums.tax), currencyID=currency),
        _amount(told, "ram:RoundingAmount", sums.rounding or None),
        _amount(told, "ram:GrandTotalAmount", sums.gross),
        _amount(told, "ram:TotalPrepaidAmount", told.prepaid or None),
        _amount(told, "ram:DuePayableAmount", told.due),
    )


def _corrected(paper: Paper) -> Element | None:
    if not paper.corrects:
        return None
    number, day = paper.corrects
    return node(
        "ram:InvoiceReferencedDocument",
        leaf("ram:IssuerAssignedID", number),
        _day("ram:FormattedIssueDateTime", day, "qdt"),
    )


def _line(told: Content, row: Row) -> Element:
    price = node("ram:NetPriceProductTradePrice", leaf("ram:ChargeAmount", plain(row.price)))
    quantity = leaf("ram:BilledQuantity", plain(row.quantity), unitCode=row.unit)
    net = _amount(told, "ram:LineTotalAmount", row.net)
    return node(
        "ram:IncludedSupplyChainTradeLineItem",
        node("ram:AssociatedDocumentLineDocument", leaf("ram:LineID", row.number)),
        node(
            "ram:SpecifiedTradeProduct",
            leaf("ram:Name", row.name),
            leaf("ram:Description", row.description),
        ),
        node("ram:SpecifiedLineTradeAgreement", price),
        node("ram:SpecifiedLineTradeDelivery", quantity),
        node(
            "ram:SpecifiedLineTradeSettlement",
            _category("ram:ApplicableTradeTax", row.category, row.rate),
            _share(told, row.discount, in_line=True) if row.discount else None,
            node("ram:SpecifiedTradeSettlementLineMonetarySummation", net),
        ),
    )
