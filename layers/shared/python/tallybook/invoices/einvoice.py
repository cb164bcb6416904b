"""What an e-invoice (EN 16931) would lack: told before finalizing, and never a refusal. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tallybook import countries
from tallybook.invoices._units import CODES
from tallybook.invoices.kinds import Adjustment, Category, Document, Line, Party, Tax, Totals
from tallybook.invoices.rules import category_and_rate
from tallybook.money import DECIMALS

# As the norm's rules call them: K is IC, "intra-Community".
_RULES: dict[Category, str] = {"K": "IC"}
# Countries that VAT ids are of: Greece writes EL, Northern Ireland XI; 1A is Kosovo's code here.
_VAT_PREFIXES = {*countries.NAMES, "EL", "XI", "1A"}
_UNLISTED = {"STN"}  # BR-CL-04: the dobra of 2018 is not on the norm's list of ISO 4217
_STANDARD_AT_0 = "Category S asks for a rate above 0; at 0 it is Z, or another of the categories."


@dataclass(frozen=True, kw_only=True)
class Terms:
    """When to pay, and why no tax is charged."""

    due_date: date | None = None  # BT-9
    payment_terms: str | None = None  # BT-20
    exemption_reason: str | None = None  # BT-120


@dataclass(frozen=True)
class Finding:
    """`code` is the rule of the norm, `field` the place of what is missing."""

    code: str
    field: str
    message: str


def warnings(
    document: Document, sums: Totals, *, seller: Party, buyer: Party, terms: Terms
) -> list[Finding]:
    """What the norm asks for and neither the document nor the firm's or client's data hold.

    Left to whoever writes the e-invoice: the standard texts of AE, K, G and O (BR-AE-10 …), the
    date and country of an intra-Community delivery (BR-IC-11, -12), and that no VAT id may be
    written with category O (BR-O-02).
    """
    return [
        *_of_parties(seller, buyer, sums),
        *_of_taxes(seller, buyer, sums, terms),
        *(_off(tax) for tax in sums.taxes if _is_off(tax)),
        *_of_lines(document),
        *_of_adjustments("allowances", "BR-33", "BR-S-06", document.allowances),
        *_of_adjustments("charges", "BR-38", "BR-S-07", document.charges),
        *_of_payment(document, sums, terms),
    ]


def _blank(text: str | None) -> bool:
    """Whether nothing is left of it in XML, which holds no control characters."""
    return not any(each.isprintable() and not each.isspace() for each in text or "")


def _of_parties(seller: Party, buyer: Party, sums: Totals) -> Iterator[Finding]:
    if _blank(seller.name):
        yield Finding("BR-06", "seller.name", "The seller's name is missing.")
    if _blank(seller.country):
        yield Finding("BR-09", "seller.country", "The country of the seller's address is missing.")
    # BR-O-02: out of the scope of VAT, no VAT id may be shown, so it identifies nobody.
    shown = None if _used(sums) & {"O"} else seller.vat_id
    if _blank(shown) and _blank(seller.registration):
        message = "The seller has neither a VAT id nor a registration number to be known by."
        yield Finding("BR-CO-26", "seller.vat_id", message)
    if _blank(buyer.name):
        yield Finding("BR-07", "buyer.name", "The buyer's name is missing.")
    if _blank(buyer.country):
        yield Finding("BR-11", "buyer.country", "The country of the buyer's address is missing.")
    if "O" not in _used(sums):
        yield from _of_vat_ids(("seller", seller), ("buyer", buyer))


def _of_vat_ids(*parties: tuple[str, Party]) -> Iterator[Finding]:
    for whose, party in parties:
        prefix = (party.vat_id or "").strip()[:2].upper()
        if prefix and prefix not in _VAT_PREFIXES:
            message = f"A VAT id begins with the code of its country, such as DE; {prefix} is none."
            yield Finding("BR-CO-09", f"{whose}.vat_id", message)


def _used(sums: Totals) -> set[Category]:
    return {each.category for each in sums.taxes}


def _is_off(tax: Tax) -> bool:
    """Whether the validation, which lets pass less than one unit, finds another product.

    It takes a rate below 0.5 for 0. Beyond that only a rate of 100 percent or more can be so far
    off, and of a currency without decimals: 1 yen that holds its tax is 1 of net and 0 of tax.
    """
    if tax.rate < Decimal("0.5"):
        return abs(tax.tax) >= Decimal("0.5")
    return abs(abs(tax.tax) - abs(tax.taxable) * tax.rate / 100) >= Decimal("0.995")


def _off(tax: Tax) -> Finding:
    message = f"The norm's validation reckons another tax at {tax.rate} percent."
    return Finding("BR-CO-17", "lines", message)


def _of_taxes(seller: Party, buyer: Party, sums: Totals, terms: Terms) -> Iterator[Finding]:
    used = [each for each in ("S", "Z", "E", "AE", "K", "G") if each in _used(sums)]
    for category in used:
        code = f"BR-{_RULES.get(category, category)}-02"
        if category in ("K", "G"):
            if _blank(seller.vat_id):
                message = f"Category {category} asks for the seller's VAT id."
                yield Finding(code, "seller.vat_id", message)
        elif _blank(seller.vat_id) and _blank(seller.tax_number):
            message = f"Category {category} asks for the seller's VAT id or tax number."
            yield Finding(code, "seller.vat_id", message)
    if "AE" in used and _blank(buyer.vat_id) and _blank(buyer.registration):
        message = "Reverse charge asks for the buyer's VAT id or registration number."
        yield Finding("BR-AE-02", "buyer.vat_id", message)
    if "K" in used and _blank(buyer.vat_id):
        message = "An intra-Community supply asks for the buyer's VAT id."
        yield Finding("BR-IC-02", "buyer.vat_id", message)
    if "E" in used and _blank(terms.exemption_reason):
        message = "Why the supply is exempt from tax is missing."
        yield Finding("BR-E-10", "exemption_reason", message)
    if "O" in _used(sums) and len(sums.taxes) > 1:
        message = "Category O (outside the scope of VAT) cannot be mixed with another."
        yield Finding("BR-O-11", "lines", message)


def _of_lines(document: Document) -> Iterator[Finding]:
    if not document.lines:
        yield Finding("BR-16", "lines", "There is no line.")
    for place, line in enumerate(document.lines):
        here = f"lines.{place}"
        if _blank(line.unit):
            yield Finding("BR-23", f"{here}.unit", "The unit of the quantity is missing.")
        elif line.unit not in CODES:
            message = f"{line.unit} is no code of UN/ECE Recommendation 20, such as HUR or C62."
            yield Finding("BR-CL-23", f"{here}.unit", message)
        if _blank(line.description):
            yield Finding("BR-25", f"{here}.description", "The description is missing.")
        if line.unit_price < 0:
            message = "A price cannot be below 0; a credit line has a negative quantity."
            yield Finding("BR-27", f"{here}.unit_price", message)
        if _standard_at_0(line):
            yield Finding("BR-S-05", f"{here}.tax_rate", _STANDARD_AT_0)


def _standard_at_0(entry: Line | Adjustment) -> bool:
    category, rate = category_and_rate(entry)
    return category == "S" and not rate


def _of_adjustments(
    field: str, unexplained: str, at_0: str, adjustments: Sequence[Adjustment]
) -> Iterator[Finding]:
    for place, each in enumerate(adjustments):
        if _blank(each.reason):
            yield Finding(unexplained, f"{field}.{place}.reason", "The reason is missing.")
        if _standard_at_0(each):
            yield Finding(at_0, f"{field}.{place}.tax_rate", _STANDARD_AT_0)


def _of_payment(document: Document, sums: Totals, terms: Terms) -> Iterator[Finding]:
    if sums.balance > 0 and terms.due_date is None and _blank(terms.payment_terms):
        message = "Something is to be paid, and neither a due date nor terms of payment say when."
        yield Finding("BR-CO-25", "due_date", message)
    if DECIMALS[document.currency] > 2:
        message = f"The norm writes amounts with 2 decimals; {document.currency} has more."
        yield Finding("BR-DEC-23", "currency", message)
    if document.currency in _UNLISTED:
        message = f"The norm's list of currencies lacks {document.currency}."
        yield Finding("BR-CL-04", "currency", message)
