"""The variables of each built-in template: what they are, what they look like, and which may miss.

A template that the firm adds takes the variables of the built-in one that it is based on.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from tallybook.mail.grammar import Shape


class Variable(NamedTuple):
    """`name` with dots, `[]` behind a list. One that is `optional` may hold nothing."""

    name: str
    about: str
    sample: object
    optional: bool = False


_FIRM = (
    Variable("firm.name", "Your firm's name", "Sturm & Partner"),
    Variable("firm.email", "Its e-mail address", "office@sturm.example", optional=True),
    Variable("firm.telephone", "Its telephone number", "+49 221 1234", optional=True),
    Variable("firm.address[]", "Its address, line by line", ["Ring 1", "50667 Köln", "Germany"]),
    Variable("firm.colour", "Its colour", "#1a6f5c"),
    Variable("firm.logo_url", "Where its logo is", "https://sturm.example/logo.png", optional=True),
)
_CLIENT = (
    Variable("client.name", "How to address the client, or the contact whom the mail is for: first "
             "and last name, or the business", "Zoë Müller"),
    Variable("client.number", "The client's number", "C-0042", optional=True),
    Variable("client.business_name", "The name of the business", "Müller & Töchter GmbH"),
    Variable("client.first_name", "The first name of either", "Zoë", optional=True),
    Variable("client.last_name", "The last name of either", "Müller", optional=True),
)  # fmt: skip
_PORTAL = (
    Variable("portal_url", "Where the client signs in", "https://portal.sturm.example/sign-in"),
    Variable("email", "The address that the client signs in with", "zoe@mueller.example"),
)
_LINK = Variable(
    "link", "Where the client sees it online", "https://portal.sturm.example/invoices/42",
    optional=True,
)  # fmt: skip
_INVOICE = (
    Variable("invoice.number", "The invoice's number", "INV-2026-0042"),
    Variable("invoice.total", "What was invoiced", "1250.00"),
    Variable("invoice.balance", "What is still to be paid", "1250.00"),
    Variable("invoice.currency", "The currency of both", "EUR"),
    Variable("invoice.issue_date", "When it was issued", "2026-11-01", optional=True),
    Variable("invoice.due_date", "When it is due", "2026-11-15", optional=True),
    Variable("invoice.days_overdue", "For how many days it has been overdue", 7, optional=True),
    _LINK,
)
_REMINDER = (
    *_INVOICE,
    Variable("invoices[].number", "Each invoice that is unpaid, the oldest first: its number; "
             "the first of them is `invoice`", "INV-2026-0042"),
    Variable("invoices[].total", "What was invoiced", "1250.00"),
    Variable("invoices[].balance", "What is still to be paid of it", "1250.00"),
    Variable("invoices[].currency", "The currency of both", "EUR"),
    Variable("invoices[].issue_date", "When it was issued", "2026-11-01", optional=True),
    Variable("invoices[].due_date", "When it is due", "2026-11-15", optional=True),
    Variable("invoices[].days_overdue", "For how many days it has been overdue", 7, optional=True),
    Variable("totals[].amount", "What is to be paid in all, in one currency", "1250.00"),
    Variable("totals[].currency", "That currency", "EUR"),
)  # fmt: skip
_OWN: Mapping[str, tuple[Variable, ...]] = {
    "portal_invitation": (
        *_CLIENT,
        *_PORTAL,
        Variable("password", "The temporary password; nothing when the client has one already",
                 "Xk7-rV2q-tM9w", optional=True),
        Variable("days", "For how many days the temporary password works", 7),
    ),
    "login_details": (*_CLIENT, *_PORTAL),
    "message": (
        *_CLIENT,
        Variable("subject", "What was written as the subject", "Your documents for November"),
        Variable("message", "What was written as the text",
                 "Dear Ms Müller,\n\nthank you for your call.\n\nKind regards\nJonas Sturm"),
    ),
    "invoice": (
        *_CLIENT,
        *_INVOICE,
        Variable("message", "What was written for this mail",
                 "As discussed on Tuesday.", optional=True),
    ),
    "estimate": (
        *_CLIENT,
        Variable("estimate.number", "The estimate's number", "EST-2026-0007"),
        Variable("estimate.total", "What it comes to", "3400.00"),
        Variable("estimate.currency", "The currency of that", "EUR"),
        Variable("estimate.issue_date", "When it was made", "2026-11-01", optional=True),
        Variable("estimate.valid_until", "Until when it is valid", "2026-12-01", optional=True),
        Variable("message", "What was written for this mail",
                 "As discussed on Tuesday.", optional=True),
        _LINK._replace(sample="https://portal.sturm.example/estimates/7"),
    ),
    "credit_note": (
        *_CLIENT,
        Variable("credit_note.number", "The credit note's number", "CN-2026-0003"),
        Variable("credit_note.amount", "What it comes to", "119.00"),
        Variable("credit_note.currency", "The currency of that", "EUR"),
        Variable("credit_note.date", "When it was issued", "2026-11-14"),
        Variable("credit_note.invoice", "The number of the invoice that it corrects",
                 "INV-2026-0042", optional=True),
        Variable("message", "What was written for this mail",
                 "As discussed on Tuesday.", optional=True),
    ),
    "statement": (
        *_CLIENT,
        Variable("statement.from", "The first day of the statement", "2026-10-01", optional=True),
        Variable("statement.to", "The last day of the statement", "2026-10-31"),
        Variable("statement.currencies[].currency", "One currency of the account", "EUR"),
        Variable("statement.currencies[].opening_balance", "What was owed in it before", "500.00"),
        Variable("statement.currencies[].closing_balance", "What is owed in it now", "1250.00"),
        _LINK._replace(sample="https://portal.sturm.example/statement"),
    ),
    "reminder_friendly": (*_CLIENT, *_REMINDER),
    "reminder_firm": (*_CLIENT, *_REMINDER),
    "reminder_final": (*_CLIENT, *_REMINDER),
    "payment_receipt": (
        *_CLIENT,
        Variable("payment.amount", "What was paid", "1250.00"),
        Variable("payment.currency", "The currency of that", "EUR"),
        Variable("payment.date", "When it was paid", "2026-11-14"),
        Variable("payment.method", "How it was paid", "bank transfer", optional=True),
        Variable("payment.reference", "What it was paid with as a reference", "INV-2026-0042",
                 optional=True),
        _LINK._replace(sample="https://portal.sturm.example/account"),
    ),
    "import_result": (
        Variable("filename", "The file that was imported", "clients.xlsx"),
        Variable("status", "completed, failed, needs_mapping or undone", "completed"),
        Variable("counts.rows", "How many rows the file has", 1200, optional=True),
        Variable("counts.created", "How many clients were created", 1100, optional=True),
        Variable("counts.updated", "How many clients were changed", 60, optional=True),
        Variable("counts.skipped", "How many rows were skipped", 30, optional=True),
        Variable("counts.failed", "How many rows have mistakes", 10, optional=True),
        Variable("error", "Why the import failed", "The file has no column for the name.",
                 optional=True),
    ),
}  # fmt: skip

NAMES = tuple(_OWN)


def variables(name: str) -> tuple[Variable, ...]:
    """The variables that a built-in template has, the firm's among them."""
    return (*_FIRM, *_OWN.get(name, _CLIENT))


