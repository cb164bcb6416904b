"""Between the client that the API knows and the client in the table, one expression each way."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from tallybook.clients.models import (
    Account,
    Client,
    ClientRow,
    Counts,
    Flag,
    NewClient,
    PaymentSettings,
    PortalStatus,
    Sla,
    Suspension,
    Targets,
)
from tallybook.clients.records import ClientRecord, ClientRowMap
from tallybook.clients.rules import search_words
from tallybook.countries import name_of
from tallybook.ids import time_of
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.portal.rules import shown
from tallybook.postal import Address
from tallybook.table import Item, decode
from tallybook.telephones import normalise
from tallybook.text import sort_key

_TOTALS = ("invoiced", "paid", "unpaid", "credit")


def partition(client_id: str) -> str:
    return f"CLIENT#{client_id}"


def id_of(record: ClientRecord) -> str:
    return record.pk.removeprefix("CLIENT#")


def sort_position(business_name: str, client_id: str) -> str:
    """Where the client stands in lists that are sorted by name."""
    return f"{sort_key(business_name)}#{client_id}"


def entered(record: ClientRecord) -> dict[str, Any]:
    """What was entered about the client, as the document that a merge patch changes."""
    row = record.row
    return {
        "business_name": row.business_name,
        "number": row.number,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "emails": row.emails or [],
        "telephone": row.telephone,
        "billing_address": record.billing_address,
        "shipping_address": record.shipping_address,
        "currency": row.currency,
        "invoicing_method": record.invoicing_method,
        "vat_id": record.vat_id,
        "registration": record.registration,
        "buyer_reference": record.buyer_reference,
        "tags": row.tags or [],
        "ar_specialist": row.ar_specialist,
        "workflow_id": record.workflow_id,
        "sla": record.sla,
        "payment_settings": record.payment_settings,
    }


def enter(record: ClientRecord, new: NewClient) -> None:
    """Put what was entered into the record, and the client into its place in lists."""
    record.row.business_name = new.business_name
    record.row.number = new.number
    record.row.first_name = new.first_name
    record.row.last_name = new.last_name
    record.row.emails = new.emails or None
    record.row.telephone = new.telephone and normalise(new.telephone, new.billing_address.country)
    record.row.country = new.billing_address.country
    record.row.currency = new.currency
    record.row.tags = new.tags or None
    record.row.ar_specialist = new.ar_specialist
    record.billing_address = new.billing_address.model_dump(exclude_none=True)
    record.shipping_address = (
        new.shipping_address.model_dump(exclude_none=True) if new.shipping_address else None
    )
    record.invoicing_method = new.invoicing_method
    record.vat_id = new.vat_id
    record.registration = new.registration
    record.buyer_reference = new.buyer_reference
    record.workflow_id = new.workflow_id
    record.sla = new.sla.model_dump(exclude_none=True)
    record.payment_settings = new.payment_settings.model_dump(mode="json")
    # Lets the list look for a single character without reading every client's words.
    record.row.letters = "".join(sorted({word[0] for word in searched(record)}))
    record.listing_sk = sort_position(new.business_name, id_of(record))


def new_record(client_id: str, new: NewClient, *, at: str) -> ClientRecord:
    record = ClientRecord(
        partition(client_id),
        "CLIENT",
        listing_pk="CLIENTS",
        by_date_pk="CLIENTS",
        by_date_sk=client_id,
        row=ClientRowMap(favourites={}, account={}),  # type: ignore[no-untyped-call]
        created_at=at,
        updated_at=at,
        version=1,
    )
    enter(record, new)
    return record


def searched(record: ClientRecord) -> list[str]:
    """The words that find the client."""
    row = record.row
    return search_words(
        row.business_name,
        row.first_name,
        row.last_name,
        number=row.number,
        emails=row.emails or [],
        telephone=row.telephone,
    )


def to_client(record: ClientRecord, staff_id: str, at: datetime) -> Client:
    """The client as the staff member `staff_id` sees it at the time `at`.

    What is stored is not judged again.
    """
    row, shipping = record.row, record.shipping_address
    method: Any = record.invoicing_method
    return Client.model_construct(
        client_id=id_of(record),
        business_name=row.business_name,
        number=row.number,
        first_name=row.first_name,
        last_name=row.last_name,
        emails=list(row.emails or []),
        telephone=row.telephone,
        billing_address=trusted(Address, record.billing_address),
        shipping_address=trusted(Address, shipping) if shipping is not None else None,
        currency=row.currency,
        invoicing_method=method,
        vat_id=record.vat_id,
        registration=record.registration,
        buyer_reference=record.buyer_reference,
        tags=list(row.tags or []),
        ar_specialist=row.ar_specialist,
        workflow_id=record.workflow_id,
        sla=trusted(Sla, {work: trusted(Targets, times) for work, times in record.sla.items()}),
        payment_settings=trusted(PaymentSettings, record.payment_settings),
        status="suspended" if row.status else "active",
        suspended=_suspension(record.suspended),
        flag=Flag.model_validate(row.flag) if row.flag else None,
        favourite=staff_id in row.favourites,
        portal=shown(record.portal, at),
        counts=Counts(
            open_invoices=int(record.open_invoices or 0),
            open_projects=int(record.open_projects or 0),
            files=int(record.files or 0),
        ),
        account=_accounts(row.account, row.currency),
        created_at=datetime.fromisoformat(record.created_at),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def plain_row(item: Item) -> dict[str, Any]:
    """What an index projects of a client, with its id."""
    row: dict[str, Any] = decode(item["row"])
    row["client_id"] = item["pk"]["S"].removeprefix("CLIENT#")
    return row


def to_client_row(row: Mapping[str, Any], staff_id: str, at: datetime) -> ClientRow:
    country, flag = row.get("country"), row.get("flag")
    emails = row.get("emails")
    return ClientRow.model_construct(
        client_id=row["client_id"],
        number=row["number"],
        business_name=row["business_name"],
        first_name=row.get("first_name"),
        last_name=row.get("last_name"),
        email=emails[0] if emails else None,
        country=country,
        country_name=country and name_of(country),
        status=row.get("status", "active"),
        tags=row.get("tags", []),
        flag=flag and Flag.model_validate(flag),
        favourite=staff_id in row["favourites"],
        portal_status=_portal_status(row, at),
        account=_accounts(row["account"], row["currency"]),
        created_at=time_of(row["client_id"]),
    )


def _portal_status(row: Mapping[str, Any], at: datetime) -> PortalStatus:
    if "portal_status" not in row:
        return "not_invited"
    state = {"status": row["portal_status"], "invited_at": row.get("portal_invited_at")}
    return shown(state, at).status


def words_of_row(row: Mapping[str, Any]) -> list[str]:
    """The words that find the client of a row."""
    return search_words(
        row["business_name"],
        row.get("first_name"),
        row.get("last_name"),
        number=row["number"],
        emails=row.get("emails", []),
        telephone=row.get("telephone"),
    )


def _suspension(stored: dict[str, Any] | None) -> Suspension | None:
    # What is stored leaves out a reason that was not given.
    return Suspension.model_validate({"reason": None} | stored) if stored else None


def _accounts(stored: Mapping[str, Mapping[str, int | Decimal]], own: str) -> list[Account]:
    """A client's totals, its own currency first; zero where nothing was ever booked."""
    currencies = [own, *sorted(stored.keys() - {own})]
    return [_account(currency, stored.get(currency, {})) for currency in currencies]


def _account(currency: str, totals: Mapping[str, int | Decimal]) -> Account:
    if not totals:
        return _nothing_booked(currency)
    texts = {name: amount_text(Decimal(totals.get(name, 0)), currency) for name in _TOTALS}
    return trusted(Account, {"currency": currency, **texts})


@cache  # a page shows it for most of its clients
def _nothing_booked(currency: str) -> Account:
    nothing = amount_text(Decimal(0), currency)
    return trusted(Account, {"currency": currency, **dict.fromkeys(_TOTALS, nothing)})
