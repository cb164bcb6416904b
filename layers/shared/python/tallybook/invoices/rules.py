"""The sums of an invoice, estimate or credit note. Pure.

BR-… are business rules of EN 16931-1, BT-… its terms. A number and its negative are rounded alike
(half up, away from zero), so a credit note mirrors its invoice.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, localcontext

from tallybook.invoices.kinds import (
    Adjustment,
    Category,
    Document,
    InvalidAmount,
    Line,
    Tax,
    Totals,
)
from tallybook.money import DECIMALS, quantum, zero

type _Rate = tuple[Category, Decimal]

_ORDER: tuple[Category, ...] = ("S", "Z", "E", "AE", "K", "G", "O")
_NOTHING = Decimal(0)
_FIFTEEN = Context(prec=15, Emin=0, Emax=14, traps=[Inexact])
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)  # no product of entered numbers is longer


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up to the currency's decimals: 0.125 EUR is 0.13, -0.125 EUR is -0.13."""
    with localcontext(_EXACT):
        return amount.quantize(quantum(currency)) + zero(currency)  # never "-0.00"


def totals(document: Document, *, paid: Decimal = _NOTHING, credited: Decimal = _NOTHING) -> Totals:
    """The sums of a document, as EN 16931 makes them. Raises `InvalidAmount`.

    With `prices_include_tax` everything that is entered contains tax. What is entered for a rate
    is added up and split once: taxable = sum / (1 + rate), tax = sum - taxable, so the gross is
    what was entered. Each line's net is its own share, at most one unit off, so that the nets add
    up to the taxable amount. Not every gross has a net in whole cents (0.03 at 20 percent): the
    tax may then be a unit off rate x taxable rounded, which the norm's validation lets pass.
    """
    currency = document.currency
    with localcontext(_EXACT):
        entered = [
            _line_amount(f"lines.{place}", line, currency)
            for place, line in enumerate(document.lines)
        ]
        base = sum(entered, zero(currency))
        allowances = _adjustments("allowances", document.allowances, base, currency)
        charges = _adjustments("charges", document.charges, base, currency)
        rates = [
            *_rates("lines", document.lines),
            *_rates("allowances", document.allowances),
            *_rates("charges", document.charges),
        ]
        signed = [*entered, *(-each for each in allowances), *charges]
        taxes, nets = _taxes(signed, rates, document)
        first, last = len(entered), len(entered) + len(allowances)
        found = _sums(
            document,
            taxes,
            (nets[:first], [-each for each in nets[first:last]], nets[last:]),
            _amount("paid", paid, currency),
            _amount("credited", credited, currency),
        )
    for name in ("lines", "allowances", "charges", "net", "tax", "gross", "balance"):
        _fitting(f"totals.{name}", getattr(found, name), currency)
    return found


def _sums(
    document: Document,
    taxes: list[Tax],
    nets: tuple[list[Decimal], list[Decimal], list[Decimal]],
    paid: Decimal,
    credited: Decimal,
) -> Totals:
    nothing = zero(document.currency)
    lines, allowances, charges = (sum(each, nothing) for each in nets)  # BR-CO-10, -11, -12
    net = lines - allowances + charges  # BR-CO-13
    tax = sum((each.tax for each in taxes), nothing)  # BR-CO-14
    gross = net + tax  # BR-CO-15
    rounding = _rounding(gross, document)
    return Totals(
        lines=lines,
        allowances=allowances,
        charges=charges,
        net=net,
        tax=tax,
        gross=gross,
        paid=paid,
        credited=credited,
        rounding=rounding,
        balance=gross - paid - credited + rounding,  # BR-CO-16
        taxes=tuple(taxes),
        line_nets=tuple(nets[0]),
        allowance_amounts=tuple(nets[1]),
        charge_amounts=tuple(nets[2]),
    )


def _line_amount(field: str, line: Line, currency: str) -> Decimal:
    """BT-131: quantity x price less discount, rounded once (BR-DEC-23)."""
    quantity = _number(f"{field}.quantity", line.quantity)
    price = _number(f"{field}.unit_price", line.unit_price)
    discount = _percent(f"{field}.discount_percent", line.discount_percent or _NOTHING)
    amount = rounded(quantity * price * (100 - discount) / 100, currency)
    return _fitting(field, amount, currency)


def _adjustments(
    field: str, adjustments: Sequence[Adjustment], base: Decimal, currency: str
) -> list[Decimal]:
    """BT-92, BT-99: as entered, or a percentage of the sum of the lines (BR-DEC-01, -05).

    Of their nets, or, where prices include tax, of the lines with tax.
    """
    amounts = []
    for place, each in enumerate(adjustments):
        here = f"{field}.{place}"
        if each.amount is not None and each.percent is None:
            amounts.append(_amount(f"{here}.amount", each.amount, currency))
        elif each.percent is not None and each.amount is None:
            percent = _number(f"{here}.percent", each.percent)
            amounts.append(_fitting(here, rounded(base * percent / 100, currency), currency))
        else:
            raise InvalidAmount(here, "Give either an amount or a percentage.")
    return amounts


