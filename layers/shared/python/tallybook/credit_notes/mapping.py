"""Between the credit notes that the API knows and their items in the table."""

from collections.abc import Mapping
from typing import Any

from tallybook.credit_notes.models import CreditNote, CreditNoteRow
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.invoices.models import PartyShown, Period
from tallybook.invoices.papers import day_of
from tallybook.invoices.sums import document_sums, shown_fields, shown_taxes
from tallybook.models import trusted
from tallybook.payments.mapping import shown_row, shown_uses

_NO_INVOICE = {"invoice_id": None, "invoice_number": None}


def to_credit_note(record: CreditNoteRecord) -> CreditNote:
    currency, who = record.row["currency"], record.parties
    fields = {
        **shown_fields(record.entered, record.sums, currency),
        **_NO_INVOICE,
        **shown_row(record.row),
        **shown_uses(record),
        "delivery_date": day_of(record.entered.get("delivery_date")),
        "reason": record.reason,
        "totals": document_sums(record.sums, currency),
        "taxes": shown_taxes(record.sums, currency),
        "seller": trusted(PartyShown, who["seller"]),
        "buyer": trusted(PartyShown, who["buyer"]) if "buyer" in who else None,
    }
    if "period" in fields:
        days = {name: day_of(text) for name, text in fields["period"].items()}
        fields["period"] = trusted(Period, days)
    return trusted(CreditNote, fields)


def to_credit_note_row(row: Mapping[str, Any]) -> CreditNoteRow:
    return trusted(CreditNoteRow, _NO_INVOICE | shown_row(row))
