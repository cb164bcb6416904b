"""What staff change and decide: each deed in the model and, as a request, in the real code."""

from datetime import timedelta
from typing import Any

from tests.simulation.founding import price, template_of
from tests.simulation.world import World
from tests.support.time_model_clients import Client, Missed

_DECISIONS = ("today", "own_date", "drop")


def dispute(world: World, client: Client) -> None:
    """A client disputes an invoice, or staff settle what was disputed."""
    found = client.open_invoices()
    disputed = [each for each in found if each.is_disputed]
    if disputed and world.happens(0.6):
        invoice, status = world.random.choice(disputed), world.random.choice(["none", "promised"])
    elif found:
        invoice = world.random.choice(found)
        status = world.random.choice(["in_dispute", "in_dispute", "legal", "with_agency"])
    else:
        return
    path = f"{world.path(client)}/invoices/{world.ids[invoice.name]}/collection-status"
    world.stack.ask("PUT", path, {"status": status})
    invoice.is_disputed = status not in ("none", "promised")


def suspend(world: World, client: Client) -> None:
    if not client.is_suspended:
        world.post(client, "suspend", {"reason": "They moved"})
        client.is_suspended = True


def activate(world: World, client: Client) -> None:
    """What was missed meanwhile is asked about, or decided at once for all."""
    how = world.random.choice(["ask", "ask", *_DECISIONS]) if len(client.missed) < 90 else "ask"
    world.firm.runs += 1
    world.post(client, "activate", {"missed": how})
    client.is_suspended = False
    if how != "ask":
        for missed in sorted(client.missed, key=_order):
            if world.firm.can_decide(client, missed, how):
                world.firm.decide(client, missed, how)


def decide_some(world: World, client: Client) -> None:
    """Staff decide about some of what was missed."""
    listed = _listed(world, client)
    more, less = set(listed) - client.missed, client.missed - set(listed)
    assert (more, less) == (set(), set()), f"{client.name}: not expected {more}, lacks {less}"
    chosen = sorted(client.missed, key=_order)
    chosen = world.random.sample(chosen, world.random.randint(1, min(len(chosen), 20)))
    decisions = [(missed, world.random.choice(_DECISIONS)) for missed in chosen]
    named = [{"missed_id": listed[missed], "do": how} for missed, how in decisions]
    world.firm.runs += 1
    answer = world.post(client, "missed", {"decisions": named})
    for (missed, how), item in zip(decisions, answer["results"], strict=True):
        possible = world.firm.can_decide(client, missed, how)
        assert item["ok"] == possible, (missed, how, item)
        if possible:
            world.firm.decide(client, missed, how)


def _order(missed: Missed) -> Any:
    return missed.day, missed.kind, missed.of, missed.mark or ""


def _listed(world: World, client: Client) -> dict[Missed, str]:
    """What the API lists as missed, in the model's names, and its ids."""
    found, cursor = {}, None
    while True:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        answer = world.stack.owner.get(f"{world.path(client)}/missed", **query)
        assert answer.status == 200, answer.body
        for item in answer.body["items"]:
            found[world.missed(item["missed_id"])] = item["missed_id"]
        cursor = answer.body.get("next_cursor")
        if not cursor:
            return found


def pause(world: World, client: Client) -> None:
    """Pause a recurring invoice, or resume one."""
    if not (some := [each for each in client.recurring.values() if not each.is_deleted]):
        return
    each, today = world.random.choice(some), world.firm.today
    path = f"recurring-invoices/{world.ids[each.name]}"
    if each.status == "active":
        until = today + timedelta(world.random.randint(1, 60)) if world.happens(0.6) else None
        each.catches_up = world.happens(0.5)
        body = {"catch_up": each.catches_up, "until": until and until.isoformat()}
        world.post(client, f"{path}/pause", body)
        each.status, each.until = "paused", until
    elif each.status == "paused":
        other = world.random.choice([None, True, False])
        world.post(client, f"{path}/resume", {"catch_up": other})
        each.catches_up = each.catches_up if other is None else other
        world.firm.resume(each, today)


def edit_recurring(world: World, client: Client) -> None:
    """Another price, or another rhythm, from the next run on."""
    some = [e for e in client.recurring.values() if not e.is_deleted and e.status != "ended"]
    if not some:
        return
    each = world.random.choice(some)
    path = f"{world.path(client)}/recurring-invoices/{world.ids[each.name]}"
    if world.happens(0.3) and each.schedule.frequency == "monthly":
        world.firm.reschedule(each, world.random.choice([1, 2, 3]))
        world.stack.ask("PATCH", path, {"interval": each.schedule.interval})
    else:
        each.net = price(world, client.currency)
        world.stack.ask("PATCH", path, {"template": template_of(world, each)})


def delete_recurring(world: World, client: Client) -> None:
    for each in client.recurring.values():
        if not each.is_deleted:
            path = f"{world.path(client)}/recurring-invoices/{world.ids[each.name]}"
            world.stack.ask("DELETE", path)
            each.is_deleted = True
            return


def end_invoice(world: World, client: Client) -> None:
    """Void one of which nothing is paid, or write one off."""
    if not (found := client.open_invoices()):
        return
    invoice = found[0]
    if world.happens(0.5) and not any(invoice.paid.values()):
        what, invoice.end = "void", "void"
    elif (world.firm.today - invoice.due).days > 60:
        what, invoice.end = "write-off", "written_off"
    else:
        return
    world.post(client, f"invoices/{world.ids[invoice.name]}/{what}", {})


def edit_client(world: World, client: Client) -> None:
    body: dict[str, Any]
    match world.random.randint(1, 4):
        case 1:
            client.late_fees = not client.late_fees
            body = {"payment_settings": {"late_fees": client.late_fees}}
        case 2:
            client.reminders = not client.reminders
            body = {"payment_settings": {"reminders": client.reminders}}
        case 3:
            client.is_printed = not client.is_printed
            body = {"invoicing_method": "print" if client.is_printed else "email"}
        case _:
            chosen = world.random.choice([None, *world.firm.workflows])
            client.workflow = chosen
            body = {"workflow_id": chosen and world.ids[chosen]}
    world.stack.ask("PATCH", world.path(client), body)


def edit_contact(world: World, client: Client) -> None:
    if not client.contacts:
        return
    person = world.random.choice(client.contacts)
    body: dict[str, Any]
    match world.random.randint(1, 3):
        case 1:
            person.is_billing = not person.is_billing
            body = {"billing": person.is_billing}
        case 2:
            number = next(world.numbers)
            person.email = None if person.email else f"p{number}@{client.name}.example"
            body = {"emails": [person.email] if person.email else []}
        case _:
            chosen = world.random.choice([None, *world.firm.workflows])
            person.workflow = chosen
            body = {"workflow_id": chosen and world.ids[chosen]}
    world.stack.ask("PATCH", f"{world.path(client)}/contacts/{world.ids[person.name]}", body)


def edit_service(world: World, client: Client) -> None:
    """Paid for some time in advance, or suspended and given back by a click."""
    if not client.services:
        return
    service = world.random.choice([*client.services.values()])
    path = f"services/{world.ids[service.name]}"
    if service.suspended:
        world.post(client, f"{path}/reinstate")
        service.suspended = None
    elif world.happens(0.3):
        world.post(client, f"{path}/suspend", {"reason": "other", "force": True})
        service.suspended = "other"
    else:
        through = world.firm.today + timedelta(world.random.randint(-5, 90))
        service.paid_through = through
        body = {"paid_through": through.isoformat()}
        world.stack.ask("PATCH", f"{world.path(client)}/{path}", body)
