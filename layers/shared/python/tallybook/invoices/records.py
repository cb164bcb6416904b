"""Invoices in the table. `row` is what lists show; the indexes project nothing else."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class InvoiceRecord(Record):
    """An invoice: a draft until `row.number` is there. Overdue is worked out, never stored.

    `row` holds client_id, invoice_id, number, currency, issue_date, due_date, status, total, paid,
    credited, written_off, balance, collection_status, sent_at, created_at, finalized_at. Its status
    and balance follow from the amounts (`standing`).
    """

    KEY = ("CLIENT#<client_id>", "INVOICE#<invoice_id>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    by_date_pk = UnicodeAttribute(null=True)
    by_date_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()
    entered = PlainMapAttribute()  # the request: lines, allowances, charges, notes …
    sums = PlainMapAttribute()  # the totals as last worked out; frozen when finalized
    parties = PlainMapAttribute(null=True)  # as they were when finalized, see papers.Parties
    applied = PlainListAttribute(null=True)  # {source, amount, date}, see standing
    credit_notes = PlainMapAttribute(null=True)  # credit note id → its total: those that correct it
    sent = PlainListAttribute(null=True)  # {at, by, email_id}, the last ten
    voided = PlainMapAttribute(null=True)  # {at, by, date, reason}
    written_off = PlainMapAttribute(null=True)  # {at, by, date, reason}
    collection = PlainMapAttribute(null=True)  # {note, by, at}: why it has its collection status
    from_estimate = UnicodeAttribute(null=True)
    from_recurring = PlainMapAttribute(null=True)  # {recurring_id, date, to}: its run, see making
    charged_on = UnicodeAttribute(null=True)  # the day of its last late fee
    steps = PlainMapAttribute(null=True)  # what its workflow has done, see workflows.kinds.Mark
    updated_at = UnicodeAttribute()
    version = NumberAttribute()


class OpenInvoiceRecord(Record):
    """Says that something of an invoice is unpaid: a client's open invoices are one query.

    What is unpaid stands on the invoice: a partial payment leaves this item alone.
    """

    KEY = ("CLIENT#<client_id>", "OPEN#<currency>#<due_date>#<invoice_id>")


class ToSendRecord(Record):
    """Says that an invoice's mail waits for the hours at which the firm sends; paid or not."""

    KEY = ("CLIENT#<client_id>", "TOSEND#<invoice_id>")
