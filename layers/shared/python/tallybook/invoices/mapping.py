"""Between the invoice that the API knows and its item in the table."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import today
from tallybook.errors import InvalidField
from tallybook.invoices.answers import (
    Applied,
    Collection,
    Ended,
    FromRecurring,
    Invoice,
    InvoiceSums,
)
from tallybook.invoices.einvoice import Terms, warnings
from tallybook.invoices.models import Lack, PartyShown, Period, Sending
from tallybook.invoices.papers import day_of, paper, parties
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.reminders import reminders_of
from tallybook.invoices.rows import row_fields
from tallybook.invoices.sums import (
    Entered,
    added_up,
    document,
    shown_fields,
    shown_sums,
    shown_taxes,
    to_stored,
)
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.settings.models import Settings

_NOTHING = Decimal(0)


def key(client_id: str, invoice_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"INVOICE#{invoice_id}"


def id_of(record: InvoiceRecord) -> str:
    return record.sk.removeprefix("INVOICE#")


def dates_of(stored: Entered, client: ClientRecord, issued: date) -> tuple[date, date]:
    """When the invoice is issued, `issued` unless it says, and due. Raises `InvalidField`."""
    issue_date = day_of(stored.get("issue_date")) or issued
    terms_days = int(client.payment_settings.get("terms_days", 30))
    due_date = day_of(stored.get("due_date")) or issue_date + timedelta(days=terms_days)
    if due_date < issue_date:
        raise InvalidField("due_date", f"It lies before the issue date, {issue_date}.")
    return issue_date, due_date


def write_up(
    record: InvoiceRecord,
    stored: Entered,
    client: ClientRecord,
    settings: Settings,
    *,
    at: datetime,
) -> None:
    """Put what was entered, and what follows from it, into the record of a draft.

    Raises `InvalidField`.
    """
    currency = stored.get("currency") or client.row.currency
    stored = {**stored, "currency": currency}  # its amounts stay in it when the client gets another
    issue_date, due_date = dates_of(stored, client, today(at, settings.time_zone))
    sums = added_up(document(stored, currency, settings))
    row: dict[str, Any] = dict(record.row or {})
    row.update(
        currency=currency,
        issue_date=issue_date.isoformat(),
        due_date=due_date.isoformat(),
        status="draft",
        total=sums.payable,
        paid=_NOTHING,
        credited=_NOTHING,
        written_off=_NOTHING,
        balance=sums.payable,
    )
    record.row, record.entered, record.sums = row, stored, to_stored(sums)
    record.listing_pk, record.listing_sk = "INVOICES", f"{issue_date}#{row['invoice_id']}"
    record.by_date_pk, record.by_date_sk = "DRAFTS", f"{due_date}#{row['invoice_id']}"


def to_invoice(
    record: InvoiceRecord, client: ClientRecord, settings: Settings, at: datetime
) -> Invoice:
    """The invoice as it is at the time `at`. What is stored is not judged again."""
    row, stored = record.row, record.entered
    currency = row["currency"]
    who = record.parties or parties(client, settings, stored)
    fields = {
        **shown_fields(stored, record.sums, currency),
        **row_fields(row, today(at, settings.time_zone)),
    }
    for name in ("total", "paid", "balance"):  # of a row; an invoice has `totals`
        del fields[name]
    if "period" in fields:
        days = {name: day_of(text) for name, text in fields["period"].items()}
        fields["period"] = trusted(Period, days)
    fields["delivery_date"] = day_of(stored.get("delivery_date"))
    return Invoice.model_construct(
        None,
        **fields,
        collection=_collection(record),
        totals=_totals(record),
        taxes=shown_taxes(record.sums, currency),
        seller=trusted(PartyShown, who["seller"]),
        buyer=trusted(PartyShown, who["buyer"]) if "buyer" in who else None,
        applied=_applied(record),
        sent=[_sending(each) for each in record.sent or []],
        reminders=reminders_of(record.steps or {}, currency),
        voided=_ended(record.voided),
        written_off=_ended(record.written_off),
        from_estimate=record.from_estimate,
        from_recurring=_from_recurring(record.from_recurring),
        warnings=warnings_of(record, client, settings),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def warnings_of(record: InvoiceRecord, client: ClientRecord, settings: Settings) -> list[Lack]:
    """What an e-invoice of it would lack."""
    shown = paper(record, client, settings)
    terms = Terms(
        due_date=shown.due_date,
        payment_terms=shown.payment_terms,
        exemption_reason=shown.exemption_reason,
    )
    found = warnings(
        shown.document, shown.sums, seller=shown.seller, buyer=shown.buyer, terms=terms
    )
    return [trusted(Lack, asdict(each)) for each in found]


def by_of_stored(stored: dict[str, Any] | None) -> By | None:
    return trusted(By, stored) if stored else None


def _from_recurring(stored: dict[str, Any] | None) -> FromRecurring | None:
    if not stored:
        return None
    day = date.fromisoformat(stored["date"])
    return FromRecurring.model_construct(recurring_id=stored["recurring_id"], date=day)


def _totals(record: InvoiceRecord) -> InvoiceSums:
    row, currency = record.row, record.row["currency"]
    fees = Decimal(row["total"]) - Decimal(record.sums["payable"])
    paid = {name: row[name] for name in ("paid", "credited", "written_off", "balance")}
    amounts = {
        name: amount_text(Decimal(value), currency)
        for name, value in {"late_fees": fees, **paid}.items()
    }
    return trusted(InvoiceSums, {**shown_sums(record.sums, currency), **amounts})


def _applied(record: InvoiceRecord) -> list[Applied]:
    found = []
    for each in record.applied or []:
        source, _, source_id = each["source"].partition("#")
        found.append(
            Applied.model_construct(
                source=source,
                id=source_id,
                amount=amount_text(Decimal(each["amount"]), record.row["currency"]),
                date=date.fromisoformat(each["date"]),
            )
        )
    return found


def _sending(stored: dict[str, Any]) -> Sending:
    return Sending.model_construct(
        email_id=stored["email_id"],
        at=datetime.fromisoformat(stored["at"]),
        by=by_of_stored(stored.get("by")),
    )


def _ended(stored: dict[str, Any] | None) -> Ended | None:
    if not stored:
        return None
    return Ended.model_construct(
        at=datetime.fromisoformat(stored["at"]),
        by=by_of_stored(stored.get("by")),
        date=date.fromisoformat(stored["date"]),
        reason=stored.get("reason"),
    )


def _collection(record: InvoiceRecord) -> Collection | None:
    if not record.collection:
        return None
    return Collection.model_construct(
        note=record.collection.get("note"),
        by=trusted(By, record.collection["by"]),
        at=datetime.fromisoformat(record.collection["at"]),
    )
