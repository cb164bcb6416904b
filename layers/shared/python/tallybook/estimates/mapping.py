"""Between the estimate that the API knows and its item in the table."""

from datetime import date, datetime, timedelta
from typing import Any

from tallybook.authors import By
from tallybook.errors import InvalidField
from tallybook.estimates.models import Decided, Estimate
from tallybook.estimates.records import EstimateRecord
from tallybook.estimates.rules import row_fields
from tallybook.invoices.models import PartyShown, Period, Sending
from tallybook.invoices.papers import day_of, parties
from tallybook.invoices.sums import (
    Entered,
    added_up,
    document,
    document_sums,
    shown_fields,
    shown_taxes,
    to_stored,
)
from tallybook.ledger.books import Books
from tallybook.models import trusted

_HOLDS = timedelta(days=30)  # unless it says otherwise


def key(client_id: str, estimate_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"ESTIMATE#{estimate_id}"


def dates_of(stored: Entered, otherwise: date) -> tuple[date, date]:
    """When it is issued, `otherwise` unless it says, and the last day on which it holds.

    Raises `InvalidField`.
    """
    issue_date = day_of(stored.get("issue_date")) or otherwise
    expires_on = day_of(stored.get("expires_on")) or issue_date + _HOLDS
    if expires_on < issue_date:
        raise InvalidField("expires_on", f"It lies before the issue date, {issue_date}.")
    return issue_date, expires_on


def write_up(record: EstimateRecord, stored: Entered, found: Books) -> None:
    """Put what was entered, and what follows from it, into the record. Raises `InvalidField`.

    What it does not say stays as it was: its issue date, and the currency it was made in.
    """
    row: dict[str, Any] = dict(record.row)
    currency = stored.get("currency") or row.get("currency") or found.client.row.currency
    before = day_of(row.get("issue_date")) or found.today
    issue_date, expires_on = dates_of(stored, before)
    sums = added_up(document(stored, currency, found.settings))
    row.update(
        currency=currency,
        issue_date=issue_date.isoformat(),
        expires_on=expires_on.isoformat(),
        total=sums.payable,
    )
    record.row, record.entered, record.sums = row, stored, to_stored(sums)
    record.listing_pk, record.listing_sk = "ESTIMATES", f"{issue_date}#{row['estimate_id']}"


def freeze(record: EstimateRecord, found: Books) -> None:
    """From now on it names firm and client as they are now, unless it did so before."""
    if record.parties is None:
        record.parties = parties(found.client, found.settings, record.entered)


def to_estimate(record: EstimateRecord, found: Books) -> Estimate:
    """The estimate as it stands. What is stored is not judged again."""
    row, stored = record.row, record.entered
    currency = row["currency"]
    who = record.parties or parties(found.client, found.settings, stored)
    fields = {**shown_fields(stored, record.sums, currency), **row_fields(row, found.today)}
    del fields["total"]  # of a row; an estimate has `totals`
    if "period" in fields:
        days = {name: day_of(text) for name, text in fields["period"].items()}
        fields["period"] = trusted(Period, days)
    fields["delivery_date"] = day_of(stored.get("delivery_date"))
    return Estimate.model_construct(
        None,
        **fields,
        totals=document_sums(record.sums, currency),
        taxes=shown_taxes(record.sums, currency),
        seller=trusted(PartyShown, who["seller"]),
        buyer=trusted(PartyShown, who["buyer"]),
        sent=[_sending(each) for each in record.sent or []],
        decided=_decided(record.decided),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def _sending(stored: dict[str, Any]) -> Sending:
    return Sending.model_construct(
        email_id=stored["email_id"],
        at=datetime.fromisoformat(stored["at"]),
        by=_by(stored.get("by")),
    )


def _decided(stored: dict[str, Any] | None) -> Decided | None:
    if not stored:
        return None
    return Decided.model_construct(
        decision=stored["decision"],
        at=datetime.fromisoformat(stored["at"]),
        by=_by(stored.get("by")),
        reason=stored.get("reason"),
    )


def _by(stored: dict[str, Any] | None) -> By | None:
    return trusted(By, stored) if stored else None