def category_and_rate(entry: Line | Adjustment) -> _Rate:
    """The category, S unless said otherwise, or Z at rate 0; the rate counts for S only.

    BR-Z-05, BR-E-05, BR-AE-05, BR-IC-05 (K), BR-G-05: the rate is 0; BR-O-05: there is none.
    """
    category = entry.tax_category or ("S" if entry.tax_rate else "Z")
    return category, entry.tax_rate if category == "S" else _NOTHING


def _rates(field: str, entries: Sequence[Line | Adjustment]) -> Iterator[_Rate]:
    for place, entry in enumerate(entries):
        if _number(f"{field}.{place}.tax_rate", entry.tax_rate) < 0:
            raise InvalidAmount(f"{field}.{place}.tax_rate", f"{entry.tax_rate} is below 0.")
        yield category_and_rate(entry)


def _taxes(
    signed: Sequence[Decimal], rates: Sequence[_Rate], document: Document
) -> tuple[list[Tax], list[Decimal]]:
    """One tax for each category and rate that occurs, and the nets, in the order of `signed`."""
    taxes, nets = [], list(signed)
    for category, rate in sorted(set(rates), key=lambda each: (_ORDER.index(each[0]), -each[1])):
        places = [place for place, each in enumerate(rates) if each == (category, rate)]
        whole = sum((signed[place] for place in places), zero(document.currency))
        if document.prices_include_tax:
            taxable = rounded(whole / (1 + rate / 100), document.currency)
            tax = whole - taxable
            exact = [signed[place] / (1 + rate / 100) for place in places]
            for place, net in zip(places, _spread(taxable, exact, document.currency), strict=True):
                nets[place] = net
        else:
            taxable = whole  # BR-S-08, BR-Z-08, BR-E-08, BR-AE-08, BR-IC-08, BR-G-08, BR-O-08
            tax = rounded(taxable * rate / 100, document.currency)  # BR-CO-17, BR-S-09, …
        taxes.append(Tax(category, _plain(rate), taxable, tax))
    return taxes, nets


def _spread(whole: Decimal, exact: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The amounts rounded so that they add up to `whole`, each by less than one unit.

    What is missing after rounding goes, a unit each, to those that lost most by it.
    """
    amounts = [rounded(each, currency) for each in exact]
    missing = whole - sum(amounts)
    unit = quantum(currency).copy_sign(missing)

    def gained(place: int) -> tuple[Decimal, Decimal]:
        return (amounts[place] - exact[place]) * unit, -abs(exact[place])

    for place in sorted(range(len(exact)), key=gained)[: int(missing / unit)]:
        amounts[place] += unit
    return amounts


def _rounding(gross: Decimal, document: Document) -> Decimal:
    """BT-114: from the gross, and not from what is left of it, to the nearest coin."""
    coin = document.round_to
    if coin is None:
        return zero(document.currency)
    if _amount("round_to", coin, document.currency) <= 0:
        raise InvalidAmount("round_to", f"{coin} is not above 0.")
    return (gross / coin).quantize(Decimal(1)) * coin - gross + zero(document.currency)


def _amount(field: str, amount: Decimal, currency: str) -> Decimal:
    """An amount that was entered, with the currency's decimals."""
    found = rounded(_number(field, amount), currency)
    if found != amount:
        decimals = DECIMALS[currency]
        raise InvalidAmount(field, f"{amount} {currency} has more than {decimals} decimals.")
    return _fitting(field, found, currency)


def _fitting(field: str, amount: Decimal, currency: str) -> Decimal:
    """An amount of at most 15 digits, the currency's decimals among them."""
    if abs(amount) >= quantum(currency).scaleb(15):
        raise InvalidAmount(field, f"{amount} {currency} has more than 15 digits.")
    return amount


def _percent(field: str, percent: Decimal) -> Decimal:
    if not 0 <= _number(field, percent) <= 100:
        raise InvalidAmount(field, f"{percent} is not between 0 and 100.")
    return percent


def _number(field: str, number: Decimal) -> Decimal:
    """A number that was entered: at most 15 digits before the point, 14 behind it, 15 in all."""
    if not number.is_finite():
        raise InvalidAmount(field, f"{number} is not a number.")
    try:
        _FIFTEEN.plus(number)
    except Inexact:
        raise InvalidAmount(field, f"{number} has more than 15 digits.") from None
    return number


def _plain(rate: Decimal) -> Decimal:
    """One way to write a rate: 20 for 20.0 and 2E+1."""
    return Decimal(f"{rate.normalize():f}") + _NOTHING  # never "-0"
