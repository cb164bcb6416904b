"""Doing one thing that is due for a client, and marking it on the invoices: one transaction.

It fails with `VersionChanged` when anything has called for a look since the client was read.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tallybook.chasing import reminding
from tallybook.chasing.seeing import Seen
from tallybook.clients import attention
from tallybook.dates import timestamp
from tallybook.errors import NoEmailAddress
from tallybook.history.entries import entry
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.standing import settle
from tallybook.ledger.closing import stays_open
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.missed.kinds import SUSPENDED
from tallybook.missed.making import missed
from tallybook.money import amount_text
from tallybook.services import switching
from tallybook.table import differences, read
from tallybook.tasks.making import task
from tallybook.transactions import Transaction
from tallybook.versions import version_changed
from tallybook.workflows.kinds import Deed, Due, Mark, Receivable

_LONGEST_TITLE = 200
_WHAT = {
    "email": "a reminder by e-mail",
    "sms": "a reminder by SMS",
    "task": "a task",
    "call": "a call",
    "late_fee": "a late fee",
    "suspend_services": "suspending the services",
}


def do(seen: Seen, due: Due) -> None:
    """Do what is due; for a client that is suspended, note that it was missed."""
    if seen.is_suspended:
        _miss(seen, due)
        return
    match due.step.action:
        case "late_fee":
            _charge(seen, due)
        case "suspend_services":
            _suspend(seen, due)
        case "task" | "call" as kind:
            _assign(seen, due, kind, due.step.text)
        case "email" | "sms":
            _remind(seen, due)


def reinstate(seen: Seen) -> None:
    """Give back services that were suspended for what is paid now: twenty at once."""
    transaction = Transaction()
    attention.stays(transaction, seen.client)
    switching.reinstate_paid(transaction, seen.services, seen.at)
    transaction.commit()


def _remind(seen: Seen, due: Due) -> None:
    """Send the message; where its person cannot be sent any, somebody has to."""
    transaction = Transaction()
    try:
        sent = reminding.remind(transaction, seen, due)
    except (NoEmailAddress, reminding.Unsendable):
        _assign(seen, due, "task", "Remind by post or telephone")
        return
    attention.stays(transaction, seen.client)
    _mark(transaction, seen, due, due.step.action, sent)
    channel = {"email": "e-mail", "sms": "SMS"}[due.step.action]
    _tell(transaction, seen, due, f"Reminded by {channel}: {_numbers(due)}", "invoice.reminded")
    transaction.commit()


def _assign(seen: Seen, due: Due, kind: Any, text: str | None) -> None:
    """Make a task of the AR specialist's."""
    first, _, rest = (text or "").strip().partition("\n")
    wanted = first.rstrip(" .:")
    if not wanted:
        title = f"{'Call about' if kind == 'call' else 'Look after'} {_numbers(due)}"
    else:
        title = f"{wanted}{' ' if wanted.endswith(('?', '!', '…')) else ': '}{_numbers(due)}"
    transaction = Transaction()
    attention.stays(transaction, seen.client)
    made = task(
        transaction,
        seen.client,
        kind=kind,
        title=title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…",
        body="\n\n".join(filter(None, (rest.strip(), _owed(due)))),
        due_date=seen.today,
        assignee=seen.client.row.ar_specialist,
        invoice_ids=[each.invoice_id for each in due.receivables],
        at=seen.at,
    )
    _mark(transaction, seen, due, kind, {"task_id": made.row["task_id"]})
    transaction.commit()


def _suspend(seen: Seen, due: Due) -> None:
    """Suspend the services that are not paid in advance; the step is over when none is left."""
    unpaid = [each for each in seen.services if not _is_paid(each.row, seen.today)]
    transaction = Transaction()
    attention.stays(transaction, seen.client)
    ids = [each.invoice_id for each in due.receivables]
    left = switching.suspend_for_non_payment(transaction, unpaid, ids, seen.at)
    if not (due.leaves_open or left):
        _mark(transaction, seen, due, "suspend_services")
    transaction.commit()


def _is_paid(service: Mapping[str, Any], today: date) -> bool:
    through = service.get("paid_through")
    return through is not None and date.fromisoformat(through) >= today


