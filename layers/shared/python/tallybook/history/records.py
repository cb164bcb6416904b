"""The history of a client in the table: one item for each activity, written with what it tells."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class HistoryRecord(Record):
    """An activity. One that has an `event` is published under that name on the firm's bus."""

    KEY = ("CLIENT#<client_id>", "HISTORY#<entry_id>")

    kind = UnicodeAttribute()  # see history.models.Kind
    by = PlainMapAttribute(null=True)  # {staff_id, name}; absent: the system or the client
    text = UnicodeAttribute(null=True)
    details = PlainMapAttribute()
    event = UnicodeAttribute(null=True)
    edited = PlainMapAttribute(null=True)  # {at, by}
    version = NumberAttribute()
