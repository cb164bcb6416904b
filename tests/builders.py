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


def removal_event(*client_ids: str) -> dict[str, Any]:
    """The batch that the table's stream sends when these clients were hidden."""
    return {
        "Records": [
            {
                "eventID": f"{number:032x}",
                "eventName": "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1795331640,
                    "Keys": {"pk": {"S": f"CLIENT#{client_id}"}, "sk": {"S": "CLIENT"}},
                    "SequenceNumber": f"{number:021d}",
                    "SizeBytes": 512,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/tallybook"
                "/stream/2026-11-22T07:04:00.000",
            }
            for number, client_id in enumerate(client_ids, start=1)
        ]
    }
