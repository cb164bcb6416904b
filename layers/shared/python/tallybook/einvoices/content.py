"""What an e-invoice says, whatever its syntax: UBL and CII are two ways to write it.

BT-… and BG-… are terms of EN 16931-1, BR-… its rules.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from tallybook.einvoices.elements import cleaned
from tallybook.einvoices.kinds import Breakdown, Content, Row, Share
from tallybook.invoices.kinds import Account, Adjustment, Category, Line, Paper, Party
from tallybook.invoices.rules import category_and_rate, rounded
from tallybook.money import quantum

PROFILE = "urn:cen.eu:en16931:2017"  # BT-24: the norm's core, without a national extension

# BT-120 and BT-121: the standard texts, and their codes in the list VATEX.
_REASONS: dict[Category, tuple[str, str]] = {
    "AE": ("Reverse charge", "VATEX-EU-AE"),
    "K": ("Intra-Community supply", "VATEX-EU-IC"),
    "G": ("Export outside the EU", "VATEX-EU-G"),
    "O": ("Not subject to VAT", "VATEX-EU-O"),
}
_NOTHING = Decimal(0)
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_TRANSFER, _SEPA_TRANSFER, _UNDEFINED = "30", "58", "1"  # BT-81, of UNCL 4461
_SEPA = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT"
    " NL NO PL PT RO RS SE SI SK SM VA"
)


def content(paper: Paper, *, paid: Decimal = _NOTHING) -> Content:
    """What the e-invoice of a finalized invoice or credit note says. Raises ValueError for others.

    `paid` is what was paid or credited beside `paper.sums.paid` and `.credited`: since then.
    """
    if paper.kind == "estimate" or not paper.number:
        raise ValueError("Only an invoice or credit note with a number becomes an e-invoice.")
    used = {each.category for each in paper.sums.taxes}
    with localcontext(_EXACT):
        return Content(
            paper=paper,
            number=paper.number,
            type_code="381" if paper.kind == "credit_note" else "380",
            seller=_shown(paper.seller, used),
            buyer=_shown(paper.buyer, used),
            account=_account(paper.account),
            means=_means(paper),
            delivered=_delivered(paper, used),
            delivered_to=paper.buyer.country if "K" in used else None,  # BR-IC-12
            rows=tuple(_rows(paper)),
            shares=tuple(_shares(paper)),
            taxes=tuple(_taxes(paper, used)),
            prepaid=paper.sums.paid + paper.sums.credited + paid,
            due=paper.sums.balance - paid,  # BR-CO-16
        )


def plain(number: Decimal | None) -> str | None:
    """A quantity, price or rate without zeros behind: 20 for 20.00 and 2E+1."""
    with localcontext(_EXACT):
        return None if number is None else f"{number.normalize():f}"


def _shown(party: Party, used: set[Category]) -> Party:
    """VAT ids as they are registered, without blanks; none with category O (BR-O-02, -03, -04)."""
    vat_id = None if "O" in used else "".join((party.vat_id or "").split()).upper()
    return replace(party, vat_id=vat_id or None)


def _account(account: Account) -> Account:
    iban, bic = ("".join((text or "").split()).upper() for text in (account.iban, account.bic))
    return replace(account, iban=iban or None, bic=bic or None)


def _means(paper: Paper) -> str | None:
    """How to pay: by SEPA within it, else by transfer (BR-61); no means without an account.

    A credit note has no other place for its due date than its means in UBL.
    """
    iban = _account(paper.account).iban
    if iban:
        sepa = paper.document.currency == "EUR" and iban[:2] in _SEPA.split()
        return _SEPA_TRANSFER if sepa else _TRANSFER
    return _UNDEFINED if paper.kind == "credit_note" and paper.due_date else None


def _delivered(paper: Paper, used: set[Category]) -> date | None:
    if "K" in used and not paper.period:
        return paper.delivery_date or paper.issue_date  # BR-IC-11
    return paper.delivery_date


def _rate(entry: Line | Adjustment) -> tuple[Category, Decimal | None]:
    category, rate = category_and_rate(entry)
    return category, None if category == "O" else rate  # BR-O-05, -06, -07


def _rows(paper: Paper) -> Iterator[Row]:
    for place, line in enumerate(paper.document.lines):
        name, _, description = (cleaned(line.description) or "").partition("\n")
        category, rate = _rate(line)
        net = paper.sums.line_nets[place]
        price, discount = _price(line, net, paper)
        yield Row(
            number=str(place + 1),
            name=cleaned(name),
            description=cleaned(description),
            quantity=line.quantity,
            unit=line.unit,
            price=price,
            discount=discount,
            net=net,
            category=category,
            rate=rate,
        )


def _price(line: Line, net: Decimal, paper: Paper) -> tuple[Decimal, Share | None]:
    """A net price and a discount for which quantity x price - discount, rounded, is the net.

    A discount is written as an allowance of the line, of what the line would cost without it: so
    the price is the one that was entered, the percentage can be read, and the sum is exact.
    """
    currency = paper.document.currency
    price = line.unit_price
    if paper.document.prices_include_tax:
        price = _net_price(line, net, currency)
    if not line.discount_percent:
        return price, None
    base = rounded(line.quantity * price, currency)
    discount = Share(
        charge=False,
        amount=base - net,
        base=base,
        percent=line.discount_percent,
        reason="Discount",
        reason_code="95",  # of UNCL 5189
    )
    return price, discount


def _net_price(line: Line, net: Decimal, currency: str) -> Decimal:
    """The price without its tax, with the fewest decimals that the line's net comes of.

    Two decimals beyond the currency's, where a discount makes up for the rest.
    """
    unit = quantum(currency)
    _, rate = category_and_rate(line)
    entered = line.unit_price / (1 + rate / 100)
    if line.discount_percent or not line.quantity:
        return entered.quantize(unit.scaleb(-2))
    for price in (entered.quantize(unit), (net / line.quantity).quantize(unit)):
        if rounded(line.quantity * price, currency) == net:
            return price
    while rounded(line.quantity * price, currency) != net:
        unit = unit.scaleb(-1)
        price = (net / line.quantity).quantize(unit)
    return price


def _shares(paper: Paper) -> Iterator[Share]:
    """BG-20 and BG-21. The percentage is of the nets, so it is left out where prices hold tax."""
    document, sums = paper.document, paper.sums
    for charge, entries, amounts in (
        (False, document.allowances, sums.allowance_amounts),
        (True, document.charges, sums.charge_amounts),
    ):
        for entry, amount in zip(entries, amounts, strict=True):
            percent = None if document.prices_include_tax else entry.percent
            category, rate = _rate(entry)
            yield Share(
                charge=charge,
                amount=amount,
                base=None if percent is None else sums.lines,
                percent=percent,
                reason=entry.reason,
                category=category,
                rate=rate,
            )


def _taxes(paper: Paper, used: set[Category]) -> Iterator[Breakdown]:
    """BG-23. The reason that was entered is that of E, or else of the only other without tax."""
    untaxed = used & {"E", *_REASONS}
    for each in paper.sums.taxes:
        standard, code = _REASONS.get(each.category, (None, None))
        alone = each.category == "E" or untaxed == {each.category}
        entered = cleaned(paper.exemption_reason) if alone else None
        yield Breakdown(
            category=each.category,
            rate=None if each.category == "O" else each.rate,
            taxable=each.taxable,
            tax=each.tax,
            reason=entered or standard,
            reason_code=code,
        )
