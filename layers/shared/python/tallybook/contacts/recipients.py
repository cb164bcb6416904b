"""Whom invoices, statements and reminders go to (DESIGN.md section 5)."""

from collections.abc import Callable, Mapping
from typing import Any

from tallybook.contacts.household import Household


def of_papers(whom: Household) -> list[str]:
    """Of the primary and the billing contacts; the client's own addresses when they have none."""
    return _addresses(whom, lambda _: True)


def of_papers_unasked(whom: Household) -> list[str]:
    """Of those of them who accepted the invitation to the portal: C6, automatic mail."""
    return _addresses(whom, lambda portal: portal.get("status") == "accepted")


def _addresses(whom: Household, is_meant: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    client = whom.client
    asked = [
        each
        for contact_id, each in sorted(whom.contacts.items())
        if each.emails and (contact_id == client.primary_contact or each.billing)
    ]
    if not asked:
        own = (client.portal or {}).get("own", {})  # as which the client itself was invited
        return list(client.row.emails or []) if is_meant(own) else []
    meant = [each for each in asked if is_meant(each.portal or {})]
    return list(dict.fromkeys(address for each in meant for address in each.emails or []))
