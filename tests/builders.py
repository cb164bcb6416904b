"""Plain builders of what tests need; each call may override any field."""

from typing import Any


def new_client(**fields: Any) -> dict[str, Any]:
    return {
        "business_name": "Müller & Söhne GmbH",
        "first_name": "Jürgen",
        "last_name": "Müller",
        "emails": ["office@mueller.example"],
        "telephone": "+49221123456",
        "billing_address": {
            "street1": "Lindenstraße 12",
            "city": "Köln",
            "postal_code": "50674",
            "country": "DE",
        },
    } | fields


def new_contact(**fields: Any) -> dict[str, Any]:
    return {"first_name": "Zoë", "last_name": "Müller", "emails": ["zoe@mueller.example"]} | fields
