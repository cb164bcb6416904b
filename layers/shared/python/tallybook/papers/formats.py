"""How numbers and dates are written, by locale. The rows are those of Unicode's CLDR.

Months are numbers where the language has no table of words.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tallybook.money import amount_text

_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_ENGLISH_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sept", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True)
class Formats:
    """`day` is a pattern of d, dd, m, mm, mon and y; `priced` one of {code} and {amount}."""

    group: str
    point: str
    day: str
    priced: str = field(default="{amount} {code}")
    percent: str = field(default="{number} %")

    def money(self, amount: Decimal, currency: str) -> str:
        """The amount alone: 1,190.00; "−" rather than a hyphen before what is below zero."""
        return self._written(amount_text(amount, currency))

    def priced_in(self, amount: Decimal, currency: str) -> str:
        """The amount with its currency's code: EUR 1,190.00 or 1.190,00 EUR."""
        text = self.priced.format(code=currency, amount=self.money(amount, currency))
        return text.replace(" ", _SPACE)

    def number(self, number: Decimal, *, decimals: int = 0) -> str:
        """All decimals that count, and at least so many: 1.5, 0.125, 12.00."""
        whole, _, fraction = f"{number:f}".partition(".")
        fraction = f"{fraction.rstrip('0'):0<{decimals}}"
        return self._written(f"{whole}.{fraction}" if fraction else whole)

    def share(self, percent: Decimal) -> str:
        return self.percent.format(number=self.number(percent)).replace(" ", _SPACE)

    def date(self, day: date) -> str:
        parts = {
            "d": str(day.day),
            "dd": f"{day.day:02}",
            "mm": f"{day.month:02}",
            "mon": _ENGLISH_MONTHS[day.month - 1],
            "y": f"{day.year:04}",
        }
        return self.day.format(**parts).replace(" ", _SPACE)

    def _written(self, plain: str) -> str:
        sign = _MINUS if plain.startswith("-") else ""
        whole, _, fraction = plain.removeprefix("-").partition(".")
        grouped = f"{int(whole):,}".replace(",", self.group)
        return sign + grouped + (self.point + fraction if fraction else "")


_BRITISH = Formats(",", ".", "{d} {mon} {y}", "{code} {amount}", "{number}%")
_GERMAN = Formats(".", ",", "{dd}.{mm}.{y}")
_DOTTED = Formats(".", ",", "{dd}/{mm}/{y}")
_SPACED = Formats(_SPACE, ",", "{dd}.{mm}.{y}")
_BY_LOCALE = {
    "en": _BRITISH,
    "en-US": Formats(",", ".", "{mon} {d}, {y}", "{code} {amount}", "{number}%"),
    "de": _GERMAN,
    "de-AT": Formats(".", ",", "{dd}.{mm}.{y}", "{code} {amount}"),
    "de-CH": Formats("’", ".", "{dd}.{mm}.{y}", "{code} {amount}", "{number}%"),
    "fr": Formats("\N{NARROW NO-BREAK SPACE}", ",", "{dd}/{mm}/{y}"),
    "es": _DOTTED,
    "it": Formats(".", ",", "{dd}/{mm}/{y}", percent="{number}%"),
    "pt": Formats(".", ",", "{dd}/{mm}/{y}", percent="{number}%"),
    "pt-PT": Formats(_SPACE, ",", "{dd}/{mm}/{y}", percent="{number}%"),
    "nl": Formats(".", ",", "{dd}-{mm}-{y}", "{code} {amount}", "{number}%"),
    "da": _GERMAN,
    "nb": _SPACED,
    "fi": _SPACED,
    "pl": _SPACED,
    "cs": _SPACED,
    "sv": Formats(_SPACE, ",", "{y}-{mm}-{dd}"),
}


def formats_of(locale: str) -> Formats:
    """Those of the locale, else of its language, else British ones."""
    language = locale.partition("-")[0]
    return _BY_LOCALE.get(locale) or _BY_LOCALE.get(language) or _BRITISH
