"""The environment that functions find in Lambda, before anything of Tallybook is imported."""

import os

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
    POWERTOOLS_METRICS_NAMESPACE="Tallybook",
    POWERTOOLS_SERVICE_NAME="test",
    AWS_LAMBDA_LOG_LEVEL="INFO",
)
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

pytest_plugins = ["tests.support.permissions"]
