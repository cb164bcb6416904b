"""The bucket of mail: SES puts there, under `inbound/`, each mail that comes in, as it came."""

import os
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = os.environ["MAIL_BUCKET"]
FOLDER = "inbound/"
MOST_BYTES = 30 * 1024 * 1024  # what is read of a mail; SES takes up to 40 MB

client: Any = botocore.session.get_session().create_client(
    "s3",
    config=Config(
        connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
    ),
)


class Gone(Exception):
    """There is no such mail, or no longer."""


def get(key: str) -> bytes:
    """The beginning of a mail, of at most `MOST_BYTES`. Raises `Gone`."""
    try:
        answer = client.get_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":  # to those who may list the bucket
            raise Gone(key) from error
        raise
    with answer["Body"] as body:
        content: bytes = body.read(MOST_BYTES)
    return content


def delete(key: str) -> None:
    """Delete a mail, whether or not it is there; its last version goes thirty days later."""
    client.delete_object(Bucket=BUCKET, Key=key)
