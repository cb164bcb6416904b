"""Payment links in the table: what each leads to, and how often it was used."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.links.tokens import Named
from tallybook.table import PlainListAttribute, PlainMapAttribute, Record

PREFIX = "PAYLINK#"


class LinkRecord(Record):
    """A payment link; its token is made from the item and kept nowhere."""

    KEY = ("CLIENT#<client_id>", "PAYLINK#<link_id>")

    invoice_id = UnicodeAttribute(null=True)  # absent: the whole account
    expires_at = UnicodeAttribute()
    by = PlainMapAttribute(null=True)  # {staff_id, name}; absent: the system, for a mail
    revoked = PlainMapAttribute(null=True)  # {at, by}
    used = NumberAttribute(null=True)
    last_used_at = UnicodeAttribute(null=True)
    uses = PlainListAttribute(null=True)  # when, the last fifty, the newest first
    version = NumberAttribute()


def key(client_id: str, link_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"{PREFIX}{link_id}"


def named(record: LinkRecord) -> Named:
    """What the link's token names."""
    return Named(
        record.pk.removeprefix("CLIENT#"),
        record.sk.removeprefix(PREFIX),
        datetime.fromisoformat(record.expires_at),
    )
