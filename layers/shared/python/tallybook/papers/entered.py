"""The amounts of a document as its reader adds them up: with tax where the prices include it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tallybook.invoices.kinds import Adjustment, Paper
from tallybook.invoices.rules import rounded
from tallybook.money import zero


@dataclass(frozen=True)
class Entered:
    """lines - allowances + charges is the net, or, where prices include tax, the gross."""

    lines: tuple[Decimal, ...]
    allowances: tuple[Decimal, ...]
    charges: tuple[Decimal, ...]

    @property
    def subtotal(self) -> Decimal:
        return sum(self.lines, Decimal(0))

    def carried(self, currency: str) -> list[Decimal]:
        """The sum after each line."""
        sums, running = [], zero(currency)
        for amount in self.lines:
            running += amount
            sums.append(running)
        return sums


def entered(paper: Paper) -> Entered:
    """What `sums` says, but the nets of prices with tax are nothing that their reader sees."""
    sums, document = paper.sums, paper.document
    if not document.prices_include_tax:
        return Entered(sums.line_nets, sums.allowance_amounts, sums.charge_amounts)
    lines = tuple(
        rounded(
            line.quantity * line.unit_price * (100 - (line.discount_percent or 0)) / 100,
            document.currency,
        )
        for line in document.lines
    )
    base = sum(lines, zero(document.currency))

    def amounts(adjustments: Sequence[Adjustment]) -> tuple[Decimal, ...]:
        return tuple(
            rounded(
                each.amount if each.amount is not None else base * (each.percent or 0) / 100,
                document.currency,
            )
            for each in adjustments
        )

    return Entered(lines, amounts(document.allowances), amounts(document.charges))
