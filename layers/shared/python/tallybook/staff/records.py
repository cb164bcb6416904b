"""Staff members in the table."""

from pynamodb.attributes import BooleanAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from tallybook.table import Record


class StaffRowMap(MapAttribute[str, object]):
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    role = UnicodeAttribute()
    active = BooleanAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    version = NumberAttribute()


class StaffRecord(Record):
    """A member of staff. The pool's groups decide what a token may do; this is who there is."""

    KEY = ("STAFF#<staff_id>", "STAFF")

    listing_pk = UnicodeAttribute()
    listing_sk = UnicodeAttribute()
    row = StaffRowMap()  # type: ignore[no-untyped-call]
