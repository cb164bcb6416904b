"""Events as SES publishes them to SNS, after the examples of its documentation.

docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import copy
from typing import Any

CLIENT_ID, EMAIL_ID = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "01JA2Y5B7Q8RZ4T9C1N6V3X0WE"
ADDRESS = "recipient@example.com"

type Json = dict[str, Any]


def mail(*addresses: str, client_id: str | None = CLIENT_ID, email_id: str = EMAIL_ID) -> Json:
    to = list(addresses or (ADDRESS,))
    tags = {
        "ses:configuration-set": ["ConfigSet"],
        "ses:source-ip": ["192.0.2.0"],
        "ses:from-domain": ["firm.example"],
        "ses:caller-identity": ["mailer"],
        "email_id": [email_id],
    }
    return {
        "timestamp": "2026-11-22T09:00:00.719Z",
        "source": "Tallybook <office@firm.example>",
        "sourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/firm.example",
        "sendingAccountId": "123456789012",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
        "destination": to,
        "headersTruncated": False,
        "headers": [{"name": "From", "value": "office@firm.example"}],
        "commonHeaders": {"from": ["office@firm.example"], "to": to, "subject": "Invoice"},
        "tags": tags | ({"client_id": [client_id]} if client_id else {}),
    }


def send(**about: Any) -> Json:
    return {"eventType": "Send", "mail": mail(**about), "send": {}}


def delivery(*addresses: str, at: str = "2026-11-22T09:00:04.540Z", **about: Any) -> Json:
    return {
        "eventType": "Delivery",
        "mail": mail(*addresses, **about),
        "delivery": {
            "timestamp": at,
            "processingTimeMillis": 3821,
            "recipients": list(addresses or (ADDRESS,)),
            "smtpResponse": "250 2.6.0 Message received",
            "remoteMtaIp": "198.51.100.24",
            "reportingMTA": "mta.example.com",
        },
    }


def delay(*addresses: str, at: str = "2026-11-22T09:30:00.000Z", **about: Any) -> Json:
    return {
        "eventType": "DeliveryDelay",
        "mail": mail(*addresses, **about),
        "deliveryDelay": {
            "timestamp": at,
            "delayType": "TransientCommunicationFailure",
            "expirationTime": "2026-11-22T23:00:00.914Z",
            "delayedRecipients": [
                {
                    "emailAddress": address,
                    "status": "4.4.1",
                    "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                }
                for address in addresses or (ADDRESS,)
            ],
        },
    }


def bounce(
    *addresses: str,
    kind: str = "Permanent",
    subkind: str = "General",
    at: str = "2026-11-22T09:00:09.999Z",
    **about: Any,
) -> Json:
    return {
        "eventType": "Bounce",
        "mail": mail(*addresses, **about),
        "bounce": {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "bounceType": kind,
            "bounceSubType": subkind,
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
                for address in addresses or (ADDRESS,)
            ],
            "timestamp": at,
            "reportingMTA": "dsn; mta.example.com",
        },
    }


def complaint(*addresses: str, at: str = "2026-11-22T10:00:00.122Z", **about: Any) -> Json:
    return {
        "eventType": "Complaint",
        "mail": mail(*addresses, **about),
        "complaint": {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000001",
            "complaintSubType": None,
            "complainedRecipients": [
                {"emailAddress": address} for address in addresses or (ADDRESS,)
            ],
            "timestamp": at,
            "userAgent": "ExampleCorp Feedback Loop (V0.01)",
            "complaintFeedbackType": "abuse",
            "arrivalDate": "2026-11-22T09:59:59.000Z",
        },
    }


def reject(**about: Any) -> Json:
    return {"eventType": "Reject", "mail": mail(**about), "reject": {"reason": "Bad content"}}


def opened(**about: Any) -> Json:
    """A type that the configuration set does not publish."""
    details = {"ipAddress": "192.0.2.1", "timestamp": "2026-11-22T10:00:00.000Z", "userAgent": "M"}
    return {"eventType": "Open", "mail": mail(**about), "open": copy.deepcopy(details)}
