"""Estimates as their readers get them."""

from datetime import date

from tallybook.clients.records import ClientRecord
from tallybook.estimates.records import EstimateRecord
from tallybook.invoices.kinds import Paper
from tallybook.invoices.papers import day_of, named, parties, period_of
from tallybook.invoices.sums import document, from_stored
from tallybook.settings.models import Settings


def paper(estimate: EstimateRecord, client: ClientRecord, settings: Settings) -> Paper:
    """What the PDF of an estimate is made from. `due_date` is the last day on which it holds."""
    row, stored = estimate.row, estimate.entered
    who = named(estimate.parties or parties(client, settings, stored))
    currency = row["currency"]
    return Paper(
        kind="estimate",
        number=row["number"],
        issue_date=date.fromisoformat(row["issue_date"]),
        due_date=date.fromisoformat(row["expires_on"]),
        document=document(stored, currency, None),
        sums=from_stored(estimate.sums, currency),
        seller=who.seller,
        buyer=who.buyer,
        account=who.account,
        purchase_order=stored.get("purchase_order"),
        buyer_reference=who.buyer_reference,
        notes=stored.get("notes"),
        payment_terms=who.payment_terms,
        exemption_reason=who.exemption_reason,
        delivery_date=day_of(stored.get("delivery_date")),
        period=period_of(stored),
    )
