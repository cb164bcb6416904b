"""From what was entered of an invoice, estimate or credit note to its sums, and both as stored.

Pure. Amounts are stored as exact numbers; DynamoDB drops their zeros, so what is read is given the
currency's decimals again.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tallybook.errors import InvalidField
from tallybook.invoices.kinds import (
    Adjustment,
    Document,
    InvalidAmount,
    Line,
    Tax,
    Totals,
)
from tallybook.invoices.models import (
    AdjustmentWithNet,
    DocumentContent,
    DocumentSums,
    LineWithNet,
    NewAdjustment,
    NewLine,
    TaxSum,
)
from tallybook.invoices.rules import rounded, totals
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.settings.models import Settings

type Entered = dict[str, Any]
"""What was entered, as it is stored: a DocumentContent in JSON, without what was left out."""
type Sums = dict[str, Any]
"""The sums as they are stored, see `to_stored`."""

MOST_BYTES = 180_000  # of what is entered: with all that becomes of it, it fits into 400 KB twice,
# as an item, and as the answer that an Idempotency-Key remembers.
_NOTHING = Decimal(0)
_NAMES = ("lines", "allowances", "charges", "net", "tax", "gross", "rounding")
_LISTS = ("line_nets", "allowance_amounts", "charge_amounts")


def entered(new: DocumentContent) -> Entered:
    """What was entered, to be stored, and to be patched later. Raises `InvalidField`."""
    if (size := len(new.model_dump_json(exclude_none=True).encode())) > MOST_BYTES:
        raise InvalidField("lines", f"All texts together have {size:,} bytes; {MOST_BYTES:,} fit.")
    return new.model_dump(mode="json", exclude_none=True)


def document(stored: Entered, currency: str, settings: Settings | None) -> Document:
    """The document that was entered; `settings` say what is paid is rounded to (None: nothing)."""
    coin = settings.billing.round_to.get(currency) if settings else None
    return Document(
        currency=currency,
        lines=[_line(each) for each in stored.get("lines", [])],
        allowances=[_adjustment(each) for each in stored.get("allowances", [])],
        charges=[_adjustment(each) for each in stored.get("charges", [])],
        prices_include_tax=stored.get("prices_include_tax", False),
        round_to=Decimal(coin) if coin else None,
    )


def added_up(made: Document) -> Totals:
    """The sums of what was entered. Raises `InvalidField`, which names the field."""
    try:
        return totals(made)
    except InvalidAmount as error:
        raise InvalidField(error.field, error.message) from error


def _line(stored: Mapping[str, Any]) -> Line:
    return Line(
        quantity=Decimal(stored["quantity"]),
        unit_price=Decimal(stored["unit_price"]),
        discount_percent=_decimal(stored.get("discount_percent")),
        tax_rate=Decimal(stored["tax_rate"]),
        tax_category=stored.get("tax_category"),
        description=stored.get("description"),
        unit=stored.get("unit"),
    )


def _adjustment(stored: Mapping[str, Any]) -> Adjustment:
    return Adjustment(
        amount=_decimal(stored.get("amount")),
        percent=_decimal(stored.get("percent")),
        tax_rate=Decimal(stored["tax_rate"]),
        tax_category=stored.get("tax_category"),
        reason=stored.get("reason"),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


# ---- Sums, as stored -------------------------------------------------------------------------


def to_stored(sums: Totals) -> Sums:
    """The sums of a document: its amounts, `payable`, `taxes`, and the nets of what it lists."""
    return {
        **{name: getattr(sums, name) for name in _NAMES},
        "payable": sums.payable,
        "taxes": [tax_of(each) for each in sums.taxes],
        **{name: list(getattr(sums, name)) for name in _LISTS},
    }


def tax_of(tax: Tax) -> dict[str, Any]:
    """A tax, as stored and as the ledger books it."""
    return {"category": tax.category, "rate": tax.rate, "taxable": tax.taxable, "tax": tax.tax}


def reversed_taxes(sums: Sums) -> list[dict[str, Any]]:
    """The taxes of what takes the document back: voiding it, or a credit note of it."""
    return [{**each, "taxable": -each["taxable"], "tax": -each["tax"]} for each in sums["taxes"]]


def from_stored(
    stored: Sums, currency: str, *, paid: Decimal = _NOTHING, credited: Decimal = _NOTHING
) -> Totals:
    """The sums as they were when they were stored, with what is paid of them by now."""

    def amount(value: int | Decimal) -> Decimal:
        return rounded(Decimal(value), currency)

    plain: dict[str, Any] = {name: amount(stored[name]) for name in _NAMES}
    lists: dict[str, Any] = {name: tuple(amount(each) for each in stored[name]) for name in _LISTS}
    return Totals(
        **plain,
        **lists,
        paid=amount(paid),
        credited=amount(credited),
        balance=amount(Decimal(stored["payable"]) - paid - credited),
        taxes=tuple(
            Tax(
                each["category"],
                Decimal(each["rate"]),
                amount(each["taxable"]),
                amount(each["tax"]),
            )
            for each in stored["taxes"]
        ),
    )


# ---- Sums, as answered -----------------------------------------------------------------------


def shown_sums(stored: Sums, currency: str) -> dict[str, str]:
    """The members of `DocumentSums`."""
    names = (*_NAMES, "payable")
    return {name: amount_text(Decimal(stored[name]), currency) for name in names}


def document_sums(stored: Sums, currency: str) -> DocumentSums:
    return trusted(DocumentSums, dict(shown_sums(stored, currency)))


def shown_taxes(stored: Sums, currency: str) -> list[TaxSum]:
    return [
        TaxSum.model_construct(
            category=each["category"],
            rate=f"{Decimal(each['rate']):f}",
            taxable=amount_text(Decimal(each["taxable"]), currency),
            tax=amount_text(Decimal(each["tax"]), currency),
        )
        for each in stored["taxes"]
    ]


def shown_fields(stored: Entered, sums: Sums, currency: str) -> dict[str, Any]:
    """What was entered, with what each line, allowance and charge comes to."""
    lists: dict[str, tuple[type[NewLine | NewAdjustment], str]] = {
        "lines": (LineWithNet, "line_nets"),
        "allowances": (AdjustmentWithNet, "allowance_amounts"),
        "charges": (AdjustmentWithNet, "charge_amounts"),
    }
    return {
        **stored,
        "currency": currency,
        **{
            name: _with_nets(model, stored.get(name, []), sums[nets], currency)
            for name, (model, nets) in lists.items()
        },
    }


def _with_nets[M: NewLine | NewAdjustment](
    model: type[M], entries: Sequence[Mapping[str, Any]], nets: Sequence[Any], currency: str
) -> list[M]:
    return [
        trusted(model, {**each, "net": amount_text(Decimal(net), currency)})
        for each, net in zip(entries, nets, strict=True)
    ]
