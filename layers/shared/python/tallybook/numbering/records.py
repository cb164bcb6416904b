"""Numbers of documents in the table: which document has a number."""

from pynamodb.attributes import UnicodeAttribute

from tallybook.table import Record


class NumberRecord(Record):
    """Says whose number it is. It stays when the document is voided."""

    KEY = ("NUMBER#<series>#<number>", "NUMBER")

    client_id = UnicodeAttribute()
    document_id = UnicodeAttribute()
