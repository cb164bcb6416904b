"""Contacts in the table. Which one is primary stands on the client: so it can only be one."""

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class ContactRecord(Record):
    KEY = ("CLIENT#<client_id>", "CONTACT#<contact_id>")

    first_name = UnicodeAttribute(null=True)
    last_name = UnicodeAttribute(null=True)
    emails: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, null=True)  # type: ignore[arg-type]
    telephone = UnicodeAttribute(null=True)
    job_title = UnicodeAttribute(null=True)
    billing = BooleanAttribute(null=True)
    address = PlainMapAttribute(null=True)
    workflow_id = UnicodeAttribute(null=True)
    portal = PlainMapAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    version = NumberAttribute()


def key(client_id: str, contact_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"CONTACT#{contact_id}"
