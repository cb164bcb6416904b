"""The portal's users in the table. The pool lets them in; this says to which clients."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import Record


class MembershipRecord(Record):
    """A portal user may act for a client. `signed_in_at` is the last sign-in that was noted."""

    KEY = ("PORTALUSER#<sub>", "CLIENT#<client_id>")

    email = UnicodeAttribute()
    created_at = UnicodeAttribute()
    signed_in_at = UnicodeAttribute(null=True)


class PasswordTurnRecord(Record):
    """Whose turn it is to give a portal user a temporary password, or to delete the user."""

    KEY = ("PASSWORDTURN#<address>", "PASSWORDTURN")

    whose = UnicodeAttribute()
    until = UnicodeAttribute()
    ttl = NumberAttribute()


def membership_key(sub: str, client_id: str) -> tuple[str, str]:
    return f"PORTALUSER#{sub}", f"CLIENT#{client_id}"
