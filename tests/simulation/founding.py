"""Clients, contacts, services and recurring invoices: in the model, and as staff enter them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.simulation.world import WORKFLOWS, World
from tests.support.time_model_clients import Client, Recurring, Service
from tests.support.time_model_dates import Schedule
from tests.support.time_model_things import Person

type Json = dict[str, Any]


def found_client(world: World, number: int) -> Client:
    """A client with contacts, services and recurring invoices."""
    chance = world.random
    client = Client(
        f"c{number}",
        currency=chance.choices(["EUR", "JPY", "KWD"], [80, 12, 8])[0],
        terms=chance.choice([0, 7, 14, 14, 30]),
        late_fees=not world.happens(0.08),
        reminders=not world.happens(0.04),
        is_printed=world.happens(0.07),
        email=f"office@c{number}.example" if world.happens(0.85) else None,
        telephone=f"+4922112{number:05}" if world.happens(0.5) else None,
        workflow=chance.choice(WORKFLOWS).name if world.happens(0.3) else None,
    )
    body: Json = {
        "business_name": f"Client {number}",
        "currency": client.currency,
        "emails": [client.email] if client.email else [],
        "telephone": client.telephone,
        "invoicing_method": "print" if client.is_printed else "email",
        "workflow_id": client.workflow and world.ids[client.workflow],
        "payment_settings": {
            "terms_days": client.terms,
            "late_fees": client.late_fees,
            "reminders": client.reminders,
        },
    }
    world.known(client.name, world.stack.ask("POST", "/v1/clients", body).body["client_id"])
    world.firm.clients[client.name] = client
    for _ in range(chance.choices([0, 1, 2, 3], [35, 35, 20, 10])[0]):
        add_contact(world, client)
    for _ in range(chance.choices([0, 1, 2], [65, 25, 10])[0]):
        add_service(world, client)
    for _ in range(chance.choices([0, 1, 2, 3], [8, 57, 25, 10])[0]):
        first = world.firm.today + timedelta(chance.randint(-40, 330))
        add_recurring(world, client, first)
    return client


def add_contact(world: World, client: Client) -> None:
    number = next(world.numbers)
    person = Person(
        f"{client.name}/person{number}",
        email=f"p{number}@{client.name}.example" if world.happens(0.8) else None,
        telephone=f"+4930100{number:05}" if world.happens(0.4) else None,
        is_primary=not client.contacts,
        is_billing=world.happens(0.4),
        workflow=world.random.choice(WORKFLOWS).name if world.happens(0.15) else None,
    )
    if client.contacts and world.happens(0.15):  # a mailbox, a telephone of the whole office
        other = world.random.choice(client.contacts)
        person.email, person.telephone = other.email, other.telephone
    body = {
        "first_name": f"Person {number}",
        "emails": [person.email] if person.email else [],
        "telephone": person.telephone,
        "billing": person.is_billing,
        "workflow_id": person.workflow and world.ids[person.workflow],
    }
    client.contacts.append(person)
    world.known(person.name, world.post(client, "contacts", body)["contact_id"])


def add_service(world: World, client: Client) -> None:
    paid = world.happens(0.3)
    through = world.firm.today + timedelta(world.random.randint(0, 400)) if paid else None
    service = Service(world.named(f"{client.name}/service"), through)
    body = {"name": service.name, "paid_through": through and through.isoformat()}
    client.services[service.name] = service
    world.known(service.name, world.post(client, "services", body)["service_id"])


def add_recurring(world: World, client: Client, first: date) -> None:
    chance = world.random
    frequency = chance.choices(
        ["monthly", "quarterly", "weekly", "yearly", "daily"], [60, 15, 7, 12, 6]
    )[0]
    schedule = Schedule(
        frequency,
        first,
        interval=chance.randint(9, 30) if frequency == "daily" else chance.choice([1, 1, 1, 2]),
    )
    if frequency in ("monthly", "quarterly", "yearly") and world.happens(0.4):
        schedule.day_of_month = chance.choice([1, 15, 28, 29, 30, 31])
    match chance.randint(1, 5):
        case 1:
            schedule.count = chance.randint(1, 14)
        case 2:
            end = first + timedelta(chance.randint(0, 500))
            schedule.end = max(end, schedule.nth(0))  # else it is refused
    finalized = not world.happens(0.04)
    recurring = Recurring(
        world.named(f"{client.name}/recurring"),
        schedule,
        price(world, client.currency),
        Decimal(chance.choice([0, 7, 19])),
        client.currency,
        due_days=chance.choice([0, 5, 10, 21]) if world.happens(0.3) else None,
        workflow=chance.choice(WORKFLOWS).name if world.happens(0.1) else None,
        is_finalized=finalized,
        is_sent=finalized and not world.happens(0.15),
        covers="past" if world.happens(0.25) else "coming",
    )
    body = {
        "frequency": frequency,
        "interval": schedule.interval,
        "start_date": first.isoformat(),
        "end_date": schedule.end and schedule.end.isoformat(),
        "count": schedule.count,
        "day_of_month": schedule.day_of_month,
        "covers": recurring.covers,
        "auto_finalize": recurring.is_finalized,
        "auto_send": recurring.is_sent,
        "template": template_of(world, recurring),
    }
    client.recurring[recurring.name] = recurring
    answer = world.post(client, "recurring-invoices", body)
    world.known(recurring.name, answer["recurring_id"])


def template_of(world: World, recurring: Recurring) -> Json:
    line = {
        "description": "Care, {period}, run {number_of_run}",
        "unit_price": str(recurring.net),
        "tax_rate": str(recurring.tax_rate),
    }
    return {
        "lines": [line],
        "due_days": recurring.due_days,
        "workflow_id": recurring.workflow and world.ids[recurring.workflow],
    }


def price(world: World, currency: str) -> Decimal:
    whole = world.random.randint(1, 3000)
    decimals = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    return Decimal(whole) + Decimal(world.random.randint(0, 10**decimals - 1)).scaleb(-decimals)
