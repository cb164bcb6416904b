"""An e-invoice as UBL 2.1 writes it: EN 16931 in the binding of CEN/TS 16931-3-2.

The order of the elements is that of the schema.
"""

from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

from tallybook.einvoices.content import PROFILE, content, plain
from tallybook.einvoices.elements import cleaned, document, group, leaf, node
from tallybook.einvoices.kinds import Breakdown, Content, Row, Share
from tallybook.invoices.kinds import Category, Paper, Party

_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"
_NOTHING = Decimal(0)


def ubl(paper: Paper, *, paid: Decimal = _NOTHING) -> bytes:
    """The Invoice or CreditNote of a finalized paper. Raises ValueError for an estimate or draft.

    `paid` is what was paid or credited beside what `paper.sums` says.
    """
    told = content(paper, paid=paid)
    kind = "CreditNote" if paper.kind == "credit_note" else "Invoice"
    root = node(kind, *_head(told, kind), *_parties(told), *_sums(told))
    root.extend(_line(told, row, kind) for row in told.rows)
    root.set("xmlns", f"{_SCHEMA}{kind}-2")
    root.set("xmlns:cac", f"{_SCHEMA}CommonAggregateComponents-2")
    root.set("xmlns:cbc", f"{_SCHEMA}CommonBasicComponents-2")
    return document(root)


def _head(told: Content, kind: str) -> list[Element | None]:
    paper = told.paper
    return [
        leaf("cbc:CustomizationID", PROFILE),
        leaf("cbc:ID", told.number),
        _day("cbc:IssueDate", paper.issue_date),
        _day("cbc:DueDate", paper.due_date) if kind == "Invoice" else None,
        leaf(f"cbc:{kind}TypeCode", told.type_code),
        leaf("cbc:Note", _note(paper.notes)),
        leaf("cbc:DocumentCurrencyCode", paper.document.currency),
        leaf("cbc:BuyerReference", paper.buyer_reference),
        _period(paper),
        group("cac:OrderReference", leaf("cbc:ID", paper.purchase_order)),
        _corrected(paper),
    ]


def _note(notes: str | None) -> str | None:
    """A note that holds a "#" says its subject, "general information".

    What stands between the first two would be taken for its code (BT-21, BR-CL-08).
    """
    return f"#AAI#{cleaned(notes)}" if notes and "#" in notes else notes


def _day(tag: str, day: date | None) -> Element | None:
    return leaf(tag, day.isoformat()) if day else None


def _period(paper: Paper) -> Element | None:
    if not paper.period:
        return None
    first, last = paper.period
    return node("cac:InvoicePeriod", _day("cbc:StartDate", first), _day("cbc:EndDate", last))


def _corrected(paper: Paper) -> Element | None:
    if not paper.corrects:
        return None
    number, day = paper.corrects
    reference = node(
        "cac:InvoiceDocumentReference", leaf("cbc:ID", number), _day("cbc:IssueDate", day)
    )
    return node("cac:BillingReference", reference)


def _parties(told: Content) -> list[Element | None]:
    return [
        node("cac:AccountingSupplierParty", _party(told.seller, number=None)),
        node("cac:AccountingCustomerParty", _party(told.buyer, number=told.buyer.number)),
        group(
            "cac:Delivery",
            _day("cbc:ActualDeliveryDate", told.delivered),
            group("cac:DeliveryLocation", group("cac:Address", _country(told.delivered_to))),
        ),
        _means(told),
        group("cac:PaymentTerms", leaf("cbc:Note", told.paper.payment_terms)),
    ]


def _party(party: Party, *, number: str | None) -> Element:
    return node(
        "cac:Party",
        group("cac:PartyIdentification", leaf("cbc:ID", number)),
        group(
            "cac:PostalAddress",
            leaf("cbc:StreetName", party.street1),
            leaf("cbc:AdditionalStreetName", party.street2),
            leaf("cbc:CityName", party.city),
            leaf("cbc:PostalZone", party.postal_code),
            leaf("cbc:CountrySubentity", party.state),
            _country(party.country),
        ),
        _registered(party.vat_id, "VAT"),
        _registered(party.tax_number, "FC"),
        group(
            "cac:PartyLegalEntity",
            leaf("cbc:RegistrationName", party.name),
            leaf("cbc:CompanyID", party.registration),
        ),
        group(
            "cac:Contact",
            leaf("cbc:Name", party.person),
            leaf("cbc:Telephone", party.telephone),
            leaf("cbc:ElectronicMail", party.email),
        ),
    )


