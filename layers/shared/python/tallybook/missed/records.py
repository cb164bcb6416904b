"""What fell due and was not done, because the client was suspended or it could not be."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class MissedRecord(Record):
    """A period of a recurring invoice, or a step of a workflow, for staff to decide about.

    Its key follows from what was missed, so that it is listed once.
    """

    KEY = ("CLIENT#<client_id>", "MISSED#<date>#<kind>#<ref>")

    row = PlainMapAttribute()  # missed_id, kind, date, text, amount, currency, reason, created_at
    subject = PlainMapAttribute()  # what it takes to do it: {recurring_id} or {invoice_id, mark, …}
    created_at = UnicodeAttribute()
    version = NumberAttribute()
