"""Payments in the table. `row` is what lists show; the indexes project nothing else."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class PaymentRecord(Record):
    """A payment, and what became of it.

    `row` holds client_id, payment_id, amount, currency, method, date, reference, applied, refunded,
    unapplied, status, created_at: amount = applied + refunded + unapplied, unless it was reversed.
    """

    KEY = ("CLIENT#<client_id>", "PAYMENT#<payment_id>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    by_date_pk = UnicodeAttribute(null=True)
    by_date_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()
    credited_on = UnicodeAttribute()  # the last day on which credit came: its own, or given back
    last_day = UnicodeAttribute()  # the latest of its entries in the ledger
    allocations = PlainListAttribute()  # {invoice_id, number, amount, date}
    refunds = PlainListAttribute(null=True)  # {refund_id, amount, date, method …}
    reversed = PlainMapAttribute(null=True)  # {at, by, date, reason}
    sent = PlainListAttribute(null=True)  # {at, by, email_id}, the last ten receipts
    by = PlainMapAttribute(null=True)  # {staff_id, name}
    version = NumberAttribute()
