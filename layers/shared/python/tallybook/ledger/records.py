"""The ledger of a client in the table: entries that are only ever added, and sums by month."""

from pynamodb.attributes import UnicodeAttribute

from tallybook.table import DecimalAttribute, PlainMapAttribute, Record


class LedgerRecord(Record):
    """An entry. `row` is all that it says, see `posting`; the index is the firm's journal."""

    KEY = ("CLIENT#<client_id>", "LEDGER#<currency>#<date>#<entry_id>")

    by_date_pk = UnicodeAttribute()
    by_date_sk = UnicodeAttribute()
    row = PlainMapAttribute()


class MonthRecord(Record):
    """The sums of a client's entries of one month, kept by `ADD`; absent: nothing.

    `amount` is what the client owes more after the month than before it.
    """

    KEY = ("CLIENT#<client_id>", "MONTH#<currency>#<yyyy-mm>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    amount = DecimalAttribute(null=True)
    invoiced = DecimalAttribute(null=True)
    received = DecimalAttribute(null=True)
    credited = DecimalAttribute(null=True)
    written_off = DecimalAttribute(null=True)
