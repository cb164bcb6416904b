"""Documents as their readers get them: who they are from and for, and the whole of an invoice.

A finalized document names seller and buyer as they were then (`parties`, frozen with it); a draft
names them as they are.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tallybook.clients.records import ClientRecord
from tallybook.invoices.kinds import Account, Paper, Party
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.sums import document, from_stored
from tallybook.settings.models import Settings

type Parties = dict[str, Any]
"""{seller, buyer, account, terms} as stored, without what is not known. `buyer` goes when the
client is erased. `terms` holds payment_terms, exemption_reason and buyer_reference."""


class Named(NamedTuple):
    """Who a document is from and for, and on what terms."""

    seller: Party
    buyer: Party
    account: Account
    payment_terms: str | None
    exemption_reason: str | None
    buyer_reference: str | None


def parties(client: ClientRecord, settings: Settings, entered: Mapping[str, Any]) -> Parties:
    """As they are now, to be frozen with a document; `entered` may have terms of its own."""
    billing = settings.billing
    terms = {
        "payment_terms": entered.get("payment_terms") or billing.payment_terms,
        "exemption_reason": entered.get("exemption_reason") or billing.exemption_reason,
        "buyer_reference": client.buyer_reference,
    }
    account = Account(
        iban=billing.iban,
        bic=billing.bic,
        bank=billing.bank,
        holder=billing.account_holder or settings.name,
    )
    return {
        "seller": _known(asdict(_seller(settings))),
        "buyer": _known(asdict(_buyer(client))),
        "account": _known(asdict(account)),
        "terms": _known(terms),
    }


def named(found: Parties) -> Named:
    """What stored parties say."""
    terms = found.get("terms", {})
    return Named(
        seller=Party(**found.get("seller", {})),
        buyer=Party(**found.get("buyer", {})),
        account=Account(**found.get("account", {})),
        payment_terms=terms.get("payment_terms"),
        exemption_reason=terms.get("exemption_reason"),
        buyer_reference=terms.get("buyer_reference"),
    )


def period_of(entered: Mapping[str, Any]) -> tuple[date, date] | None:
    stored = entered.get("period")
    if not stored:
        return None
    return date.fromisoformat(stored["from"]), date.fromisoformat(stored["to"])


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def paper(invoice: InvoiceRecord, client: ClientRecord, settings: Settings) -> Paper:
    """An invoice as PDF and e-invoice are made from it, with what is paid of it by now."""
    row, stored = invoice.row, invoice.entered
    who = named(invoice.parties or parties(client, settings, stored))
    currency = row["currency"]
    # What it was rounded to is in its sums; the paper only shows what came of it.
    return Paper(
        kind="invoice",
        number=row.get("number"),
        issue_date=date.fromisoformat(row["issue_date"]),
        due_date=date.fromisoformat(row["due_date"]),
        document=document(stored, currency, None),
        sums=from_stored(
            invoice.sums, currency, paid=Decimal(row["paid"]), credited=Decimal(row["credited"])
        ),
        seller=who.seller,
        buyer=who.buyer,
        account=who.account,
        purchase_order=stored.get("purchase_order"),
        buyer_reference=who.buyer_reference,
        notes=stored.get("notes"),
        payment_terms=who.payment_terms,
        exemption_reason=who.exemption_reason,
        delivery_date=day_of(stored.get("delivery_date")),
        period=period_of(stored),
    )


def _seller(settings: Settings) -> Party:
    address, billing = settings.address, settings.billing
    return Party(
        name=settings.name,
        street1=address.street1,
        street2=address.street2,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
        vat_id=billing.vat_id,
        tax_number=billing.tax_number,
        registration=billing.registration,
        email=settings.email,
        telephone=settings.telephone,
    )


def _buyer(client: ClientRecord) -> Party:
    row, address = client.row, client.billing_address
    person = " ".join(filter(None, (row.first_name, row.last_name)))
    return Party(
        name=row.business_name,
        person=person or None,
        **{
            name: address.get(name)
            for name in ("street1", "street2", "city", "state", "postal_code", "country")
        },
        vat_id=client.vat_id,
        registration=client.registration,
        number=row.number,
        email=next(iter(row.emails or []), None),
        telephone=row.telephone,
    )


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
