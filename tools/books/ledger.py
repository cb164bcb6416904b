"""A client's books once more, from its ledger alone. Pure: none of the application's own sums."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

type Sums = defaultdict[str, Decimal]

_INVOICED, _PAID = ("invoice", "late_fee", "void"), ("payment", "refund", "reversal")


@dataclass
class Reckoning:
    """What the ledger says in one currency."""

    totals: Sums = field(default_factory=lambda: defaultdict(Decimal))
    months: defaultdict[str, Sums] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    invoices: defaultdict[str, Sums] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    sources: defaultdict[str, Sums] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    due_dates: dict[str, str] = field(default_factory=dict)
    finalized: int = 0

    def book(self, row: dict[str, Any]) -> None:
        kind, amount, source = row["kind"], Decimal(row["amount"]), row.get("source")
        credit = Decimal(row.get("credit", 0))
        self._total(kind, amount, credit)
        self._month(self.months[row["date"][:7]], kind, amount)
        self.finalized += kind == "invoice"
        if source or credit:
            of_source = self.sources[source or "nothing"]
            of_source["unapplied"] += credit
            of_source["refunded"] += amount if kind == "refund" else 0
            of_source["in all"] -= amount if kind in ("payment", "credit_note") else 0
        for effect in row.get("effects", ()):
            self._effect(kind, source, effect)

    def _total(self, kind: str, amount: Decimal, credit: Decimal) -> None:
        self.totals["invoiced"] += amount if kind in _INVOICED else 0
        self.totals["paid"] -= amount if kind in _PAID else 0
        self.totals["unpaid"] += amount + credit
        self.totals["credit"] += credit

    def _month(self, sums: Sums, kind: str, amount: Decimal) -> None:
        sums["amount"] += amount
        sums["invoiced"] += amount if kind in _INVOICED else 0
        sums["received"] -= amount if kind in _PAID else 0
        sums["credited"] -= amount if kind == "credit_note" else 0
        sums["written_off"] -= amount if kind == "write_off" else 0

    def _effect(self, kind: str, source: str | None, effect: dict[str, Any]) -> None:
        parts, amount = self.invoices[effect["invoice_id"]], Decimal(effect["amount"])
        self.due_dates[effect["invoice_id"]] = effect["due_date"]
        parts["balance"] += amount
        parts["total"] += amount if kind in ("invoice", "late_fee") else 0
        parts["written_off"] -= amount if kind == "write_off" else 0
        parts["void"] -= amount if kind == "void" else 0
        if source:
            parts["paid" if source.startswith("payment#") else "credited"] -= amount
            self.sources[source]["applied"] -= amount
