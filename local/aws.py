"""Clients of the emulator's AWS, signed as its administrator."""

from typing import Any

import boto3

from local.place import REGION, Place

# The emulator takes these for the account's root user.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def client(place: Place, service: str) -> Any:
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    make: Any = session.client
    return make(service, endpoint_url=place.emulator_url)


def command_environment(place: Place) -> dict[str, str]:
    """What the SAM CLI needs to take the emulator for AWS."""
    return CREDENTIALS | {
        "AWS_ENDPOINT_URL": place.emulator_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "SAM_CLI_TELEMETRY": "0",
    }
