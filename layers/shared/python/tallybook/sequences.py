"""Running numbers in the table: what a series gives next."""

from pynamodb.attributes import NumberAttribute

from tallybook.table import Record


class SequenceRecord(Record):
    KEY = ("SEQUENCE#<name>", "SEQUENCE")

    next = NumberAttribute()
    begun_at = NumberAttribute(null=True)  # where somebody said that it begins
