"""Promises to pay in the table."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class PromiseRecord(Record):
    """What a client promised to pay by a day. Whether it was kept is worked out, never stored."""

    KEY = ("CLIENT#<client_id>", "PROMISE#<promise_id>")

    row = PlainMapAttribute()  # promise_id, amount, currency, date, created_at, cancelled_at
    invoice_ids = PlainListAttribute(null=True)  # None: all of the currency
    note = UnicodeAttribute(null=True)
    by = PlainMapAttribute()
    ended_at = UnicodeAttribute(null=True)  # when it was first looked at after its day
    task_id = UnicodeAttribute(null=True)  # the task that was made then, as it was broken
    version = NumberAttribute()
