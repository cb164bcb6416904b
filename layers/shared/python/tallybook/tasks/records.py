"""Tasks in the table."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class TaskRecord(Record):
    """Something that somebody has to do for a client."""

    KEY = ("CLIENT#<client_id>", "TASK#<task_id>")

    listing_pk = UnicodeAttribute(null=True)  # while it is open
    listing_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()  # client_id, task_id, kind, title, status, assignee, due_date, …
    body = UnicodeAttribute(null=True)
    invoice_ids = PlainListAttribute(null=True)
    by = PlainMapAttribute(null=True)  # who made it; absent: the system
    done = PlainMapAttribute(null=True)  # {at, by}
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
