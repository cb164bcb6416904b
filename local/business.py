"""Two years of a believable firm's business: always the same up to the day that it is made.

The firm grows, is busy in autumn and slow in summer; most of its clients pay in time, some late,
a few in parts or too much, one by a cheque that bounces, and one never.
"""

import random
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

type Json = dict[str, Any]

MONTHS = 24
# Of a year, from January: how busy the firm is.
_SEASON = (0.8, 0.85, 1.0, 1.05, 1.1, 1.0, 0.75, 0.7, 1.1, 1.15, 1.25, 1.3)
_FEWEST, _MOST = 14, 40  # invoices of an average month, in the beginning and in the end
# What a euro costs, roughly: prices are made for the market.
_RATES = {"USD": 1, "GBP": 1, "PLN": 4, "CZK": 25, "SEK": 11, "NOK": 11, "BRL": 6, "JPY": 160,
          "CNY": 8, "KRW": 1450, "UAH": 45, "ILS": 4, "EGP": 52, "INR": 90}  # fmt: skip
_WHOLE = {"JPY", "KRW"}
_EU = {"DE", "FR", "ES", "IT", "NL", "PL", "CZ", "SE", "IE", "GR"}
_WORK: tuple[tuple[str, str, tuple[int | Decimal, ...], tuple[int, int]], ...] = (
    ("Consulting", "HUR", (80, 95, 110), (2, 40)),
    ("Bookkeeping", "MON", (240, 320, 480), (1, 1)),
    ("Training on site", "DAY", (780, 940), (1, 3)),
    ("Support contract", "MON", (90, 150, 210), (1, 3)),
    ("Annual accounts", "C62", (1200, 1850, 2600), (1, 1)),
    ("Travel expenses", "KMT", (Decimal("0.42"),), (60, 700)),
    ("Set of forms", "C62", (Decimal("12.50"), Decimal("18.90")), (1, 60)),
)
_METHODS = ("bank_transfer",) * 7 + ("direct_debit", "card", "cash")


@dataclass(frozen=True)
class Buyer:
    """Of a client what its invoices depend on; `patience` is ours: the days it pays late."""

    number: int  # its place in the list of clients
    country: str
    currency: str
    since: int  # the month of its first invoice
    weight: float
    patience: tuple[int, int]


@dataclass(frozen=True)
class Deed:
    """What happened to an invoice, `days` after its issue; `share` of what it came to."""

    kind: str  # payment, credit_note, reversal, write_off
    days: int
    share: Decimal = Decimal(1)
    method: str = "bank_transfer"


@dataclass
class Sale:
    """An invoice and what came of it."""

    number: int
    buyer: Buyer
    issued: date
    due: date
    lines: list[Json]
    deeds: list[Deed] = field(default_factory=list)

    @property
    def request(self) -> Json:
        days = {"issue_date": self.issued.isoformat(), "due_date": self.due.isoformat()}
        return days | {"lines": self.lines}


def sales(clients: Sequence[tuple[str, str]], today: date, seed: int = 2026) -> list[Sale]:
    """The invoices of two years by their dates, to clients of these countries and currencies."""
    chance = random.Random(seed)  # noqa: S311 (the same business every time)
    buyers = [_buyer(chance, number, *each) for number, each in enumerate(clients)]
    found = [sale for month in range(MONTHS) for sale in _month(chance, buyers, month, today)]
    found.sort(key=lambda sale: sale.issued)
    for number, sale in enumerate(found):
        sale.number = number
        sale.deeds = list(_deeds(chance, sale))
    _add_misfortunes(found, today)
    return found


def work(chance: random.Random, country: str, currency: str) -> list[Json]:
    """The lines of an invoice or estimate."""
    return [line(chance, country, currency) for _ in range(chance.choice((1, 1, 2, 2, 3, 4)))]


def _buyer(chance: random.Random, number: int, country: str, currency: str) -> Buyer:
    patience = chance.choices([(-12, 1), (-3, 3), (5, 35), (40, 110)], weights=[35, 35, 22, 8])[0]
    since = max(0, int(MONTHS * chance.random() ** 1.3) - 4)
    return Buyer(number, country, currency, since, chance.choice((1, 1, 1, 2, 5)), patience)


def _month(
    chance: random.Random, buyers: Sequence[Buyer], month: int, today: date
) -> Iterator[Sale]:
    """The invoices of a month: the last of the months is the one that is running."""
    year, zero_based = divmod(today.year * 12 + today.month - MONTHS + month, 12)
    usual = _FEWEST + (_MOST - _FEWEST) * month / MONTHS
    known = [buyer for buyer in buyers if buyer.since <= month]
    count = round(usual * _SEASON[zero_based] * chance.uniform(0.9, 1.1))
    for buyer in chance.choices(known, weights=[buyer.weight for buyer in known], k=count):
        day = chance.randint(1, monthrange(year, zero_based + 1)[1])
        issued = _working_day(date(year, zero_based + 1, day))
        lines = work(chance, buyer.country, buyer.currency)
        if issued < today:
            due = issued + timedelta(days=chance.choice((14, 14, 30, 30, 30, 45)))
            yield Sale(0, buyer, issued, due, lines)


def _working_day(day: date) -> date:
    """The day, or the Friday before a weekend of the same month, or its first Monday."""
    back = day - timedelta(days=max(0, day.weekday() - 4))
    return back if back.month == day.month else day + timedelta(days=7 - day.weekday())


def line(chance: random.Random, country: str, currency: str) -> Json:
    """Some work, at a price of the market."""
    title, unit, prices, (fewest, most) = chance.choice(_WORK)
    price = Decimal(chance.choice(prices)) * _RATES.get(currency, 1)
    line = {
        "description": title,
        "quantity": str(chance.randint(fewest, most)),
        "unit": unit,
        "unit_price": str(price.quantize(Decimal(1)) if currency in _WHOLE else price),
    }
    if chance.random() < 0.08:
        line["discount_percent"] = chance.choice(("3", "5", "10"))
    # Exports are free of tax (category G).
    return line | ({"tax_rate": "19"} if country in _EU else {"tax_category": "G"})


def _deeds(chance: random.Random, sale: Sale) -> Iterator[Deed]:
    """How it was paid, if all goes as it mostly goes."""
    terms = (sale.due - sale.issued).days
    days = max(1, terms + chance.randint(*sale.buyer.patience))
    method = chance.choice(_METHODS)
    kind = chance.random()
    if kind < 0.04:  # something was wrong with it: a tenth is credited, the rest is paid
        yield Deed("credit_note", max(1, days - 6), Decimal("0.1"))
        yield Deed("payment", days, Decimal("0.9"), method)
    elif kind < 0.11:
        yield Deed("payment", days, Decimal("0.5"), method)
        yield Deed("payment", days + chance.randint(15, 45), Decimal("0.5"), method)
    elif kind < 0.13:  # paid too much; it stays as credit
        yield Deed("payment", days, Decimal("1.1"), method)
    elif kind < 0.97:
        yield Deed("payment", days, Decimal(1), method)
    # else: not heard of again


def _add_misfortunes(found: Sequence[Sale], today: date) -> None:
    """A cheque that bounced half a year ago and was made good, and a debt that was given up."""
    old = [sale for sale in found if 150 < (today - sale.issued).days < 330]
    if len(old) >= 2:
        old[0].deeds = [
            Deed("payment", 20, method="cheque"),
            Deed("reversal", 27),
            Deed("payment", 48),
        ]
        old[-1].deeds = [Deed("write_off", 140)]
