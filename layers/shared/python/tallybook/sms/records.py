"""SMS to clients in the table."""

from pynamodb.attributes import NumberAttribute

from tallybook.table import PlainMapAttribute, Record


class SmsRecord(Record):
    """An SMS. `row` is what lists show: number, text, state and what is known of it since.

    `row.status` is queued, sending, sent, failed or unknown; one that is held because its client is
    suspended is queued and has `row.held_at`.
    """

    KEY = ("CLIENT#<client_id>", "SMS#<sms_id>")

    row = PlainMapAttribute()
    reminds = PlainMapAttribute(null=True)  # {invoice_id: mark} of a reminder, see mail.withdrawing
    claim = PlainMapAttribute(null=True)  # {id, stage}, see tallybook.claims
    version = NumberAttribute()
