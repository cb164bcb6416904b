"""What comes in, in the table: who is reached where, and messages that wait for somebody."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class ReachRecord(Record):
    """A contact's address or number: whose message it is that comes from there."""

    KEY = ("REACH#<address or number>", "<client_id>#<contact_id>")


class ReceivedRecord(Record):
    """Says that a message was taken in: it may be delivered again, and be matched otherwise."""

    KEY = ("RECEIVED#<hash of where it came from>", "RECEIVED")

    message_id = UnicodeAttribute()
    ttl = NumberAttribute()


class InboxRecord(Record):
    """A message that could not be filed under one client. `row` is what the list shows of it.

    `text` and `details` are those of the history entry that it becomes.
    """

    KEY = ("INBOX#<message_id>", "INBOX")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    row = PlainMapAttribute()
    text = UnicodeAttribute(null=True)
    details = PlainMapAttribute()
    version = NumberAttribute()
    ttl = NumberAttribute(null=True)
