"""What the ledger alone says: a second reckoning that shares no code with the application."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

type Key = tuple[str, str]
type Item = dict[str, Any]
type Items = Mapping[Key, Item]

NOTHING = Decimal(0)
# What a month counts an entry's amount as, and with which sign.
_COUNTED: dict[str, tuple[str, int]] = {
    "invoice": ("invoiced", 1),
    "late_fee": ("invoiced", 1),
    "void": ("invoiced", 1),
    "payment": ("received", -1),
    "refund": ("received", -1),
    "reversal": ("received", -1),
    "credit_note": ("credited", -1),
    "write_off": ("written_off", -1),
}
SUMS_OF_A_MONTH = ("amount", "invoiced", "received", "credited", "written_off")


def sums() -> defaultdict[Any, Decimal]:
    return defaultdict(Decimal)


@dataclass
class Position:
    """What the ledger says of a client in one currency."""

    amount: Decimal = NOTHING
    balances: defaultdict[str, Decimal] = field(default_factory=sums)  # of invoices
    credits: defaultdict[str, Decimal] = field(default_factory=sums)  # of sources
    months: defaultdict[tuple[str, str], Decimal] = field(default_factory=sums)

    def add(self, row: Item) -> None:
        self.amount += row["amount"]
        for effect in row.get("effects", []):
            self.balances[effect["invoice_id"]] += effect["amount"]
        if credit := row.get("credit"):
            self.credits[row["source"]] += credit
        month = row["date"][:7]
        self.months[month, "amount"] += row["amount"]
        if counted := _COUNTED.get(row["kind"]):
            name, sign = counted
            self.months[month, name] += sign * row["amount"]

    @property
    def unpaid(self) -> Decimal:
        return sum(self.balances.values(), NOTHING)

    @property
    def credit(self) -> Decimal:
        return sum(self.credits.values(), NOTHING)

    def in_all(self, name: str) -> Decimal:
        return sum((s for (_, kind), s in self.months.items() if kind == name), NOTHING)


type Positions = dict[tuple[str, str], Position]


def positions(items: Items) -> Positions:
    """By client and currency, from the entries of the ledger alone."""
    found: Positions = defaultdict(Position)
    for (pk, sk), item in items.items():
        if sk.startswith("LEDGER#"):
            found[client_of(pk), sk.split("#")[1]].add(item["row"])
    return found


def client_of(pk: str) -> str:
    return pk.removeprefix("CLIENT#")


def of_clients(items: Items, prefix: str) -> Iterator[tuple[Key, Item]]:
    """A kind of things of clients."""
    for key, item in items.items():
        if key[0].startswith("CLIENT#") and key[1].startswith(prefix):
            yield key, item


def below_zero(items: Items) -> Iterator[str]:
    """On no day was less than nothing open of an invoice, or left of a credit."""
    running = sums()
    entries = [(client_of(pk), item["row"]) for (pk, _), item in of_clients(items, "LEDGER#")]
    for day, of_day in groupby(sorted(entries, key=_day), _day):
        for client, row in of_day:
            for effect in row.get("effects", []):
                running[client, effect["invoice_id"]] += effect["amount"]
            if "credit" in row:
                running[client, row["source"]] += row["credit"]
        for (_, what), total in running.items():
            if total < 0:
                yield f"on {day} {what} was {total}"


def _day(entry: tuple[str, Item]) -> str:
    return str(entry[1]["date"])
