"""What a workflow is made of, and what it looks at. A day is one where the firm is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

type Action = Literal["email", "sms", "task", "call", "late_fee", "suspend_services"]
type Rhythm = Literal["once", "week", "month"]
type Mark = str
"""What of a step was done for an invoice: "<step_id>#<person_id>", "<step_id>#<number of the
period>" of a late fee, "<step_id>#" of anything else. On the invoice: mark → {on, what, …}."""

type Deed = Literal[
    "email", "sms", "task", "call", "late_fee", "suspend_services",  # done; a task instead of mail
    "no_fee",  # what was due beyond the cap
    "overtaken",  # a later message went out in its place
    "missed", "again", "dropped",  # the client was suspended: staff decide, and have decided
]  # fmt: skip
"""The `what` of a mark."""

CLIENT = "client"  # the person_id of the client itself, where it has no contacts with an address


@dataclass(frozen=True, kw_only=True)
class Fee:
    """A fixed amount in a currency, or a percentage of what is unpaid beside earlier late fees."""

    amount: Decimal | None = None
    currency: str | None = None
    percent: Decimal | None = None
    per: Rhythm = "once"
    cap_amount: Decimal | None = None  # of all late fees of the invoice, in its currency
    cap_percent: Decimal | None = None  # of what the invoice came to without late fees


@dataclass(frozen=True, kw_only=True)
class Step:
    step_id: str
    days: int  # behind the due date; negative: before it
    action: Action
    template: str | None = None  # of an email
    text: str | None = None  # of an SMS, a task or a call
    fee: Fee | None = None


@dataclass(frozen=True, kw_only=True)
class Workflow:
    workflow_id: str
    name: str
    steps: Sequence[Step]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody whom reminders go to: a contact, or the client itself."""

    person_id: str  # a contact_id, or CLIENT
    workflow_id: str | None = None
    emails: Sequence[str] = ()
    telephone: str | None = None
    reached_through_others: Sequence[Action] = ()  # who have the same addresses, or number
    greeting: Mapping[str, Any] = field(default_factory=dict)  # see mail.rules.addressee


@dataclass(frozen=True, kw_only=True)
class Receivable:
    """An open invoice."""

    invoice_id: str
    number: str
    currency: str
    due_date: date
    balance: Decimal
    total: Decimal  # late fees included
    late_fees: Decimal = Decimal(0)
    workflow_id: str | None = None
    is_disputed: bool = False  # staff said so: in_dispute, with_agency, legal, uncollectible
    marks: Mapping[Mark, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A promise that is neither kept nor broken yet. `invoice_ids` None: all of the currency."""

    until: date  # the last day of the pause
    currency: str
    invoice_ids: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything about a client that decides what its workflows do."""

    workflow_id: str | None  # the client's, else the firm's
    workflows: Mapping[str, Workflow]  # those that are active
    people: Sequence[Person]
    receivables: Sequence[Receivable]
    pauses: Sequence[Pause] = ()
    late_fees: bool = True  # False: the client opted out of them
    reminders: bool = True  # False: of messages
    paid_through: Sequence[date | None] = ()  # of the client's services that are active


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is to be done now: one step, for one person or none, for all its invoices at once."""

    workflow_id: str
    step: Step
    day: date  # on which the step of the first of its invoices fell due
    person: Person | None
    receivables: Sequence[Receivable]
    marks: Mapping[str, Sequence[Mark]]  # invoice_id → what this does of it
    overtaken: Mapping[str, Sequence[Mark]] = field(default_factory=dict)  # and what lapses by it
    fee: Decimal | None = None
    leaves_open: bool = False  # services that are paid in advance are left: no mark is set yet
