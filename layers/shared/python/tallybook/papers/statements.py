"""Statements as values to draw."""

from typing import Any

from tallybook.papers import letter
from tallybook.papers.formats import Formats, formats_of
from tallybook.papers.kinds import CurrencyStatement, Look, StatementPaper
from tallybook.papers.languages import words_of
from tallybook.papers.typeset import Sheet
from tallybook.papers.words import Words


def sheet(statement: StatementPaper, look: Look) -> Sheet:
    words, formats = words_of(look.locale), formats_of(look.locale)
    return letter.sheet(
        look,
        kind="statement",
        title=words.statement,
        number="",
        issued=statement.issued,
        seller=statement.seller,
        buyer=statement.buyer,
        account=statement.account,
        facts=(
            (words.date, formats.date(statement.issued)),
            (words.period, letter.days(look, (statement.from_date, statement.to_date))),
            (words.customer, statement.buyer.number),
        ),
        currencies=[
            _currency(each, formats.date(statement.to_date), words, formats)
            for each in statement.currencies
        ],
    )


def _currency(
    statement: CurrencyStatement, as_of: str, words: Words, formats: Formats
) -> dict[str, Any]:
    def money(amount: Any) -> str:
        return formats.money(amount, statement.currency)

    rows = [["", words.opening, "", money(statement.opening)]]
    for row in statement.rows:
        entry = " ".join(filter(None, (words.entries[row.kind], row.reference)))
        rows.append([formats.date(row.date), entry, money(row.amount), money(row.balance)])
    return {
        "currency": statement.currency,
        "table": letter.table(
            words,
            [
                ("text", words.date),
                ("wide", words.entry),
                ("figure", f"{words.amount} {statement.currency}"),
                ("figure", words.balance),
            ],
            rows,
            [row[-1] for row in rows],
        ),
        "closing": [words.closing, formats.priced_in(statement.closing, statement.currency)],
        "ageing_title": words.ageing.format(date=as_of),
        "ageing": [
            [name, money(statement.ageing[bucket])] for bucket, name in words.buckets.items()
        ],
    }
