"""Recurring invoices in the table."""

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class RecurringRecord(Record):
    """What is invoiced again and again. `row` is what lists show of it.

    `row` holds client_id, recurring_id, name, status ("active", "paused", "ended"), frequency,
    interval, next_date (absent: none), currency, total, made, created_at. `last_date` is the day
    that was dealt with last: the next one is the first of the schedule behind it. Whoever deals
    with one writes on the condition that the version is as read, so it is done once.
    """

    KEY = ("CLIENT#<client_id>", "RECURRING#<recurring_id>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    agenda_pk = UnicodeAttribute(null=True)  # when its next run, or the end of its pause, begins
    agenda_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()
    schedule = PlainMapAttribute()  # frequency, interval, start_date, end_date, count, day_of_month
    covers = UnicodeAttribute()  # "coming" or "past"
    template = PlainMapAttribute()  # a RecurringTemplate in JSON, without what was left out
    auto_finalize = BooleanAttribute()
    auto_send = BooleanAttribute()
    last_date = UnicodeAttribute(null=True)
    made = NumberAttribute()  # invoices, and runs that were missed: what `count` counts
    paused = PlainMapAttribute(null=True)  # {at, by, until, catch_up}
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
