"""The QR code that banking apps read: EPC069-12, "Quick Response Code: Guidelines", version 002."""

from decimal import Decimal

import segno

from tallybook.invoices.kinds import Account

_LEAST, _MOST = Decimal("0.01"), Decimal("999999999.99")
_MOST_BYTES = 331  # what version 13 holds at error correction M


def transfer(
    amount: Decimal, currency: str, account: Account, *, name: str | None, reference: str | None
) -> str | None:
    """The text of the code; None where a SEPA credit transfer is not possible."""
    holder = " ".join((account.holder or name or "").split())[:70]
    if currency != "EUR" or not (account.iban and holder) or not _LEAST <= amount <= _MOST:
        return None
    lines = [
        *("BCD", "002", "1", "SCT"),  # version 2: the BIC may be missing; 1: UTF-8
        "".join((account.bic or "").split()),
        holder,
        "".join(account.iban.split()).upper(),
        f"EUR{amount:.2f}",
        "",  # purpose
        "",  # a creditor reference (ISO 11649) would stand here, and then no text below
        " ".join((reference or "").split())[:140],
    ]
    text = "\n".join(lines).rstrip("\n")
    return text if len(text.encode()) <= _MOST_BYTES else None


def drawn(text: str) -> str:
    """The code as an SVG without its quiet zone, which the layout leaves.

    The mask is given: to try all eight and weigh their looks takes six times as long, and every
    reader undoes whichever it finds.
    """
    code = segno.make(
        text,
        error="m",
        encoding="utf-8",
        eci=False,
        boost_error=False,
        micro=False,
        mask=2,
    )
    return code.svg_inline(border=0, omitsize=True, dark="#000")
