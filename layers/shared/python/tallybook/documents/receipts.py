"""That a payment came in, for whoever paid."""

from datetime import date
from decimal import Decimal

from tallybook.clients.records import ClientRecord
from tallybook.invoices.papers import named, parties
from tallybook.invoices.rules import rounded
from tallybook.papers.kinds import Allocation, Receipt
from tallybook.payments.records import PaymentRecord
from tallybook.settings.models import Settings
from tallybook.table import decode, find_all


def receipt(payment: PaymentRecord, client: ClientRecord, settings: Settings) -> Receipt:
    """With one read more for the days of the invoices that were paid."""
    row = payment.row
    who = named(parties(client, settings, {}))
    return Receipt(
        seller=who.seller,
        buyer=who.buyer,
        account=who.account,
        number=number(row["payment_id"], row["date"]),
        date=date.fromisoformat(row["date"]),
        method=_in_words(row.get("method")),
        reference=row.get("reference"),
        currency=row["currency"],
        amount=rounded(Decimal(row["amount"]), row["currency"]),
        allocations=_allocations(payment),
        remaining=rounded(Decimal(row["unapplied"]), row["currency"]),
    )


def number(payment_id: str, day: str) -> str:
    """Payments have no series: the day and the end of the id tell them apart."""
    return f"{day.replace('-', '')}-{payment_id[-6:]}"


def _allocations(payment: PaymentRecord) -> list[Allocation]:
    invoice_ids = list(dict.fromkeys(each["invoice_id"] for each in payment.allocations))
    items = find_all([(payment.pk, f"INVOICE#{each}") for each in invoice_ids], consistent=True)
    rows = [decode(item["row"]) for item in items]
    issued = {row["invoice_id"]: date.fromisoformat(row["issue_date"]) for row in rows}
    return [
        Allocation(
            invoice=each["number"],
            invoice_date=issued[each["invoice_id"]],
            amount=rounded(Decimal(each["amount"]), payment.row["currency"]),
        )
        for each in payment.allocations
    ]


def _in_words(method: str | None) -> str | None:
    """bank_transfer is "Bank transfer"."""
    return method.replace("_", " ").capitalize() if method else None
