"""A firm's time in plain Python: what the system has to do by itself, and on which day.

An independent model of issue 6, from its text. `run` is what happens when the schedule runs: all
that has fallen due since, whenever that was; `look` what happens when a client is looked at alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.support import time_model_looks as looks
from tests.support.time_model_clients import Client, Missed, Recurring, Told
from tests.support.time_model_dates import ONE_DAY, Sending
from tests.support.time_model_things import NOTHING, Entry, Invoice, Mark, Payment, Workflow


@dataclass
class Firm:
    zone: str
    sending: Sending = field(default_factory=Sending)
    workflow: str | None = None
    workflows: dict[str, Workflow] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    diary: list[Told] = field(default_factory=list)
    closed_until: date = date.min
    at: datetime = datetime(2027, 1, 1, tzinfo=UTC)
    runs: int = 0
    number: int = 0

    @property
    def today(self) -> date:
        return self.at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def sends(self) -> bool:
        return self.sending.is_open(self.at.astimezone(ZoneInfo(self.zone)))

    def next_number(self) -> int:
        self.number += 1
        return self.number

    # ---- What happens by itself -----------------------------------------------------------------

    def run(self) -> None:
        """Recurring invoices first; then each client."""
        self.runs += 1
        for client in self.clients.values():
            for recurring in client.recurring.values():
                self._make(client, recurring)
        for client in self.clients.values():
            self.look(client)

    def _make(self, client: Client, recurring: Recurring) -> None:
        is_over = recurring.until is not None and recurring.until <= self.today
        if recurring.status == "paused" and recurring.until and is_over:
            self.resume(recurring, recurring.until)
        while recurring.status == "active" and not recurring.is_deleted:
            day = recurring.next_date()
            if day is None:
                recurring.status = "ended"
            elif day > self.today:
                return
            else:
                recurring.last = day
                recurring.made += 1
                is_closed = recurring.is_finalized and day <= self.closed_until
                if client.is_suspended or is_closed:
                    client.missed.add(Missed("recurring", day, recurring.name))
                    recurring.periods[day] = recurring.period(day)
                    if not client.is_suspended:
                        self.tell(client, "task", step="not made")
                else:
                    self.invoice(client, recurring, day, issued=day)

    def invoice(self, client: Client, recurring: Recurring, day: date, issued: date) -> None:
        """The invoice of a period."""
        name = f"{recurring.name}/{day}"
        terms = client.terms if recurring.due_days is None else recurring.due_days
        invoice = client.invoices[name] = Invoice(
            name,
            recurring.currency,
            issued,
            issued + terms * ONE_DAY,
            recurring.total,
            self.runs,
            workflow=recurring.workflow,
            period=recurring.periods.get(day) or recurring.period(day),
            is_draft=not recurring.is_finalized,
        )
        if not recurring.is_finalized or not recurring.is_sent:
            return
        if not client.of_papers():
            self.tell(client, "print", step="not sent", invoices=[invoice])
        elif self.sends:
            self.send(client, invoice)
        else:
            invoice.waits = True

    def resume(self, recurring: Recurring, day: date) -> None:
        recurring.status = "active"
        if not recurring.catches_up:
            before = recurring.schedule.before(day)
            recurring.last = max(before, recurring.last or before)

    def reschedule(self, recurring: Recurring, interval: int) -> None:
        """Another rhythm, from the next run on: nothing of days that are over that was not due."""
        waiting = recurring.next_date()
        schedule = recurring.schedule
        is_changed, schedule.interval = interval != schedule.interval, interval
        schedule.known.clear()
        was_due = waiting is not None and waiting <= self.today
        if is_changed and recurring.last and recurring.status == "active" and not was_due:
            recurring.last = max(recurring.last, schedule.before(self.today))

    def look(self, client: Client) -> None:
        """All that is due of the client."""
        looks.look(self, client)

    def send(self, client: Client, invoice: Invoice) -> None:
        invoice.waits = False
        if not client.of_papers():
            self.tell(client, "print", step="not sent", invoices=[invoice])
            return
        invoice.sent_on = self.today
        to = ",".join(client.of_papers())
        self.tell(client, "invoice mail", to=to, invoices=[invoice])

    def tell(
        self,
        client: Client,
        what: str,
        *,
        to: str | None = None,
        step: str | None = None,
        invoices: Sequence[Invoice] = (),
    ) -> None:
        """Note in the diary what the system does."""
        names = frozenset(each.name for each in invoices)
        self.diary.append(Told(what, client.name, self.today, to, step, names, self.at))

    # ---- What people do -------------------------------------------------------------------------

    def pay(self, client: Client, payment: Payment, parts: dict[str, Decimal]) -> None:
        """Each part pays its invoice when all of that was unpaid, at the earliest."""
        client.payments[payment.name] = payment
        of_day: dict[date, dict[str, Decimal]] = {payment.day: {}}
        for name, part in parts.items():
            invoice = client.invoices[name]
            day = max(payment.day, invoice.open_since)
            of_day.setdefault(day, {})[name] = part
            invoice.paid[payment.name] = part
        for day, some in of_day.items():
            amount = payment.amount if day == payment.day else NOTHING
            client.entries.append(Entry(day, payment.number, payment.currency, amount, some))

    def reverse(self, client: Client, payment: Payment) -> None:
        payment.is_reversed = True
        taken: dict[str, Decimal] = {}
        for invoice in client.invoices.values():
            if part := invoice.paid.pop(payment.name, NOTHING):
                taken[invoice.name] = -part
                invoice.reopened.append(self.today)
        client.entries.append(
            Entry(self.today, self.next_number(), payment.currency, -payment.amount, taken)
        )

    def can_decide(self, client: Client, missed: Missed, how: str) -> bool:
        """A period cannot be made for books that are closed, nor of what was deleted."""
        if missed.kind == "step" or how == "drop":
            return True
        day = self.today if how == "today" else missed.day
        recurring = client.recurring[missed.of]
        is_open = day > self.closed_until or not recurring.is_finalized
        return is_open and not recurring.is_deleted

    def decide(self, client: Client, missed: Missed, how: str) -> None:
        """`how`: today, own_date or drop."""
        client.missed.remove(missed)
        if missed.kind == "recurring":
            if how != "drop":
                issued = self.today if how == "today" else missed.day
                self.invoice(client, client.recurring[missed.of], missed.day, issued=issued)
        else:
            assert missed.mark
            what = "dropped" if how == "drop" else "again"
            mark = Mark(what, self.today, own_date=how == "own_date")
            client.invoices[missed.of].marks[missed.mark] = mark
