"""What comes in, in the table: who is reached where, and messages that wait for somebody."""

from tallybook.table import Record


class ReachRecord(Record):
    """A contact's address or number: whose message it is that comes from there."""

    KEY = ("REACH#<address or number>", "<client_id>#<contact_id>")