@cache
def shape(name: str) -> dict[str, Shape]:
    """What the variables hold, for the grammar."""
    whole: dict[str, Any] = {}
    for variable in variables(name):
        place, last, is_list = _place(whole, variable.name)
        place[last] = [None] if is_list else None
    return whole


def sample(name: str) -> dict[str, Any]:
    """Every variable with what it may look like."""
    return _context(variables(name))


def bare(name: str) -> dict[str, Any]:
    """The least that a mail may know: nothing optional, and the lists empty."""
    known = (each for each in variables(name) if not each.optional and "[]" not in each.name)
    return completed(name, _context(known))


def without(name: str, missing: str) -> dict[str, Any]:
    """The sample with one of the variables holding nothing."""
    return completed(name, _context(v for v in variables(name) if v.name != missing))


def _context(known: Iterable[Variable]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for variable in known:
        place, last, _ = _place(whole, variable.name)
        place[last] = deepcopy(variable.sample)
    return whole


def _place(whole: dict[str, Any], path: str) -> tuple[dict[str, Any], str, bool]:
    """The group that a variable belongs to, made if need be, its name there, and if it's a list."""
    *groups, last = path.split(".")
    for group in groups:
        if group.endswith("[]"):
            (whole,) = whole.setdefault(group.removesuffix("[]"), [{}])
        else:
            whole = whole.setdefault(group, {})
    return whole, last.removesuffix("[]"), last.endswith("[]")


def completed(name: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """`context` with all that templates may ask for: what is not known is None, or an empty list.

    (The table keeps no None, so a context comes back from it without what is not known.)
    """
    given = dict(context)
    firm, client = dict(given.get("firm") or {}), dict(given.get("client") or {})
    firm["name"] = firm.get("name") or firm.get("email") or "our office"
    client["name"] = _addressed(client)
    return _filled(shape(name), given | {"firm": firm, "client": client})


def _filled(wanted: Mapping[str, Shape], given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(given) | dict(_members(wanted, given))


def _members(wanted: Mapping[str, Shape], given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, kind in wanted.items():
        value = given.get(name)
        match kind:
            case dict():
                yield name, _filled(kind, value) if isinstance(value, Mapping) else None
            case [dict() as item]:
                items = value if isinstance(value, list) else []
                yield name, [_filled(item, each) for each in items if isinstance(each, Mapping)]
            case [_]:
                yield name, value if isinstance(value, list) else []
            case _:
                yield name, value


def _addressed(client: Mapping[str, Any]) -> str:
    person = " ".join(filter(None, (client.get("first_name"), client.get("last_name"))))
    return person or client.get("business_name") or client.get("name") or "customer"
