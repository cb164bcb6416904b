"""What is to come, as the API tells it: with what the mails and SMS will say."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from tallybook.chasing.seeing import Seen
from tallybook.errors import TemplateNotFound
from tallybook.mail import templates
from tallybook.mail.letterhead import client_of, letterhead
from tallybook.mail.rendering import Source, Unrenderable, said
from tallybook.mail.single import one_line
from tallybook.money import amount_text
from tallybook.workflows.ahead import Coming, Foreseen, PromiseEnd, Waiting
from tallybook.workflows.kinds import CLIENT, Due, Person, Receivable
from tallybook.workflows.models import REMINDERS, InvoiceAhead, ThingAhead
from tallybook.workflows.rows import reminded_of

UNREACHABLE = "Remind by post or telephone"
_LINK = "…"  # it is made when the message is
_OTHERS: Mapping[str, Any] = {
    **dict.fromkeys(("workflow_id", "step_id", "contact_id", "subject", "text")),
    **dict.fromkeys(("fee", "amount", "currency")),
    "to": [],
    "invoices": [],
}


class Teller:
    """Tells what is to come for one client. Reads each template of the firm's own once."""

    def __init__(self, seen: Seen, saved: set[str] | None = None) -> None:
        """`saved` are the ids of steps that can be told; None: those of all."""
        self._seen, self._saved = seen, saved
        self._template = cache(_template)
        self._always = {"firm": letterhead(seen.settings), "link": _LINK}

    def tell(self, foreseen: Foreseen) -> ThingAhead:
        match foreseen.event:
            case Due() as due:
                told = self._of_due(due, foreseen.day)
            case Coming() as run:
                told = _of_run(run)
            case Waiting() as mail:
                told = self._of_mail(mail)
            case PromiseEnd() as promise:
                told = self._of_promise(promise)
        missed = self._seen.is_suspended and told["action"] != "promise_broken"
        return ThingAhead.model_construct(
            **{**_OTHERS, "would_be_missed": missed, **told}, date=foreseen.day, at=foreseen.at
        )

    def _of_due(self, due: Due, day: date) -> dict[str, Any]:
        step_id = due.step.step_id
        told = {
            "action": due.step.action,
            "workflow_id": due.workflow_id,
            "step_id": step_id if self._saved is None or step_id in self._saved else None,
            "invoices": [_invoice(each) for each in due.receivables],
            "text": due.step.text,
        }
        if due.fee is not None:
            currency = due.receivables[0].currency
            told |= {"fee": amount_text(due.fee, currency), "currency": currency}
        return told | (self._of_message(due, due.person, day) if due.person else {})

    def _of_message(self, due: Due, person: Person, day: date) -> dict[str, Any]:
        whom = None if person.person_id == CLIENT else person.person_id
        variables = self._always | reminded_of(due.receivables, self._issued(), day)
        variables["client"] = client_of(self._seen.client, person.greeting)
        sms = due.step.action == "sms"
        to = [person.telephone] if sms and person.telephone else []
        if not sms:
            to = list(person.emails)
        if not to:
            return {"contact_id": whom, "action": "task", "text": UNREACHABLE}
        if sms:
            text = _said(
                Source(name=REMINDERS[0], subject="SMS", text=due.step.text or ""), variables
            )
            return {"contact_id": whom, "to": to, "text": text}
        source = self._template(due.step.template or REMINDERS[0])
        subject = _said(_subject(source), variables)
        return {"contact_id": whom, "to": to, "subject": subject and one_line(subject)}

    def _issued(self) -> dict[str, str]:
        return {each: invoice.row["issue_date"] for each, invoice in self._seen.invoices.items()}

    def _of_mail(self, mail: Waiting) -> dict[str, Any]:
        found = self._seen.invoices.get(mail.invoice_id)
        known = {each.invoice_id: each for each in self._seen.situation.receivables}
        told: dict[str, Any] = {"to": list(mail.to), "action": "send_invoice"}
        if found is not None:
            told["invoices"] = [_invoice(known[mail.invoice_id])]
        elif mail.receivable is not None:
            told["invoices"] = [_invoice(mail.receivable)]
        if not mail.to:
            told |= {"action": "task", "text": "Send the invoice by post"}
        return told

    def _of_promise(self, promise: PromiseEnd) -> dict[str, Any]:
        known = {each.invoice_id: each for each in self._seen.situation.receivables}
        return {
            "action": "promise_broken",
            "amount": promise.amount,
            "currency": promise.currency,
            "invoices": [_invoice(known[each]) for each in promise.invoice_ids if each in known],
        }


def _of_run(run: Coming) -> dict[str, Any]:
    told: dict[str, Any] = {
        "action": "recurring_invoice",
        "to": [] if run.waits else list(run.to),
        "text": run.note,
        "amount": run.total,
        "currency": run.currency,
    }
    if run.receivable:
        told["invoices"] = [_invoice(run.receivable)]
    return told | ({"would_be_missed": True} if run.missed else {})


def _invoice(receivable: Receivable) -> InvoiceAhead:
    is_there = not receivable.invoice_id.startswith("~")
    return InvoiceAhead.model_construct(
        invoice_id=receivable.invoice_id if is_there else None,
        number=receivable.number or None,
        recurring_id=None if is_there else receivable.invoice_id.rpartition("~")[2],
        due_date=receivable.due_date,
        balance=amount_text(receivable.balance, receivable.currency),
        currency=receivable.currency,
    )


def _template(name: str) -> Source:
    """The mildest in the place of one that was deleted."""
    try:
        return templates.effective(name)
    except TemplateNotFound:
        return templates.effective(REMINDERS[0])


def _subject(source: Source) -> Source:
    return Source(name=source.name, subject="-", text=source.subject, based_on=source.kind)


def _said(source: Source, variables: Mapping[str, Any]) -> str | None:
    try:
        return said(source, variables)
    except Unrenderable:
        return None
