"""Who was invited to the portal, and who came. Pure.

A client is invited at one of its own addresses or through its contacts: each of them holds an
invitation. How the client stands as a whole follows from how its holders stand.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tallybook.clients.models import Portal
from tallybook.mail.rules import folded

type State = Mapping[str, Any]
"""How a holder stands: {} when not invited, else

{"status": "waiting" | "accepted", "invited_at", "accepted_at", "email", "email_id", "sub"}
"""

LASTS = timedelta(days=7)  # as long as the pool takes a temporary password (template.yaml)
_SHOWN = ("status", "invited_at", "accepted_at")


def shown(state: State | None, at: datetime) -> Portal:
    """How a holder or a client stands at the time `at`: an invitation expires by itself."""
    if not state or "status" not in state:
        return Portal()
    portal = Portal.model_validate({name: state.get(name) for name in _SHOWN})
    if portal.status == "waiting" and portal.invited_at and portal.invited_at < at - LASTS:
        portal.status = "expired"
    return portal


def overall(states: Iterable[State]) -> dict[str, str]:
    """How the client stands: accepted as soon as anybody came, else waiting for the latest.

    {} when nobody is invited.
    """
    invited = [state for state in states if state.get("status")]
    came = [state for state in invited if state["status"] == "accepted"]
    if came:
        return {
            "status": "accepted",
            "invited_at": max(state["invited_at"] for state in came),
            "accepted_at": min(state["accepted_at"] for state in came),
        }
    if invited:
        return {
            "status": "waiting",
            "invited_at": max(state["invited_at"] for state in invited),
        }
    return {}


def invited(state: State, email: str, *, at: str, email_id: str) -> dict[str, Any]:
    """The state of a holder whom a mail invites. Who came already stays accepted."""
    if state.get("status") == "accepted":
        return {**state, "email_id": email_id}
    known = {"sub": state["sub"]} if "sub" in state else {}
    return {"status": "waiting", "invited_at": at, "email": email, "email_id": email_id} | known


def accepted(state: State, *, at: str) -> dict[str, Any]:
    return {**state, "status": "accepted", "accepted_at": at}


def is_withdrawn(state: State | None, addresses: Iterable[str]) -> bool:
    """Whether somebody was invited at an address that is none of the holder's any more."""
    if not state or "email" not in state:
        return False
    return folded(state["email"]) not in {folded(address) for address in addresses}
