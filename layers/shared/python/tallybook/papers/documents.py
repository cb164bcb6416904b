"""Invoices, estimates and credit notes as values to draw."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tallybook.invoices.kinds import Adjustment, Category, Line, Paper, Tax
from tallybook.invoices.rules import category_and_rate
from tallybook.money import DECIMALS
from tallybook.papers import epc, letter
from tallybook.papers.entered import Entered, entered
from tallybook.papers.formats import Formats, formats_of
from tallybook.papers.kinds import Look, Payment
from tallybook.papers.languages import words_of
from tallybook.papers.typeset import Sheet
from tallybook.papers.words import Words

type Sum = dict[str, Any]
type _Amount = tuple[str, Decimal]


def sheet(paper: Paper, look: Look, payment: Payment | None) -> Sheet:
    words, formats = words_of(look.locale), formats_of(look.locale)
    # A draft asks for nothing yet.
    is_asked = paper.kind == "invoice" and paper.number is not None
    asked = payment if is_asked and payment and payment.amount > 0 else None
    amounts = entered(paper)
    return letter.sheet(
        look,
        kind="document",
        title=words.titles[paper.kind],
        number=paper.number or "",
        draft=words.draft if paper.number is None else None,
        issued=paper.issue_date,
        seller=paper.seller,
        buyer=paper.buyer,
        account=paper.account,
        facts=_facts(paper, look, words, formats),
        corrects=_corrects(paper, words, formats),
        table=_table(paper, amounts, words, formats),
        sums=list(_sums(paper, amounts, words, formats)),
        remarks=list(_remarks(paper, words)),
        payment=_payment(paper, asked, words, formats) if asked else None,
    )


def _facts(paper: Paper, look: Look, words: Words, formats: Formats) -> letter.Facts:
    due = words.valid_until if paper.kind == "estimate" else words.due
    return (
        (words.date, formats.date(paper.issue_date)),
        (due, formats.date(paper.due_date) if paper.due_date else None),
        (words.delivered, formats.date(paper.delivery_date) if paper.delivery_date else None),
        (words.period, letter.days(look, paper.period)),
        (words.customer, paper.buyer.number),
        (words.order, paper.purchase_order),
        (words.your_reference, paper.buyer_reference),
        (words.your_vat_id, paper.buyer.vat_id),
    )


def _corrects(paper: Paper, words: Words, formats: Formats) -> str | None:
    if paper.corrects is None:
        return None
    number, day = paper.corrects
    return words.corrects.format(number=number, date=formats.date(day))


def _table(paper: Paper, amounts: Entered, words: Words, formats: Formats) -> dict[str, Any]:
    """The columns of discounts and taxes only where there are any."""
    document = paper.document
    discounted = any(line.discount_percent for line in document.lines)
    taxed = any(tax.category != "O" for tax in paper.sums.taxes)
    columns: list[tuple[letter.Column, str]] = [
        ("wide", words.description),
        ("figure", words.quantity),
        ("figure", words.price),
    ]
    columns += [("figure", words.discount)] if discounted else []
    columns += [("figure", words.tax)] if taxed else []
    columns += [("figure", f"{words.amount} {document.currency}")]
    decimals = DECIMALS[document.currency]
    rows = []
    for line, amount in zip(document.lines, amounts.lines, strict=True):
        unit = words.units.get(line.unit or "", line.unit or "")
        discount = formats.share(line.discount_percent) if line.discount_percent else ""
        rows.append(
            [
                line.description or "",
                f"{formats.number(line.quantity)}\N{NO-BREAK SPACE}{unit}".rstrip(),
                formats.number(line.unit_price, decimals=decimals),
                *([discount] if discounted else []),
                *([_rate(line, formats)] if taxed else []),
                formats.money(amount, document.currency),
            ]
        )
    carried = [
        formats.money(each, document.currency) for each in amounts.carried(document.currency)
    ]
    return letter.table(words, columns, rows, carried)


def _rate(line: Line, formats: Formats) -> str:
    category, rate = category_and_rate(line)
    return "–" if category == "O" else formats.share(rate)


def _sums(paper: Paper, amounts: Entered, words: Words, formats: Formats) -> Iterator[Sum]:
    """Down to what is due; the tax that prices include is told below it."""
    document, sums = paper.document, paper.sums
    taxes = [
        (_tax(paper, tax, words, formats), tax.tax) for tax in sums.taxes if tax.category != "O"
    ]
    plain = list(_adjusted(paper, amounts, words, formats))
    if taxes and not document.prices_include_tax:
        plain += [(words.net, sums.net), *taxes]
    settled = list(_settled(paper, words))
    total = [(words.total, sums.gross)] if settled else []
    final = sums.balance if paper.kind == "invoice" else sums.payable
    weights: list[tuple[str, list[_Amount]]] = [
        ("plain", plain),
        ("total", total),
        ("plain", settled),
        ("due", [(_due(paper, words), final)]),
        ("within", taxes if document.prices_include_tax else []),
    ]
    for weight, rows in weights:
        written = formats.priced_in if weight == "due" else formats.money
        for label, amount in rows:
            shown = written(amount, document.currency)
            yield {"label": label, "amount": shown, "weight": weight}


def _adjusted(paper: Paper, amounts: Entered, words: Words, formats: Formats) -> Iterator[_Amount]:
    document = paper.document
    if document.allowances or document.charges:
        yield words.subtotal, amounts.subtotal
    for each, amount in zip(document.allowances, amounts.allowances, strict=True):
        yield _reason(each, words.allowance, formats), -amount
    for each, amount in zip(document.charges, amounts.charges, strict=True):
        yield _reason(each, words.charge, formats), amount


def _settled(paper: Paper, words: Words) -> Iterator[_Amount]:
    """What comes between the gross and what is due: of an invoice, what was paid of it, too."""
    if paper.sums.rounding:
        yield words.rounding, paper.sums.rounding
    if paper.kind == "invoice" and paper.sums.paid:
        yield words.paid, -paper.sums.paid
    if paper.kind == "invoice" and paper.sums.credited:
        yield words.credited, -paper.sums.credited


def _due(paper: Paper, words: Words) -> str:
    if paper.kind == "invoice":
        return words.amount_due
    return words.credit_total if paper.kind == "credit_note" else words.total


def _reason(adjustment: Adjustment, otherwise: str, formats: Formats) -> str:
    share = f" {formats.share(adjustment.percent)}" if adjustment.percent is not None else ""
    return (adjustment.reason or otherwise) + share


def _tax(paper: Paper, tax: Tax, words: Words, formats: Formats) -> str:
    pattern = words.included_tax if paper.document.prices_include_tax else words.tax_on
    taxable = formats.money(tax.taxable, paper.document.currency)
    return pattern.format(tax=words.tax, rate=formats.share(tax.rate), taxable=taxable)


def _remarks(paper: Paper, words: Words) -> Iterator[str]:
    """Why no tax is charged first: the law wants it on the paper (2006/112/EC, article 226)."""
    categories: list[Category] = [tax.category for tax in paper.sums.taxes]
    for category in categories:
        if category in words.exemptions:
            is_ours = category == "E" and paper.exemption_reason
            yield str(paper.exemption_reason) if is_ours else words.exemptions[category]
    if paper.exemption_reason and "E" not in categories and {*categories} & {*words.exemptions}:
        yield paper.exemption_reason
    if paper.notes:
        yield paper.notes
    if paper.payment_terms:
        yield paper.payment_terms


def _payment(paper: Paper, payment: Payment, words: Words, formats: Formats) -> Sheet:
    currency, account = paper.document.currency, paper.account
    amount = formats.priced_in(payment.amount, currency)
    due = formats.date(paper.due_date) if paper.due_date else None
    pattern = words.please_pay_by if due else words.please_pay
    reference = payment.reference or paper.number
    code = epc.transfer(
        payment.amount, currency, account, name=paper.seller.name, reference=reference
    )
    scanned = code or payment.link
    details = [
        (words.holder, account.holder or paper.seller.name),
        ("IBAN", letter.in_fours(account.iban) if account.iban else None),
        ("BIC", account.bic),
        (words.bank, account.bank),
        (words.reference, reference),
    ]
    return {
        "request": pattern.format(amount=amount, date=due),
        "details": [[label, value] for label, value in details if value] if account.iban else [],
        "link": payment.link,
        "pay_online": words.pay_online,
        "qr": epc.drawn(scanned) if scanned else None,
        "hint": words.scan_transfer if code else words.scan_link,
    }
