"""What there is of services and of what is told of them."""

from typing import Literal

type ServiceStatus = Literal["active", "suspended"]
type SuspensionReason = Literal["non_payment", "other"]
type WebhookEvent = Literal["service.suspended", "service.reinstated", "webhook.ping"]
type DeliveryStatus = Literal["pending", "delivered", "failed", "dropped"]
