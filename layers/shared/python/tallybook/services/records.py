"""Services of clients, and what was told of them to outside systems, in the table."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record


class ServiceRecord(Record):
    """A service that an outside system gives a client as long as it pays.

    No secret is stored: those that sign its webhooks are derived, see webhooks.
    """

    KEY = ("CLIENT#<client_id>", "SERVICE#<service_id>")

    agenda_pk = UnicodeAttribute(null=True)  # while a delivery waits to be tried again
    agenda_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()  # service_id, name, reference, status, paid_through, created_at
    suspended = PlainMapAttribute(null=True)  # {at, by, reason, note, invoice_ids}
    webhook_url = UnicodeAttribute(null=True)
    secrets = PlainListAttribute()  # {number, until}: the last one signs, older ones up to then
    delivered_to = UnicodeAttribute(null=True)  # the last delivery that was dealt with
    updated_at = UnicodeAttribute()
    version = NumberAttribute()


class DeliveryRecord(Record):
    """An event to tell to the outside system of a service: one after another, as their ids are."""

    KEY = ("CLIENT#<client_id>", "DELIVERY#<service_id>#<delivery_id>")

    row = PlainMapAttribute()  # delivery_id, event, status, created_at, delivered_at, replay_of
    body = UnicodeAttribute()  # as it is signed
    attempts = PlainListAttribute()  # {at, status, error, milliseconds}
    version = NumberAttribute()
