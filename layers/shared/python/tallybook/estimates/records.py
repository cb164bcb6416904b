"""Estimates in the table. `row` is what lists show; the index projects nothing else."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class EstimateRecord(Record):
    """An estimate. That it is expired is worked out, never stored.

    `row` holds client_id, estimate_id, number, currency, issue_date, expires_on, status, total,
    sent_at, created_at, invoice_id.
    """

    KEY = ("CLIENT#<client_id>", "ESTIMATE#<estimate_id>")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    row = PlainMapAttribute()
    entered = PlainMapAttribute()
    sums = PlainMapAttribute()
    parties = PlainMapAttribute(null=True)  # as they were when it was first sent
    sent = PlainListAttribute(null=True)
    decided = PlainMapAttribute(null=True)  # {at, by, decision, reason}
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
