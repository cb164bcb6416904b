"""The settings in the table: one item."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class SettingsRecord(Record):
    KEY = ("SETTINGS", "SETTINGS")

    settings = PlainMapAttribute()
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
