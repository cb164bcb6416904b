"""An estimate becomes the draft of an invoice, once."""

from datetime import datetime

from tallybook.authors import By
from tallybook.estimates.mapping import freeze
from tallybook.estimates.reading import with_estimate
from tallybook.estimates.revising import next_of, write
from tallybook.estimates.rules import must_hold
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.invoices.answers import Invoice
from tallybook.invoices.drafts import drafted
from tallybook.invoices.mapping import to_invoice
from tallybook.invoices.models import DocumentFields, NewInvoice
from tallybook.models import merged_into
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged


def convert(
    client_id: str,
    estimate_id: str,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Invoice:
    """The draft that an estimate became. One BatchGetItem and one transaction for both.

    One that nobody decided about is converted as well: who writes the invoice knows. Raises
    `EstimateClosed` when it was declined, holds no longer, or became an invoice before, which is
    named then; `StaleVersion`; and `InvalidFields` when a rule is newer than it.
    """

    def attempt() -> Invoice:
        found, before = with_estimate(client_id, estimate_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_hold(before.row, found.today, also=("accepted",))
        number = before.row["number"]
        kept = {n: each for n, each in before.entered.items() if n in DocumentFields.model_fields}
        new = merged_into(NewInvoice, kept | {"currency": before.row["currency"]}, {})
        writing = Transaction()
        record, _ = drafted(writing, found, new, at=at, by=by, from_estimate=estimate_id)
        invoice_id = record.row["invoice_id"]
        invoice = to_invoice(record, found.client, found.settings, at)
        after = next_of(before, at=at)
        freeze(after, found)
        after.row.update(status="converted", invoice_id=invoice_id)
        transaction = Transaction()
        once.claim(transaction, invoice)
        write(transaction, before, after)
        transaction.extend(writing)
        told = {"estimate_id": estimate_id, "invoice_id": invoice_id, "number": number}
        text, event = f"Estimate {number} became the draft of an invoice", "estimate.converted"
        transaction.put(entry(client_id, "estimate", at=at, by=by, text=text, event=event,
                              what="converted", **told))  # fmt: skip
        transaction.commit()
        return invoice

    return until_unchanged(attempt)
