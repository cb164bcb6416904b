"""What a credit note may credit. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tallybook.errors import InvalidField
from tallybook.invoices.rules import rounded

MOST_OF_INVOICE = 40
# What a full credit note has of its invoice.
MIRRORED = (
    "lines",
    "allowances",
    "charges",
    "prices_include_tax",
    "purchase_order",
    "exemption_reason",
    "delivery_date",
    "period",
)


def must_be_creditable(
    invoice: Mapping[str, Any], credited: Mapping[str, Any], total: Decimal, *, full: bool
) -> None:
    """An invoice is credited in full once, or in parts that do not exceed it.

    Nor what was written off of it: a client would get back what it never paid. `invoice` is its
    row, `credited` the totals of its credit notes. Raises `InvalidField`.
    """
    number, currency = invoice.get("number"), invoice["currency"]
    if number is None:
        raise InvalidField("invoice_id", "The invoice is a draft: change or delete it.")
    if invoice["status"] == "void":
        raise InvalidField("invoice_id", f"Invoice {number} is void: nothing of it is left.")
    if len(credited) >= MOST_OF_INVOICE:
        message = f"Invoice {number} has {MOST_OF_INVOICE} credit notes: it can't have more."
        raise InvalidField("invoice_id", message)
    before = sum((Decimal(each) for each in credited.values()), Decimal(0))
    if full and before:
        message = f"{rounded(before, currency)} of invoice {number} were credited: give lines."
        raise InvalidField("full", message)
    lost = Decimal(invoice["written_off"])
    left = max(Decimal(invoice["total"]) - before - lost, Decimal(0))
    if total > left:
        shown = f"{rounded(total, currency)} is more than the {rounded(left, currency)}"
        otherwise = "neither credited nor written off" if lost else "not credited"
        message = f"{shown} of invoice {number} that were {otherwise}."
        raise InvalidField("full" if full else "lines", message)
