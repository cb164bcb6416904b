"""What is known of a client when it is looked at, read so that nothing can be acted on in vain.

The client comes first: whatever changes what follows calls for a look at the client in the same
transaction, so that acting on the condition that nobody has called since is acting on all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook import dates
from tallybook.chasing.people import people_of
from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import Household, household
from tallybook.invoices.records import InvoiceRecord
from tallybook.promises.standing import Promises, promises_of
from tallybook.services.records import ServiceRecord
from tallybook.services.switching import of_client
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings
from tallybook.settings.records import SettingsRecord
from tallybook.table import find_all, query_all, read
from tallybook.workflows.kinds import Receivable, Situation, Workflow
from tallybook.workflows.reading import active

_DISPUTED = ("in_dispute", "with_agency", "legal", "uncollectible")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A client at a moment: its records as they were read, and what the planner makes of them."""

    at: datetime
    today: date
    whom: Household
    settings: Settings
    invoices: Mapping[str, InvoiceRecord]  # those that are open
    waiting: Sequence[InvoiceRecord]  # those whose mail waits for the hours at which the firm sends
    services: Sequence[ServiceRecord]
    promises: Promises
    situation: Situation

    @property
    def client(self) -> ClientRecord:
        return self.whom.client

    @property
    def client_id(self) -> str:
        return self.client.pk.removeprefix("CLIENT#")

    @property
    def is_suspended(self) -> bool:
        return self.client.suspended is not None


def see(client_id: str, at: datetime) -> Seen:
    """Everything that decides what is done for the client. Raises `ClientNotFound`.

    Five queries and a BatchGetItem; where something is open, another for the workflows.
    """
    whom = household(client_id)
    settings, invoices, waiting = _invoices(client_id)
    today = dates.today(at, settings.time_zone)
    promises = promises_of(client_id, today=today)
    services = of_client(client_id)
    return Seen(
        at=at,
        today=today,
        whom=whom,
        settings=settings,
        invoices=invoices,
        waiting=waiting,
        services=services,
        promises=promises,
        situation=_situation(whom, settings, invoices.values(), services, promises),
    )


def _invoices(client_id: str) -> tuple[Settings, dict[str, InvoiceRecord], list[InvoiceRecord]]:
    """The settings, the open invoices and those to send: two queries of keys, a BatchGetItem."""
    pk = f"CLIENT#{client_id}"
    open_ids, to_send = (
        [
            item["sk"]["S"].rpartition("#")[2]
            for item in query_all(pk, prefix, ConsistentRead=True, ProjectionExpression="sk")
        ]
        for prefix in ("OPEN#", "TOSEND#")
    )
    ids = dict.fromkeys([*open_ids, *to_send])
    wanted = [SettingsRecord.KEY, *((pk, f"INVOICE#{each}") for each in ids)]
    items = {item["sk"]["S"]: item for item in find_all(wanted, consistent=True)}
    firm = items.pop(SettingsRecord.KEY[1], None)
    settings = settings_store.remember(read(SettingsRecord, firm) if firm else None)
    found = {sk.partition("#")[2]: read(InvoiceRecord, item) for sk, item in items.items()}
    # One that was paid since its key was read has called for another look.
    opened = {each: found[each] for each in open_ids if found[each].by_date_pk == "OPEN"}
    return settings, opened, [found[each] for each in to_send]


def _situation(
    whom: Household,
    settings: Settings,
    invoices: Iterable[InvoiceRecord],
    services: Iterable[ServiceRecord],
    promises: Promises,
) -> Situation:
    client = whom.client
    people, receivables = people_of(whom), [receivable(each) for each in invoices]
    near = [client.workflow_id, settings.workflow_id]
    known: dict[str, Workflow] = {}
    if receivables:
        of_people = [each.workflow_id for each in people]
        known = active([*near, *of_people, *(each.workflow_id for each in receivables)])
    wanted: Mapping[str, Any] = client.payment_settings
    return Situation(
        workflow_id=next((each for each in near if each in known), None),
        workflows=known,
        people=people,
        receivables=receivables,
        pauses=promises.pauses,
        late_fees=wanted.get("late_fees", True),
        reminders=wanted.get("reminders", True),
        paid_through=[_day(each.row.get("paid_through")) for each in services
                      if each.suspended is None],
    )  # fmt: skip


def receivable(invoice: InvoiceRecord) -> Receivable:
    """An invoice as planners know it."""
    row = invoice.row
    total = Decimal(row["total"])
    return Receivable(
        invoice_id=row["invoice_id"],
        number=row["number"],
        currency=row["currency"],
        due_date=date.fromisoformat(row["due_date"]),
        balance=Decimal(row["balance"]),
        total=total,
        late_fees=total - Decimal(invoice.sums["payable"]),
        workflow_id=invoice.entered.get("workflow_id"),
        is_disputed=row.get("collection_status") in _DISPUTED,
        marks=invoice.steps or {},
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
