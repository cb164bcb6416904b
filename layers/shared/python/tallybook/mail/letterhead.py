"""The firm as its mails show it."""

from typing import Any

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
