"""Receipts as values to draw."""

from tallybook.money import zero
from tallybook.papers import letter
from tallybook.papers.formats import formats_of
from tallybook.papers.kinds import Look, Receipt
from tallybook.papers.languages import words_of
from tallybook.papers.typeset import Sheet


def sheet(receipt: Receipt, look: Look) -> Sheet:
    words, formats = words_of(look.locale), formats_of(look.locale)
    currency = receipt.currency
    running, carried = zero(currency), []
    for each in receipt.allocations:
        running += each.amount
        carried.append(formats.money(running, currency))
    rows = [
        [
            f"{words.invoice} {each.invoice}",
            formats.date(each.invoice_date),
            formats.money(each.amount, currency),
        ]
        for each in receipt.allocations
    ]
    columns: list[tuple[letter.Column, str]] = [
        ("wide", words.applied_to),
        ("text", words.date),
        ("figure", f"{words.amount} {currency}"),
    ]
    remaining = formats.money(receipt.remaining, currency) if receipt.remaining else None
    return letter.sheet(
        look,
        kind="receipt",
        title=words.receipt,
        number=receipt.number,
        issued=receipt.date,
        seller=receipt.seller,
        buyer=receipt.buyer,
        account=receipt.account,
        facts=(
            (words.date, formats.date(receipt.date)),
            (words.method, receipt.method),
            (words.your_payment, receipt.reference),
            (words.customer, receipt.buyer.number),
        ),
        received=[words.received, formats.priced_in(receipt.amount, currency)],
        table=letter.table(words, columns, rows, carried) if rows else None,
        remaining=[words.remaining, remaining] if remaining else None,
        thanks=words.thanks,
    )
