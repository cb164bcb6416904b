"""Workflows at work: a firm's steps, and looks at its clients at any time."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tallybook.chasing import looking
from tests.support import stored
from tests.support.api import Staff


def firm_works_by(staff: Staff, *steps: dict[str, Any], **settings: Any) -> str:
    """Make a workflow, and the firm's own; returns its id."""
    answer = staff.post("/v1/workflows", {"name": "Standard", "steps": list(steps)})
    assert answer.status == 201, answer.body
    workflow_id = str(answer.body["workflow_id"])
    changed = staff.patch("/v1/settings", {"workflow_id": workflow_id} | settings)
    assert changed.status == 200, changed.body
    return workflow_id


def look(client_id: str, day: str, at: str = "10:00", zone: str = "UTC") -> int:
    """Look at the client at that time; returns how many things were done."""
    moment = datetime.combine(datetime.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    return looking.look(client_id, moment)


def of_client(client_id: str, kind: str) -> list[dict[str, Any]]:
    """The client's items of a kind ("EMAIL", "TASK", …)."""
    return [
        each for each in stored.items(f"CLIENT#{client_id}") if each["sk"].startswith(f"{kind}#")
    ]


def mails(client_id: str) -> list[tuple[str, list[str], list[str]]]:
    """Of each mail its template, its addresses, and the numbers of its invoices."""
    return [
        (
            each["template"],
            each["row"]["to"],
            [one["number"] for one in each["context"].get("invoices", [])],
        )
        for each in of_client(client_id, "EMAIL")
    ]


def tasks(client_id: str) -> list[str]:
    return [each["row"]["title"] for each in of_client(client_id, "TASK")]


def marks(invoice: dict[str, Any]) -> dict[str, Any]:
    """What the workflow has done for an invoice: the deeds of its marks, by mark."""
    key = f"CLIENT#{invoice['client_id']}", f"INVOICE#{invoice['invoice_id']}"
    return {mark: each["what"] for mark, each in stored.item(*key).get("steps", {}).items()}
