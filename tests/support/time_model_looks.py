"""A look at a client, in the model of time: promises, mail that waits, workflows, services."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tests.support import time_model_steps as steps
from tests.support.time_model_clients import Client, Missed, Service
from tests.support.time_model_steps import Duty
from tests.support.time_model_things import MESSAGES, Invoice, Mark

if TYPE_CHECKING:
    from tests.support.time_model import Firm

_MOST_INVOICES = 30  # of a message or a task
_ORDER = ("task", "call", "email", "sms")

type Duties = list[tuple[Invoice, Duty]]


def look(firm: "Firm", client: Client) -> None:
    """All that is due of the client."""
    for promise in client.promises.values():
        over = firm.today > promise.until and not promise.is_cancelled and not promise.is_told
        if over and promise.paid(client.entries) < promise.amount:
            promise.is_told = True
            named = [client.invoices[name] for name in promise.invoices or ()]
            firm.tell(client, "task", step="promise", invoices=named)
    if firm.sends and not client.is_suspended:
        for invoice in client.invoices.values():
            if invoice.waits and not invoice.end:
                firm.send(client, invoice)
    invoices = [each for each in client.open_invoices() if not steps.held(client, each, firm.today)]
    if invoices:
        _work(firm, client, invoices)
    if not client.is_overdue(firm.today):
        for service in client.services.values():
            if service.suspended == "non_payment":
                service.suspended = None
                firm.tell(client, "reinstated", step=service.name)


def _work(firm: "Firm", client: Client, invoices: Sequence[Invoice]) -> None:
    """Fees, services, tasks and calls, e-mails, SMS: in this order."""
    duties: Duties = []
    for invoice in invoices:
        names = (invoice.workflow, client.workflow, firm.workflow)
        workflow = steps.nearest(firm.workflows, *names)
        for duty in steps.without_person(client, invoice, workflow, firm.today):
            duties.append((invoice, duty))
    if client.is_suspended:
        # Services that are all paid in advance would not have been suspended yet.
        paid = _active(client) and not _unpaid(firm, client)
        missed = [e for e in duties if not (paid and e[1].step.action == "suspend_services")]
        _miss(firm, client, missed)
    else:
        fees = [each for each in duties if each[1].step.action == "late_fee"]
        for invoice, duty in sorted(fees, key=lambda each: each[1].day):
            _charge(firm, invoice, duty)
        _suspend(firm, client, [e for e in duties if e[1].step.action == "suspend_services"])
        _do(firm, client, [each for each in duties if each[1].step.action in ("task", "call")])
    if client.reminders and (firm.sends or client.is_suspended):
        letters = [each for invoice in invoices for each in _letters(firm, client, invoice)]
        if client.is_suspended:
            _miss(firm, client, letters)
        else:
            _do(firm, client, letters)


def _letters(firm: "Firm", client: Client, invoice: Invoice) -> Iterable[tuple[Invoice, Duty]]:
    for person in client.people():
        own = steps.nearest(firm.workflows, invoice.workflow)
        names = (person.workflow, client.workflow, firm.workflow)
        workflow = own or steps.nearest(firm.workflows, *names)
        channels = [each for each in MESSAGES if not client.gets_it_twice(person, each)]
        sent, overtaken = steps.messages(invoice, person, workflow, firm.today, channels)
        for mark in overtaken:
            invoice.marks[mark] = Mark("overtaken", firm.today)
        yield from ((invoice, duty) for duty in sent)


def _charge(firm: "Firm", invoice: Invoice, duty: Duty) -> None:
    assert duty.step.fee
    amount = steps.fee_of(duty.step.fee, invoice)
    before = invoice.marks.get(duty.mark)
    own = before is not None and before.own_date and duty.day > firm.closed_until
    day = duty.day if own else firm.today
    if amount:
        invoice.fees.append((duty.mark, day, amount))
    invoice.marks[duty.mark] = Mark("fee" if amount else "nothing", firm.today)


def _suspend(firm: "Firm", client: Client, duties: Duties) -> None:
    for some in steps.grouped(duties).values():
        invoices = [invoice for invoice, _ in some]
        for service in _unpaid(firm, client):
            service.suspended = "non_payment"
            firm.tell(client, "suspended", step=service.name, invoices=invoices)
        if not _active(client):  # none is left that is paid in advance
            _mark(firm, some, "suspended")


def _active(client: Client) -> list[Service]:
    return [each for each in client.services.values() if not each.suspended]


def _unpaid(firm: "Firm", client: Client) -> list[Service]:
    """Those that are active and not paid in advance."""
    active = _active(client)
    return [e for e in active if e.paid_through is None or e.paid_through < firm.today]


def _do(firm: "Firm", client: Client, duties: Duties) -> None:
    """Tasks and messages: one for all invoices of a step and person, at most thirty."""
    for action in _ORDER:
        those = [each for each in duties if each[1].step.action == action]
        for some in steps.grouped(those).values():
            for start in range(0, len(some), _MOST_INVOICES):
                _tell_of(firm, client, some[start : start + _MOST_INVOICES])


def _tell_of(firm: "Firm", client: Client, some: Duties) -> None:
    duty, invoices = some[0][1], [invoice for invoice, _ in some]
    what, to = duty.step.action, None
    if duty.person:
        to = duty.person.email if what == "email" else duty.person.telephone
        if what == "email" and client.is_printed:
            to = None
        what = what if to else "task"
    firm.tell(client, what, to=to, step=duty.step.name, invoices=invoices)
    _mark(firm, some, what)


def _mark(firm: "Firm", some: Duties, what: str) -> None:
    for invoice, duty in some:
        invoice.marks[duty.mark] = Mark(what, firm.today)


def _miss(firm: "Firm", client: Client, duties: Duties) -> None:
    for invoice, duty in duties:
        client.missed.add(Missed("step", duty.day, invoice.name, duty.mark))
    _mark(firm, duties, "missed")
