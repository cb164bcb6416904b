"""What people do, by chance: each deed in the model and, as a request, in the real code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from tests.simulation import staff
from tests.simulation.founding import add_contact, add_recurring, add_service, price
from tests.simulation.world import World
from tests.support.time_model_clients import Client
from tests.support.time_model_things import NOTHING, Invoice, Payment, Promise, cut

type Deed = Callable[["Life", Client], None]


@dataclass
class Life:
    """`plans` says on which day an invoice is paid, if ever, and which part of it."""

    world: World
    plans: dict[str, tuple[date | None, int]] = field(default_factory=dict)

    def day(self) -> None:
        """The deeds of a day, some time in the morning."""
        world = self.world
        for client in world.firm.clients.values():
            self.pay_what_is_planned(client)
            if world.happens(0.1) and client.missed and not client.is_suspended:
                staff.decide_some(world, client)
            if client.is_suspended and world.happens(0.06):
                staff.activate(world, client)
            if world.happens(_BUSY):
                (deed,) = world.random.choices([d for d, _ in _DEEDS], [w for _, w in _DEEDS])
                deed(self, client)

    def pay_what_is_planned(self, client: Client) -> None:
        today, due = self.world.firm.today, []
        for invoice in client.open_invoices():
            if invoice.name not in self.plans:
                self.plans[invoice.name] = self._plan(invoice)
            day, part = self.plans[invoice.name]
            if day is not None and day <= today:
                due.append((invoice, part))
        if due:
            self.pay(client, due)

    def _plan(self, invoice: Invoice) -> tuple[date | None, int]:
        chance = self.world.random
        part = 100 if self.world.happens(0.88) else chance.randint(10, 90)
        match chance.choices("dlL-", [52, 22, 18, 8])[0]:
            case "d":
                return invoice.due - timedelta(chance.randint(0, 5)), part
            case "l":
                return invoice.due + timedelta(chance.randint(1, 16)), part
            case "L":
                return invoice.due + timedelta(chance.randint(10, 80)), part
        return None, part

    def pay(self, client: Client, due: list[tuple[Invoice, int]], ahead: int = 0) -> None:
        """One payment for some invoices of the client, each a part in percent."""
        world = self.world
        parts = {}
        for invoice, percent in due[:20]:
            part = cut(invoice.balance * percent / 100, invoice.currency)
            if part > 0:
                parts[invoice.name] = part
            # The rest some weeks later, or never.
            later = world.firm.today + timedelta(world.random.randint(5, 60))
            self.plans[invoice.name] = (later if world.happens(0.7) else None, 100)
        if not parts:
            return
        total = sum(parts.values(), NOTHING)
        if world.happens(0.03):
            total += price(world, client.currency)
        day = world.firm.today
        earliest = max(client.invoices[name].issued for name in parts)
        if world.happens(0.2):
            day = max(earliest, day - timedelta(2), world.firm.closed_until + timedelta(1))
        day = max(day, earliest)
        if day > world.firm.today:
            return
        named = [
            {"invoice_id": world.ids[name], "amount": str(part)} for name, part in parts.items()
        ]
        body = {
            "amount": str(total),
            "currency": client.currency,
            "method": "bank_transfer",
            "date": day.isoformat(),
            "allocations": named,
        }
        number = world.firm.next_number()
        payment = Payment(f"{client.name}/payment{number}", client.currency, total, day, number)
        world.known(payment.name, world.post(client, "payments", body)["payment_id"])
        world.firm.pay(client, payment, parts)


def promise(life: Life, client: Client) -> None:
    world = life.world
    owed = client.open_invoices()[:10]
    if not owed:
        return
    named = owed[: world.random.randint(1, len(owed))] if world.happens(0.5) else None
    covered = named or owed
    amount = sum((each.balance for each in covered), NOTHING)
    if world.happens(0.4):
        amount = cut(amount / 2, client.currency)
    if amount <= 0:
        return
    until = world.firm.today + timedelta(world.random.randint(0, 20))
    each = Promise(
        world.named(f"{client.name}/promise"),
        client.currency,
        amount,
        until,
        world.firm.next_number(),
        frozenset(invoice.name for invoice in named) if named else None,
    )
    body = {
        "amount": str(amount),
        "currency": client.currency,
        "date": until.isoformat(),
        "invoice_ids": [world.ids[invoice.name] for invoice in named] if named else None,
    }
    world.known(each.name, world.post(client, "promises", body)["promise_id"])
    client.promises[each.name] = each
    kept = world.happens(0.6)
    day = until - timedelta(world.random.randint(0, 2)) if kept else until + timedelta(9)
    for invoice in covered:
        life.plans[invoice.name] = (day, 100)


def cancel_promise(life: Life, client: Client) -> None:
    today = life.world.firm.today
    for each in client.promises.values():
        pending = not each.is_cancelled and each.until >= today
        if pending and each.paid(client.entries) < each.amount:
            path = f"{life.world.path(client)}/promises/{life.world.ids[each.name]}"
            life.world.stack.ask("DELETE", path)
            each.is_cancelled = True
            return


def reverse(life: Life, client: Client) -> None:
    """A payment bounces."""
    world = life.world
    for payment in reversed(client.payments.values()):
        invoices = [each for each in client.invoices.values() if payment.name in each.paid]
        if not payment.is_reversed and invoices and not any(each.end for each in invoices):
            path = f"payments/{world.ids[payment.name]}/reverse"
            world.post(client, path, {"reason": "It bounced"})
            world.firm.reverse(client, payment)
            for each in invoices:
                later = world.firm.today + timedelta(world.random.randint(3, 40))
                life.plans[each.name] = (later, 100)
            return


def pay_in_advance(life: Life, client: Client) -> None:
    """Money that pays no invoice."""
    world = life.world
    number, amount = world.firm.next_number(), price(world, client.currency)
    day = world.firm.today
    payment = Payment(f"{client.name}/payment{number}", client.currency, amount, day, number)
    body = {
        "amount": str(amount),
        "currency": client.currency,
        "method": "bank_transfer",
        "date": day.isoformat(),
        "allocations": "none",
    }
    world.known(payment.name, world.post(client, "payments", body)["payment_id"])
    world.firm.pay(client, payment, {})


def another_recurring(life: Life, client: Client) -> None:
    if len(client.recurring) < 5:
        first = life.world.firm.today + timedelta(life.world.random.randint(-30, 40))
        add_recurring(life.world, client, max(first, life.world.firm.closed_until + timedelta(1)))


def manual_invoice(life: Life, client: Client) -> None:
    """An invoice that staff make."""
    world, firm = life.world, life.world.firm
    if client.is_suspended:
        return
    total = price(world, client.currency)
    due = firm.today + timedelta(world.random.randint(0, 30))
    workflow = world.random.choice([*firm.workflows]) if world.happens(0.5) else None
    body = {
        "lines": [{"unit_price": str(total)}],
        "due_date": due.isoformat(),
        "workflow_id": workflow and world.ids[workflow],
    }
    draft = world.post(client, "invoices", body)
    world.post(client, f"invoices/{draft['invoice_id']}/finalize")
    firm.runs += 1
    invoice = Invoice(
        world.named(f"{client.name}/invoice"),
        client.currency,
        firm.today,
        due,
        Decimal(total),
        firm.runs,
        workflow=workflow,
    )
    client.invoices[invoice.name] = invoice
    world.known(invoice.name, draft["invoice_id"])


_BUSY = 0.035
_DEEDS: list[tuple[Deed, int]] = [
    (promise, 22),
    (cancel_promise, 3),
    (reverse, 6),
    (pay_in_advance, 4),
    (another_recurring, 4),
    (manual_invoice, 14),
    (lambda life, client: staff.dispute(life.world, client), 16),
    (lambda life, client: staff.suspend(life.world, client), 8),
    (lambda life, client: staff.pause(life.world, client), 10),
    (lambda life, client: staff.edit_recurring(life.world, client), 6),
    (lambda life, client: staff.delete_recurring(life.world, client), 1),
    (lambda life, client: staff.end_invoice(life.world, client), 5),
    (lambda life, client: staff.edit_client(life.world, client), 7),
    (lambda life, client: staff.edit_contact(life.world, client), 6),
    (lambda life, client: staff.edit_service(life.world, client), 4),
    (lambda life, client: add_contact(life.world, client), 1),
    (lambda life, client: add_service(life.world, client), 1),
]
