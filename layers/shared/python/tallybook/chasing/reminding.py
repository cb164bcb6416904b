"""Reminders: a mail or an SMS about the invoices of a client that are unpaid."""

from tallybook.chasing.seeing import Seen
from tallybook.links.making import invoice_link
from tallybook.mail.attachments import Attachment
from tallybook.mail.letterhead import client_of, letterhead
from tallybook.mail.many import queue_all
from tallybook.mail.queueing import Mail
from tallybook.sms.queueing import queue
from tallybook.table import find_all
from tallybook.transactions import Transaction
from tallybook.workflows.kinds import CLIENT, Due, Person
from tallybook.workflows.models import REMINDERS
from tallybook.workflows.rows import reminded_of

MOST_PAPERS = 10  # that a reminder carries: of the oldest invoices
KIND = "reminder_friendly"  # whose variables an SMS has


class Unsendable(Exception):
    """The message cannot be sent to its person. The text says why."""


def remind(transaction: Transaction, seen: Seen, due: Due) -> dict[str, str]:
    """Add the message to `transaction`: a link, and two actions for the mail or SMS.

    Returns what the invoices remember of it. Raises `Unsendable`.
    """
    person = due.person
    if person is None:
        raise Unsendable("It is for nobody.")
    if due.step.action == "sms":
        return _text(transaction, seen, due, person)
    if not person.emails:
        raise Unsendable("There is no address that can be mailed.")
    ids = [each.invoice_id for each in due.receivables]
    mail = Mail(
        template=_template(due.step.template),
        to=person.emails,
        context=_context(transaction, seen, due) | dict(person.greeting),
        contact_id=None if person.person_id == CLIENT else person.person_id,
        attachments=[Attachment(kind="invoice", id=each) for each in ids[:MOST_PAPERS]],
        reminds=_marks(due),
    )
    first, *_ = queue_all(transaction, mail, client_id=seen.client_id, at=seen.at)
    return {"email_id": first}


def _template(name: str | None) -> str:
    """What the step is written from; one of the firm's own may have been deleted since."""
    if name is None or name in REMINDERS:
        return name or KIND
    return name if list(find_all([(f"TEMPLATE#{name}", "TEMPLATE")])) else KIND


def _text(transaction: Transaction, seen: Seen, due: Due, person: Person) -> dict[str, str]:
    from tallybook.mail.rendering import Source, Unrenderable, said  # seldom needed, and heavy

    if not person.telephone:
        raise Unsendable("There is no number that an SMS can be sent to.")
    context = _context(transaction, seen, due)
    client = client_of(seen.client, person.greeting)
    context |= {"firm": letterhead(seen.settings), "client": client}
    try:
        body = said(Source(name=KIND, subject="SMS", text=due.step.text or ""), context)
    except Unrenderable as error:
        raise Unsendable(str(error)) from error
    sms_id = queue(
        transaction,
        seen.client_id,
        to=person.telephone,
        body=_cut(body),
        contact_id=None if person.person_id == CLIENT else person.person_id,
        at=seen.at,
        reminds=_marks(due),
    )
    return {"sms_id": sms_id}


def _marks(due: Due) -> dict[str, str]:
    """The mark that a message leaves on each of its invoices."""
    return {invoice_id: mark for invoice_id, (mark,) in due.marks.items()}


def _context(transaction: Transaction, seen: Seen, due: Due) -> dict[str, object]:
    """The variables of a reminder, with the link of its first invoice."""
    issued = {each: seen.invoices[each].row["issue_date"] for each in due.marks}
    link = invoice_link(transaction, seen.client_id, due.receivables[0].invoice_id, seen.at)
    return {**reminded_of(due.receivables, issued, seen.today), "link": link}


def _cut(body: str) -> str:
    """As much of the text as an SMS takes."""
    from tallybook.sms.models import MOST_BYTES

    return body.encode()[:MOST_BYTES].decode(errors="ignore")
