"""Credit notes as their readers get them."""

from datetime import date

from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.invoices.kinds import Paper
from tallybook.invoices.papers import day_of, named, period_of
from tallybook.invoices.sums import document, from_stored


def paper(note: CreditNoteRecord) -> Paper:
    """What its PDF and e-invoice are made from: firm and client are as they were then."""
    row, stored, who = note.row, note.entered, named(note.parties)
    currency, corrects = row["currency"], note.corrects
    return Paper(
        kind="credit_note",
        number=row["number"],
        issue_date=date.fromisoformat(row["issue_date"]),
        document=document(stored, currency, None),
        sums=from_stored(note.sums, currency),
        seller=who.seller,
        buyer=who.buyer,
        account=who.account,
        purchase_order=stored.get("purchase_order"),
        buyer_reference=who.buyer_reference,
        notes=stored.get("notes") or note.reason,
        payment_terms=stored.get("payment_terms"),
        exemption_reason=who.exemption_reason,
        delivery_date=day_of(stored.get("delivery_date")),
        period=period_of(stored),
        corrects=(corrects["number"], date.fromisoformat(corrects["date"])) if corrects else None,
    )
