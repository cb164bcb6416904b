"""The environment that functions find in Lambda, before anything of Tallybook is imported."""

import os
from pathlib import Path

from hypothesis import settings

# Machines are shared and noisy: no example fails for being slow. In CI a change alone decides.
settings.register_profile("untimed", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("untimed")

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_REGION="eu-central-1",
    TABLE_NAME="tallybook-test",
    SIGNING_SECRET="a secret for tests only",
    IMPORT_BUCKET="tallybook-test-imports",
    IMPORT_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/imports",
    STAFF_POOL_ID="eu-central-1_staff",
    MAIL_FROM="office@firm.example",
    MAIL_DOMAIN="firm.example",
    MAIL_CONFIGURATION_SET="tallybook-test-mail",
    MAIL_RATE="14",
    MAIL_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/mail",
    MAIL_EVENTS_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/mail-events",
    MAIL_BUCKET="tallybook-test-mailbox",
    DOCUMENTS_BUCKET="tallybook-test-documents",
    DOCUMENT_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/documents",
    FONTS_DIR=str(Path(__file__).parents[1] / "layers" / "documents" / "fonts"),
    PAY_URL="https://firm.example/pay",
    ACCESS_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/access",
    SMS_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/sms",
    INBOUND_SMS_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/inbound-sms",
    RECURRING_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/recurring",
    CHASE_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/chase",
    WEBHOOK_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/webhooks",
    EVENT_BUS_NAME="tallybook-test",
    PUBLIC_URL="https://api.firm.example",
    PORTAL_URL="https://firm.example/portal",
    PORTAL_POOL_ID="eu-central-1_portal",
    POWERTOOLS_METRICS_NAMESPACE="Tallybook",
    POWERTOOLS_SERVICE_NAME="test",
    AWS_LAMBDA_LOG_LEVEL="INFO",
)
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

pytest_plugins = ["tests.support.permissions"]
