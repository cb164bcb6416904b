"""What a workflow has done for an invoice, from the marks on it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tallybook.invoices.answers import InvoiceReminder
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.workflows.kinds import CLIENT

_MOST_SHOWN = 50
_MADE = ("email_id", "sms_id", "task_id")


def reminders_of(marks: Mapping[str, Mapping[str, Any]], currency: str) -> list[InvoiceReminder]:
    """The last of them, the oldest first. `marks` as `workflows.kinds.Mark` says."""
    found = sorted(marks.items(), key=lambda each: (each[1].get("on", ""), each[0]))
    return [_reminder(mark, done, currency) for mark, done in found if "on" in done][-_MOST_SHOWN:]


def _reminder(mark: str, done: Mapping[str, Any], currency: str) -> InvoiceReminder:
    step_id, _, whose = mark.partition("#")
    is_number = whose.isdecimal() and len(whose) < len(step_id)
    fee = done.get("fee")
    fields = {
        "date": date.fromisoformat(done["on"]),
        "what": done["what"],
        "step_id": step_id,
        "contact_id": None if is_number or whose in ("", CLIENT) else whose,
        "fee": None if fee is None else amount_text(Decimal(fee), currency),
        **{name: done.get(name) for name in _MADE},
    }
    return trusted(InvoiceReminder, fields)
