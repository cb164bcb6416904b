"""The firm and the client as mails know them."""

from collections.abc import Mapping
from typing import Any

from tallybook.clients.records import ClientRecord
from tallybook.settings.models import Settings


def letterhead(settings: Settings) -> dict[str, Any]:
    """The variable `firm` of templates."""
    return {
        "name": settings.name,
        "email": settings.email,
        "telephone": settings.telephone,
        "address": settings.address.lines(),
        "colour": settings.branding.colour,
        "logo_url": settings.branding.logo_url,
    }


def client_of(client: ClientRecord, context: Mapping[str, Any]) -> dict[str, Any]:
    """The variable `client`; with the name of the contact whom the mail is for."""
    row = client.row
    known = {
        "number": row.number,
        "business_name": row.business_name,
        "first_name": row.first_name,
        "last_name": row.last_name,
    }
    whom: Mapping[str, str] = context.get("addressee", {})
    return {**known, **whom}
