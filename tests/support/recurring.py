"""Recurring invoices as staff make them, and the worker that runs them."""

import json
from datetime import datetime
from typing import Any

from tests.support import billing
from tests.support.api import Staff, invoke

type Json = dict[str, Any]


def moment(day: str, at: str = "06:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{at}:00+00:00")


def new_recurring(**fields: Any) -> Json:
    """238.00 on the first of each month from December 2026 on."""
    template = billing.new_invoice() | fields.pop("template", {})
    return {"frequency": "monthly", "start_date": "2026-12-01", "template": template} | fields


def recurring(staff: Staff, client_id: str, **fields: Any) -> Json:
    answer = staff.post(f"/v1/clients/{client_id}/recurring-invoices", new_recurring(**fields))
    assert answer.status == 201, answer.body
    return dict(answer.body)


def path(made: Json) -> str:
    return f"/v1/clients/{made['client_id']}/recurring-invoices/{made['recurring_id']}"


def read(staff: Staff, made: Json) -> Json:
    return dict(staff.get(path(made)).body)


def message(refs: list[tuple[str, str]]) -> Json:
    """The event of the queue that has one message."""
    return {
        "Records": [
            {
                "messageId": "1",
                "receiptHandle": "receipt",
                "body": json.dumps({"refs": refs}),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:recurring",
            }
        ]
    }


def ref(made: Json) -> tuple[str, str]:
    return made["client_id"], made["recurring_id"]


def run(*made: Json) -> None:
    """The worker gets these as a message, and everything of it is done."""
    answer = invoke("recurring_runs", message([ref(each) for each in made]))
    assert answer == {"batchItemFailures": []}


def invoices(staff: Staff, client_id: str) -> list[Json]:
    """The client's invoices, the oldest first, as they read."""
    rows = staff.get(f"/v1/clients/{client_id}/invoices", limit="100").body["items"]
    return [billing.read(staff, row) for row in sorted(rows, key=lambda row: row["issue_date"])]


def dates(staff: Staff, client_id: str) -> list[str]:
    return [each["issue_date"] for each in invoices(staff, client_id)]
