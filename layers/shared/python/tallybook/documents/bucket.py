"""The bucket of papers.

`documents/<client_id>/` holds papers of what is settled, `passing/<client_id>/` those of what can
still change, which go after 30 days, and `logos/` what the firm's logo looked like lately.
"""

import os
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from tallybook.disposition import attachment
from tallybook.errors import Unavailable

BUCKET = os.environ["DOCUMENTS_BUCKET"]
OF_CLIENTS = ("documents", "passing")
_LINK_LASTS = timedelta(minutes=15)
# To those who may not list the bucket, S3 does not say that something is missing.
_MISSING = {"404", "403", "NoSuchKey", "AccessDenied"}

client: Any = botocore.session.get_session().create_client(
    "s3",
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},  # links name the region, see imports.bucket
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=16,
    ),
)


class Gone(Exception):
    """There is no such object, or no longer."""


class Kept(NamedTuple):
    content: bytes
    since: datetime


def has(key: str) -> bool:
    try:
        client.head_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return False
        raise
    return True


def get(key: str) -> Kept:
    """An object's content, and when it was put there. Raises `Gone`."""
    try:
        answer = client.get_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            raise Gone(key) from error
        raise
    with answer["Body"] as body:
        return Kept(body.read(), answer["LastModified"])


def put(key: str, content: bytes, content_type: str) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)


def link(key: str, filename: str, at: datetime) -> tuple[str, datetime]:
    """A link that downloads the object under a name, and when it expires."""
    url: str = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": attachment(filename)},
        ExpiresIn=int(_LINK_LASTS.total_seconds()),
    )
    return url, at + _LINK_LASTS


def delete_all_of(client_id: str) -> int:
    """Delete every version of a client's papers; returns how many. Can be repeated.

    Raises `Unavailable` when the bucket keeps some of them.
    """
    deleted = 0
    for folder in OF_CLIENTS:
        while versions := _first_versions(f"{folder}/{client_id}/"):
            request = {"Objects": versions, "Quiet": True}
            if client.delete_objects(Bucket=BUCKET, Delete=request).get("Errors"):
                raise Unavailable("The bucket kept some of a client's papers.")
            deleted += len(versions)
    return deleted


def _first_versions(prefix: str) -> list[dict[str, str]]:
    """At most a thousand versions of objects, markers of deletion among them."""
    page = client.list_object_versions(Bucket=BUCKET, Prefix=prefix)
    return [
        {"Key": found["Key"], "VersionId": found["VersionId"]}
        for found in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
    ]