def _country(code: str | None) -> Element | None:
    return group("cac:Country", leaf("cbc:IdentificationCode", code))


def _registered(number: str | None, scheme: str) -> Element | None:
    identifier = leaf("cbc:CompanyID", number)
    return None if identifier is None else node("cac:PartyTaxScheme", identifier, _scheme(scheme))


def _scheme(name: str) -> Element:
    return node("cac:TaxScheme", leaf("cbc:ID", name))


def _means(told: Content) -> Element | None:
    if told.means is None:
        return None
    due = told.paper.due_date if told.paper.kind == "credit_note" else None
    account = group(
        "cac:PayeeFinancialAccount",
        leaf("cbc:ID", told.account.iban),
        leaf("cbc:Name", told.account.holder),
        group("cac:FinancialInstitutionBranch", leaf("cbc:ID", told.account.bic)),
    )
    return node(
        "cac:PaymentMeans",
        leaf("cbc:PaymentMeansCode", told.means),
        _day("cbc:PaymentDueDate", due),
        leaf("cbc:PaymentID", told.number),
        account if told.account.iban else None,
    )


def _sums(told: Content) -> list[Element | None]:
    sums = told.paper.sums
    has = {share.charge for share in told.shares}
    return [
        *(_share(told, share) for share in told.shares),
        node(
            "cac:TaxTotal",
            _amount(told, "cbc:TaxAmount", sums.tax),
            *(_tax(told, each) for each in told.taxes),
        ),
        node(
            "cac:LegalMonetaryTotal",
            _amount(told, "cbc:LineExtensionAmount", sums.lines),
            _amount(told, "cbc:TaxExclusiveAmount", sums.net),
            _amount(told, "cbc:TaxInclusiveAmount", sums.gross),
            _amount(told, "cbc:AllowanceTotalAmount", sums.allowances if False in has else None),
            _amount(told, "cbc:ChargeTotalAmount", sums.charges if True in has else None),
            _amount(told, "cbc:PrepaidAmount", told.prepaid or None),
            _amount(told, "cbc:PayableRoundingAmount", sums.rounding or None),
            _amount(told, "cbc:PayableAmount", told.due),
        ),
    ]


def _amount(told: Content, tag: str, amount: Decimal | None) -> Element | None:
    if amount is None:
        return None
    return leaf(tag, told.money(amount), currencyID=told.paper.document.currency)


def _share(told: Content, share: Share, *, in_line: bool = False) -> Element:
    taxed = None if in_line else _category("cac:TaxCategory", share.category, share.rate)
    return node(
        "cac:AllowanceCharge",
        leaf("cbc:ChargeIndicator", str(share.charge).lower()),
        leaf("cbc:AllowanceChargeReasonCode", share.reason_code),
        leaf("cbc:AllowanceChargeReason", share.reason),
        leaf("cbc:MultiplierFactorNumeric", plain(share.percent)),
        _amount(told, "cbc:Amount", share.amount),
        _amount(told, "cbc:BaseAmount", share.base),
        taxed,
    )


def _tax(told: Content, tax: Breakdown) -> Element:
    reasons = [
        leaf("cbc:TaxExemptionReasonCode", tax.reason_code),
        leaf("cbc:TaxExemptionReason", tax.reason),
    ]
    return node(
        "cac:TaxSubtotal",
        _amount(told, "cbc:TaxableAmount", tax.taxable),
        _amount(told, "cbc:TaxAmount", tax.tax),
        _category("cac:TaxCategory", tax.category, tax.rate, reasons),
    )


def _category(
    tag: str, category: Category, rate: Decimal | None, reasons: list[Element | None] | None = None
) -> Element:
    percent = leaf("cbc:Percent", plain(rate))
    return node(tag, leaf("cbc:ID", category), percent, *(reasons or []), _scheme("VAT"))


def _line(told: Content, row: Row, kind: str) -> Element:
    counted = "CreditedQuantity" if kind == "CreditNote" else "InvoicedQuantity"
    price = leaf("cbc:PriceAmount", plain(row.price), currencyID=told.paper.document.currency)
    return node(
        f"cac:{kind}Line",
        leaf("cbc:ID", row.number),
        leaf(f"cbc:{counted}", plain(row.quantity), unitCode=row.unit),
        _amount(told, "cbc:LineExtensionAmount", row.net),
        _share(told, row.discount, in_line=True) if row.discount else None,
        node(
            "cac:Item",
            leaf("cbc:Description", row.description),
            leaf("cbc:Name", row.name),
            _category("cac:ClassifiedTaxCategory", row.category, row.rate),
        ),
        node("cac:Price", price),
    )
