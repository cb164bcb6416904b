"""Between the ledger's values and what the API gives: amounts as texts of their currency."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tallybook.ledger.models import (
    Ageing,
    LedgerEffect,
    LedgerEntry,
    Statement,
    StatementCurrency,
    StatementEntry,
)
from tallybook.ledger.rules import Booked, Bucket
from tallybook.ledger.spans import Span
from tallybook.money import amount_text
from tallybook.papers.kinds import CurrencyStatement


def to_entry(entry: Booked) -> LedgerEntry:
    currency = entry.currency
    return LedgerEntry.model_construct(
        entry_id=entry.entry_id,
        date=entry.date,
        kind=entry.kind,
        currency=currency,
        amount=amount_text(entry.amount, currency),
        reference=entry.reference,
        effects=[
            LedgerEffect(invoice_id=each.invoice_id, amount=amount_text(each.amount, currency))
            for each in entry.effects
        ],
        credit=amount_text(entry.credit, currency),
        source=entry.source,
    )


def to_statement(wanted: Span, accounts: Iterable[CurrencyStatement]) -> Statement:
    return Statement.model_validate(
        {"from": wanted.first, "to": wanted.last, "currencies": list(map(_currency, accounts))}
    )


def to_ageing(ages: Mapping[Bucket, Decimal], currency: str) -> Ageing:
    texts = {bucket: amount_text(amount, currency) for bucket, amount in ages.items()}
    return Ageing.model_validate(texts)


def _currency(account: CurrencyStatement) -> StatementCurrency:
    currency = account.currency
    return StatementCurrency.model_construct(
        currency=currency,
        opening_balance=amount_text(account.opening, currency),
        entries=[
            StatementEntry.model_construct(
                date=row.date,
                kind=row.kind,
                reference=row.reference,
                amount=amount_text(row.amount, currency),
                balance=amount_text(row.balance, currency),
            )
            for row in account.rows
        ],
        closing_balance=amount_text(account.closing, currency),
        ageing=to_ageing(account.ageing, currency),
    )
