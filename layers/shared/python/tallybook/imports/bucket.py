"""The bucket of imports: what people put there, and what an import leaves for them.

`imports/` holds files that people drop, `uploads/<import_id>/` files of the wizard,
`results/<import_id>/` what was found out, `templates/` files to start from.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from tallybook.disposition import attachment

BUCKET = os.environ["IMPORT_BUCKET"]
MOST_BYTES = 512 * 1024 * 1024
_BLOCK = 256 * 1024
_LINK_LASTS = timedelta(minutes=15)
_FORM_LASTS = timedelta(hours=1)

client: Any = botocore.session.get_session().create_client(
    "s3",
    config=Config(
        signature_version="s3v4",
        # Links name the region: the global address would redirect, which a browser's form cannot.
        s3={"addressing_style": "virtual"},
        connect_timeout=2,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 4},
    ),
)


def upload_key(import_id: str, filename: str) -> tuple[str, str]:
    """Where the file of a wizard goes in the bucket, and its content type."""
    if filename.lower().endswith(".xlsx"):
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return f"uploads/{import_id}/clients.xlsx", kind
    return f"uploads/{import_id}/clients.csv", "text/csv"


def upload_form(key: str, content_type: str) -> dict[str, Any]:
    """The presigned POST {"url", "fields"} for one file of at most `MOST_BYTES`, for an hour."""
    form: dict[str, Any] = client.generate_presigned_post(
        BUCKET,
        key,
        Fields={"Content-Type": content_type},
        Conditions=[
            {"Content-Type": content_type},
            ["content-length-range", 0, MOST_BYTES],
        ],
        ExpiresIn=int(_FORM_LASTS.total_seconds()),
    )
    return form


def link(key: str, filename: str, at: datetime) -> tuple[str, datetime]:
    """A link that downloads the object under a name, and when it expires."""
    named = attachment(filename)
    url: str = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": named},
        ExpiresIn=int(_LINK_LASTS.total_seconds()),
    )
    return url, at + _LINK_LASTS


def put(key: str, content: bytes, content_type: str) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)


def put_file(key: str, path: Path, content_type: str) -> None:
    with path.open("rb") as content:
        client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)


class Gone(Exception):
    """There is no such object, or no longer."""


def get(key: str) -> bytes:
    """An object's content. Raises `Gone`."""
    try:
        content: bytes = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    except ClientError as error:
        # To those who may not list the bucket, S3 does not say that something is missing.
        if error.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            raise Gone(key) from error
        raise
    return content


def blocks(key: str, version: str | None) -> Iterator[bytes]:
    """The object's content as it streams in, block by block."""
    answer = client.get_object(Bucket=BUCKET, Key=key, **_version(version))
    return iter(answer["Body"].iter_chunks(_BLOCK))


def byte_range(key: str, version: str | None, start: int, end: int) -> bytes:
    """The bytes from `start` up to `end`, which is not one of them."""
    answer = client.get_object(
        Bucket=BUCKET, Key=key, Range=f"bytes={start}-{end - 1}", **_version(version)
    )
    content: bytes = answer["Body"].read()
    return content


def _version(version: str | None) -> dict[str, str]:
    return {"VersionId": version} if version else {}
