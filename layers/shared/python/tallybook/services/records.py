"""Services of clients, and what was told of them to outside systems, in the table."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainListAttribute, PlainMapAttribute, Record

PREFIX = "SERVICE#"


class ServiceRecord(Record):
    """A service that an outside system gives a client as long as it pays.

    No secret is stored: those that sign its webhooks are derived, see `secrets`. What the sending
    of webhooks notes down here (all below `secrets`) makes no new version.
    """

    KEY = ("CLIENT#<client_id>", "SERVICE#<service_id>")

    agenda_pk = UnicodeAttribute(null=True)  # while a delivery waits: when to send it
    agenda_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()  # service_id, name, reference, status, paid_through, created_at
    suspended = PlainMapAttribute(null=True)  # {at, by, reason, note, invoice_ids}
    webhook_url = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
    secrets = PlainListAttribute()  # {number, until}: the last one signs, older ones up to then
    last_delivery = UnicodeAttribute(null=True)  # the newest that was made
    delivered_to = UnicodeAttribute(null=True)  # the last one that was dealt with
    lease = UnicodeAttribute(null=True)  # "<until>#<id>" of the worker that sends one
    trouble = PlainMapAttribute(null=True)  # {since, task_id} while none is delivered
    switched_off = PlainMapAttribute(null=True)  # {at}: the address wants no more


class DeliveryRecord(Record):
    """An event to tell to the outside system of a service: one after another, as their ids are."""

    KEY = ("CLIENT#<client_id>", "DELIVERY#<service_id>#<delivery_id>")

    row = PlainMapAttribute()  # delivery_id, event, status, created_at, ended_at, message_id, …
    body = UnicodeAttribute()  # as it is signed
    attempts = PlainListAttribute()  # {at, status, error, answer, milliseconds}


def key(client_id: str, service_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"{PREFIX}{service_id}"


def ids_of(record: ServiceRecord) -> tuple[str, str]:
    """client_id and service_id."""
    return record.pk.removeprefix("CLIENT#"), record.sk.removeprefix(PREFIX)


def deliveries_of(service_id: str) -> str:
    """What the sort keys of a service's deliveries begin with."""
    return f"DELIVERY#{service_id}#"
