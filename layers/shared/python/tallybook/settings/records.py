"""The settings in the table: one item."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class SettingsRecord(Record):
    KEY = ("SETTINGS", "SETTINGS")

    agenda_pk = UnicodeAttribute(null=True)  # when what decides about reminders was changed
    agenda_sk = UnicodeAttribute(null=True)
    settings = PlainMapAttribute()
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
