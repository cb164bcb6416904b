"""Money: exact decimal amounts in major units, each with its ISO 4217 currency's decimals.

The currencies are those that people pay in: no funds or indexed units (CLF, UYW …), no precious
metals (XAU …), no testing code (XTS) and no "no currency" (XXX).
"""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from tallybook._currencies import DECIMALS
from tallybook.text import ShortLine

__all__ = ["DECIMALS", "CurrencyCode", "amount_text", "quantum", "zero"]


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 EUR, 1 JPY, 0.001 KWD."""
    return Decimal(1).scaleb(-DECIMALS[currency])


def zero(currency: str) -> Decimal:
    """Nothing, with the currency's decimals: Decimal("0.00") for EUR."""
    return Decimal(0).scaleb(-DECIMALS[currency])


def amount_text(amount: Decimal, currency: str) -> str:
    """The amount as the API writes it: "1250.00" EUR, "1250" JPY, "1250.000" KWD.

    Raises ValueError rather than round: an amount that the currency cannot express is a bug of
    the rule that computed it. Zeros beyond the currency's decimals are no more than notation.
    """
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount of money")
    decimals = DECIMALS[currency]
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    if fraction[decimals:].strip("0"):
        raise ValueError(f"{amount} {currency} has more than {decimals} decimals")
    if not amount:
        whole = "0"  # never "-0.00"
    return f"{whole}.{fraction[:decimals]:0<{decimals}}" if decimals else whole


def _currency_code(text: str) -> str:
    code = text.upper()
    if code not in DECIMALS:
        raise ValueError(
            f"{text!r} is not an active ISO 4217 currency; give a code such as EUR or USD"
        )
    return code


CurrencyCode = Annotated[
    ShortLine,
    Field(description="An ISO 4217 code.", examples=["EUR"]),
    AfterValidator(_currency_code),
]
