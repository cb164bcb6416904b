"""Mail in the table: what is to be sent, what became of it, and what waits for its client."""

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class EmailRecord(Record):
    """A mail. `row` is what lists show: its state, and what is known of it since.

    `row.status` is queued, sending, sent, delivered, bounced, complained, failed or unknown; a
    mail that is held because its client is suspended is queued and has `row.held_at`.
    """

    KEY = ("CLIENT#<client_id>", "EMAIL#<email_id>")

    row = PlainMapAttribute()
    via = UnicodeAttribute()  # whose work it is: "mail", "documents" first, "access" (passwords)
    template = UnicodeAttribute()
    context = PlainMapAttribute()  # what the template is given, beside the firm and the client
    sender = PlainMapAttribute(null=True)  # {name, email} of a member of staff; absent: the firm
    contact_id = UnicodeAttribute(null=True)
    attach_documents = BooleanAttribute(null=True)
    attachments = PlainListAttribute(null=True)  # {kind, id} or {kind, from, to}, see attachments
    unmailable: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, null=True)  # type: ignore[arg-type]
    reminds = PlainMapAttribute(null=True)  # {invoice_id: mark} of a reminder, see withdrawing
    claim = PlainMapAttribute(null=True)  # {id, stage}, see claims
    evidence = PlainMapAttribute()  # what SES told, see rules.Evidence
    version = NumberAttribute()


class FirmEmailRecord(EmailRecord):
    """A mail to the firm itself."""

    KEY = ("FIRM", "EMAIL#<email_id>")


class SentTextRecord(Record):
    """What a mail said when it was sent, without what must not be kept."""

    KEY = ("CLIENT#<client_id>", "SENTTEXT#<email_id>")

    subject = UnicodeAttribute()
    text = UnicodeAttribute()


class HeldRecord(Record):
    """Something that waits until its client is active again: `<kind>` is EMAIL or SMS."""

    KEY = ("CLIENT#<client_id>", "HELD#<kind>#<id>")

    via = UnicodeAttribute()
