"""The firm's own e-mail templates in the table; the built-in ones are files."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class TemplateRecord(Record):
    """A template that the firm wrote: one of its own, or its version of a built-in one.

    `based_on` is the built-in template whose variables it takes. `row` is what lists show.
    """

    KEY = ("TEMPLATE#<name>", "TEMPLATE")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    row = PlainMapAttribute()
    based_on = UnicodeAttribute()
    language = UnicodeAttribute()
    subject = UnicodeAttribute()
    text = UnicodeAttribute()
    html = UnicodeAttribute(null=True)  # absent: it follows from the text
    version = NumberAttribute()