def _charge(seen: Seen, due: Due) -> None:
    """Book a late fee; one that the cap leaves nothing of is marked only."""
    transaction, fee = Transaction(), due.fee or Decimal(0)
    if not fee:
        attention.stays(transaction, seen.client)
        _mark(transaction, seen, due, "no_fee")
        transaction.commit()
        return
    (each,) = due.receivables
    invoice, day = seen.invoices[each.invoice_id], _day_of_fee(seen, due)
    steps = _steps(seen, due, "late_fee", each, {"fee": fee})
    opened = settle(transaction, invoice, fee=fee, fee_on=day, at=seen.at, steps=steps)
    stays_open(transaction, day, seen.settings, today=seen.today)
    effect = Effect(invoice_id=each.invoice_id, due_date=each.due_date, amount=fee)
    posting = Posting(
        kind="late_fee", date=day, currency=each.currency, effects=[effect], reference=each.number
    )
    book(transaction, seen.client, [posting], at=seen.at, opened=opened, by_itself=True)
    amount = f"{amount_text(fee, each.currency)} {each.currency}"
    text = f"Late fee of {amount} for invoice {each.number}"
    told = {"amount": amount_text(fee, each.currency), "currency": each.currency}
    _tell(transaction, seen, due, text, "invoice.late_fee_charged", **told)
    transaction.commit()


def _day_of_fee(seen: Seen, due: Due) -> date:
    """Today; the day on which it fell due where staff want that, and the books are open."""
    (each,) = due.receivables
    ((mark,),) = due.marks.values()
    if not each.marks.get(mark, {}).get("own_date"):
        return seen.today
    issued = date.fromisoformat(seen.invoices[each.invoice_id].row["issue_date"])
    closed = seen.settings.billing.closed_until
    is_open = due.day >= issued and not (closed and due.day <= closed)
    return due.day if is_open else seen.today


def _miss(seen: Seen, due: Due) -> None:
    """Note for staff what would have been done, and mark it as missed."""
    transaction = Transaction()
    attention.stays(transaction, seen.client)
    for each in due.receivables:
        for mark in due.marks[each.invoice_id]:
            missed(
                transaction,
                seen.client_id,
                kind="step",
                day=due.day if due.fee is not None else _day_of(each, due),
                ref=f"{each.invoice_id}~{mark}",
                text=f"Invoice {each.number}: {_WHAT[due.step.action]}",
                reason=SUSPENDED,
                subject={"invoice_id": each.invoice_id, "mark": mark, "number": each.number},
                at=seen.at,
                amount=due.fee,
                currency=each.currency if due.fee is not None else None,
            )
    _mark(transaction, seen, due, "missed")
    transaction.commit()


def _day_of(receivable: Receivable, due: Due) -> date:
    return receivable.due_date + timedelta(days=due.step.days)


def _mark(
    transaction: Transaction,
    seen: Seen,
    due: Due,
    what: Deed,
    more: Mapping[str, object] | None = None,
) -> None:
    """Put down on each invoice what was done: one action for each."""
    for each in due.receivables:
        before = seen.invoices[each.invoice_id]
        after = read(InvoiceRecord, before.serialize())
        after.steps = _steps(seen, due, what, each, more or {})
        after.version, after.updated_at = int(before.version) + 1, timestamp(seen.at)
        condition = InvoiceRecord.version == before.version
        transaction.update(before, differences(before, after), condition, version_changed)


def _steps(
    seen: Seen, due: Due, what: Deed, receivable: Receivable, more: Mapping[str, object]
) -> dict[str, Any]:
    """The marks of an invoice then: of what was done, and of what it overtook."""
    on, invoice_id = seen.today.isoformat(), receivable.invoice_id
    passed: Mapping[Mark, Any] = {
        mark: {"on": on, "what": "overtaken"} for mark in due.overtaken.get(invoice_id, ())
    }
    own = {mark: {"on": on, "what": what, **more} for mark in due.marks[invoice_id]}
    return {**receivable.marks, **passed, **own}


def _tell(
    transaction: Transaction, seen: Seen, due: Due, text: str, event: str, **more: str
) -> None:
    details: dict[str, Any] = {
        "invoice_ids": [each.invoice_id for each in due.receivables],
        "workflow_id": due.workflow_id,
        "step_id": due.step.step_id,
        "what": due.step.action,
        **more,
    }
    if len(due.receivables) == 1:
        details["invoice_id"] = due.receivables[0].invoice_id
    transaction.put(entry(seen.client_id, "invoice", at=seen.at, text=text, event=event, **details))


def _numbers(due: Due) -> str:
    return ", ".join(each.number for each in due.receivables)


def _owed(due: Due) -> str:
    """What is unpaid, invoice by invoice."""
    return "\n".join(
        f"{each.number}: {amount_text(each.balance, each.currency)} {each.currency},"
        f" due {each.due_date}"
        for each in due.receivables
    )
