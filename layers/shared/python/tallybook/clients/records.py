"""Clients in the table. `row` is what lists show: the indexes project nothing else."""

from pynamodb.attributes import (
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.condition import Condition

from tallybook.table import Item, PlainMapAttribute, Record


class ClientRowMap(MapAttribute[str, object]):
    """Attributes that say nothing (no flag, an active client) are absent, to keep pages small."""

    number = UnicodeAttribute()
    business_name = UnicodeAttribute()
    first_name = UnicodeAttribute(null=True)
    last_name = UnicodeAttribute(null=True)
    emails: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, null=True)  # type: ignore[arg-type]
    telephone = UnicodeAttribute(null=True)
    country = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    tags: ListAttribute[str] = ListAttribute(of=UnicodeAttribute, null=True)  # type: ignore[arg-type]
    ar_specialist = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)  # "suspended", or absent
    flag = PlainMapAttribute(null=True)
    favourites = PlainMapAttribute()  # staff id → 1
    portal_status = UnicodeAttribute(null=True)  # "waiting" or "accepted"; absent: not invited
    portal_invited_at = UnicodeAttribute(null=True)
    account = PlainMapAttribute()  # currency → {invoiced, paid, unpaid, credit}
    letters = UnicodeAttribute()  # what its search words begin with
    balance_due = NumberAttribute(null=True)  # in how many currencies something is unpaid


class ClientRecord(Record):
    """A client. `removed_at` hides it while its items are being removed."""

    KEY = ("CLIENT#<client_id>", "CLIENT")

    listing_pk = UnicodeAttribute(null=True)
    listing_sk = UnicodeAttribute(null=True)
    by_date_pk = UnicodeAttribute(null=True)
    by_date_sk = UnicodeAttribute(null=True)
    agenda_pk = UnicodeAttribute(null=True)  # when to look at it again, see clients.attention
    agenda_sk = UnicodeAttribute(null=True)
    attention = UnicodeAttribute(null=True)
    row = ClientRowMap()  # type: ignore[no-untyped-call]
    billing_address = PlainMapAttribute()
    shipping_address = PlainMapAttribute(null=True)
    invoicing_method = UnicodeAttribute()
    vat_id = UnicodeAttribute(null=True)
    registration = UnicodeAttribute(null=True)
    buyer_reference = UnicodeAttribute(null=True)
    workflow_id = UnicodeAttribute(null=True)
    sla = PlainMapAttribute()
    payment_settings = PlainMapAttribute()
    suspended = PlainMapAttribute(null=True)
    portal = PlainMapAttribute(null=True)  # see portal.standing
    suppressed = PlainMapAttribute(null=True)  # address → {address, reason, detail, at, email_id}
    open_invoices = NumberAttribute(null=True)
    open_projects = NumberAttribute(null=True)
    files = NumberAttribute(null=True)
    finalized_invoices = NumberAttribute(null=True)
    contacts = NumberAttribute(null=True)
    primary_contact = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    version = NumberAttribute()
    removed_at = UnicodeAttribute(null=True)
    erased = NumberAttribute(null=True)  # 1: the ledger stays
    imported = UnicodeAttribute(null=True)  # <import id>#<version>: an import wrote that version


def is_there() -> Condition:
    """The condition that the client exists and is not being removed."""
    there: Condition = ClientRecord.pk.exists() & ClientRecord.removed_at.does_not_exist()
    return there


class UniqueRecord(Record):
    """Says which client has a number or, as its first, an e-mail address."""

    KEY = ("UNIQUE#<field>#<value>", "UNIQUE")

    client_id = UnicodeAttribute()


class SearchRecord(Record):
    """One word that finds a client. `name` sorts the clients that are found."""

    KEY = ("SEARCH#<first two characters>", "<token>#<client_id>")

    name = UnicodeAttribute()

    @staticmethod
    def item(pk: str, sk: str, name: str) -> Item:
        """The record as an item: a client has ten, and an import a hundred thousand clients."""
        return {"pk": {"S": pk}, "sk": {"S": sk}, "name": {"S": name}}


class FavouriteRecord(Record):
    KEY = ("STAFF#<staff_id>", "FAVOURITE#<client_id>")
