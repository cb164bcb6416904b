"""The firm's logo for its papers: fetched from the address in its settings, and kept for a day.

A paper is never late or missing for its logo: what can't be had in a moment is left out.
"""

import hashlib
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from tallybook.documents import bucket, fetching
from tallybook.papers.logos import suffix_of

logger = Logger()
_FRESH = timedelta(days=1)
_PATIENCE = timedelta(minutes=5)  # with an address that gave no logo
_seen: dict[str, tuple[bytes | None, datetime]] = {}


def logo(url: str | None, *, at: datetime) -> bytes | None:
    """The logo, or None when there is none that can be drawn."""
    if url is None:
        return None
    found, until = _seen.get(url, (None, at))
    if at >= until:
        found, until = _looked_up(url, at)
        _seen.clear()  # the firm has one
        _seen[url] = found, until
    return found


def _looked_up(url: str, at: datetime) -> tuple[bytes | None, datetime]:
    key = f"logos/{hashlib.sha256(url.encode()).hexdigest()}"
    kept = _kept(key)
    if kept and at < kept.since + _FRESH:
        return kept.content, kept.since + _FRESH
    try:
        fetched = fetching.fetch(url)
    except fetching.Unfetchable:
        logger.warning("no logo", exc_info=True)
        fetched = b""
    if suffix_of(fetched):
        bucket.put(key, fetched, "application/octet-stream")
        return fetched, at + _FRESH
    return (kept.content if kept else None), at + _PATIENCE


def _kept(key: str) -> bucket.Kept | None:
    try:
        return bucket.get(key)
    except bucket.Gone:
        return None
