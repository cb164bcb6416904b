"""Credit notes in the table. `row` is what lists show; the indexes project nothing else."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class CreditNoteRecord(Record):
    """A credit note: finalized when it is made, and a credit like a payment from then on.

    `row` holds client_id, credit_note_id, number, invoice_id, invoice_number, currency, issue_date,
    total, applied, refunded, unapplied, status, created_at.
    """

    KEY = ("CLIENT#<client_id>", "CREDITNOTE#<credit_note_id>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    by_date_pk = UnicodeAttribute(null=True)
    by_date_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()
    entered = PlainMapAttribute()
    sums = PlainMapAttribute()
    parties = PlainMapAttribute()  # as they were when it was issued, see invoices.papers.Parties
    corrects = PlainMapAttribute(null=True)  # {number, date} of the invoice
    reason = UnicodeAttribute(null=True)
    credited_on = UnicodeAttribute()  # the last day on which credit came: its own, or given back
    last_day = UnicodeAttribute()  # the latest of its entries in the ledger
    allocations = PlainListAttribute()  # {invoice_id, number, amount, date}
    refunds = PlainListAttribute(null=True)  # {refund_id, amount, date, method …}
    sent = PlainListAttribute(null=True)  # {at, by, email_id}, the last ten
    by = PlainMapAttribute(null=True)
    version = NumberAttribute()
