"""Papers as whoever downloads them gets them."""

import struct
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zlib import compress, crc32

from pypdf import PdfReader

from tests.support.account import client

type Json = dict[str, Any]


def place(link: Json) -> tuple[str, str]:
    """The bucket and the key that a link leads to."""
    parts = urlsplit(link["url"])
    assert parts.scheme == "https"
    return (parts.hostname or "").partition(".")[0], unquote(parts.path).lstrip("/")


def name(link: Json) -> str:
    """The name that a browser saves the download under; it never shows it."""
    (disposition,) = parse_qs(urlsplit(link["url"]).query)["response-content-disposition"]
    kind, _, named = disposition.partition("; filename=")
    assert kind == "attachment"
    return unquote(named.partition("filename*=UTF-8''")[2])


def content(link: Json) -> bytes:
    bucket, key = place(link)
    found: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def text(pdf: bytes) -> str:
    """What its pages say, on one line."""
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def attachments(pdf: bytes) -> list[str]:
    return list(PdfReader(BytesIO(pdf)).attachments)


def has_image(pdf: bytes) -> bool:
    return any(page.images for page in PdfReader(BytesIO(pdf)).pages)


def png(width: int, height: int) -> bytes:
    """A picture in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    rows = (b"\0" + b"\x1a\x6f\x5c" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def keys(bucket: str) -> list[str]:
    """The keys of all objects, also of those that were deleted and have old versions."""
    found = client("s3").list_object_versions(Bucket=bucket)
    listed = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return sorted({each["Key"] for each in listed})
