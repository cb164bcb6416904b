"""Services and their webhooks as the API takes and gives them."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict, StringConstraints

from tallybook.authors import By
from tallybook.dates import Day, Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel, Patch
from tallybook.outside import is_public
from tallybook.services.kinds import DeliveryStatus, ServiceStatus, SuspensionReason
from tallybook.text import Line, Text


def _webhook_url(value: str) -> str:
    """What can be told to somebody else than the firm itself; where it leads is seen then."""
    if not value.isascii() or not value.isprintable() or any(each in value for each in ' "<>\\'):
        raise ValueError("has a character that must be percent-encoded")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not an address") from error
    if parts.scheme != "https" or not host or port == 0:
        raise ValueError("must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a name or password: the signature says who calls")
    if "#" in value:
        raise ValueError("must not have a fragment (#…)")
    if not _may_be_public(host):
        raise ValueError("must lead to a host on the public internet")
    return value


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:  # a name
        last = host.rstrip(".").rpartition(".")
        return bool(last[0]) and not last[2].isdecimal() and last[2] not in ("local", "internal")


WebhookUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=1000),
    AfterValidator(_webhook_url),
]


class NewService(ApiModel):
    """A service that an outside system gives a client as long as it pays."""

    name: Line = Field(examples=["Hosting of acme.example"])
    reference: Line | None = Field(
        default=None, examples=["vm-4711"], description="What the outside system calls it."
    )
    webhook_url: WebhookUrl | None = Field(
        default=None,
        examples=["https://hooks.sturm.example/tallybook"],
        description="Where it is told that the service is suspended or given back.",
    )
    paid_through: Day | None = Field(
        default=None,
        examples=["2026-12-31"],
        description="The last day that is paid: no step of a workflow suspends it before.",
    )


ServicePatch = Patch[NewService]


class ServiceSuspension(ApiModel):
    """Why and since when a service is suspended."""

    at: Timestamp
    by: By | None = Field(description="Null: a step of a workflow.")
    reason: SuspensionReason = Field(description="What non-payment stopped, payment gives back.")
    note: str | None
    invoice_ids: list[Ulid] = Field(description="The overdue invoices that it was about.")


class WebhookState(ApiModel):
    """How the sending of a service's webhooks stands."""

    next_attempt_at: Timestamp | None = Field(description="Null: nothing waits to be sent.")
    failing_since: Timestamp | None = Field(description="Null: the last one was delivered.")
    switched_off_at: Timestamp | None = Field(
        description="The address answered 410 Gone. Set webhook_url to switch it on."
    )


class Service(ApiModel):
    """A service of a client."""

    service_id: Ulid
    client_id: Ulid
    name: str = Field(examples=["Hosting of acme.example"])
    reference: str | None = Field(examples=["vm-4711"])
    status: ServiceStatus
    suspended: ServiceSuspension | None
    webhook_url: str | None = Field(examples=["https://hooks.sturm.example/tallybook"])
    webhook: WebhookState
    paid_through: Day | None = Field(examples=["2026-12-31"])
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])


class ServiceToSuspend(ApiModel):
    """Why a service is suspended."""

    reason: SuspensionReason = "other"
    note: Annotated[Text, Field(max_length=500)] | None = Field(
        default=None, examples=["Abuse was reported"]
    )
    force: bool = Field(default=False, description="Although it is paid through a later day.")


class SecretToRotate(ApiModel):
    """For how long webhooks are signed with the older secrets as well."""

    overlap_hours: Annotated[int, Strict(), Field(ge=0, le=168)] = Field(
        default=24, description="0: at once, when a secret leaked."
    )


class OlderSecret(ApiModel):
    """A secret that webhooks are still signed with, beside the newest."""

    secret: str
    until: Timestamp


class WebhookSecret(ApiModel):
    """What the receiver checks the signatures of a service's webhooks with."""

    number: int = Field(examples=[1], description="How many there have been.")
    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    older: list[OlderSecret]


class RotatedSecret(ApiModel):
    """A secret was replaced; the new one is read at `…/secret`."""

    client_id: Ulid
    service_id: Ulid
    number: int = Field(examples=[2])
    older_until: Timestamp


class Attempt(ApiModel):
    """One attempt to deliver a webhook."""

    at: Timestamp
    status: int | None = Field(examples=[500], description="Of the answer; null: there was none.")
    error: str | None = Field(examples=["The answer was 500."])
    answer: str | None = Field(description="How a refusal begins.")
    milliseconds: int = Field(examples=[120])


class DeliveryRow(ApiModel):
    """A delivery as lists show it."""

    delivery_id: Ulid
    message_id: Ulid = Field(description="The webhook-id: that of the first, when it is repeated.")
    event: str = Field(examples=["service.suspended"])
    status: DeliveryStatus
    attempts: int = Field(examples=[1])
    is_replay: bool
    created_at: Timestamp
    ended_at: Timestamp | None = Field(description="When it was delivered, or given up.")


class Delivery(ApiModel):
    """An event that is told to the outside system of a service."""

    delivery_id: Ulid
    client_id: Ulid
    service_id: Ulid
    message_id: Ulid = Field(description="The webhook-id: that of the first, when it is repeated.")
    event: str = Field(examples=["service.suspended"])
    status: DeliveryStatus
    attempts: list[Attempt]
    is_replay: bool
    created_at: Timestamp
    ended_at: Timestamp | None = Field(description="When it was delivered, or given up.")
    payload: dict[str, Any]
