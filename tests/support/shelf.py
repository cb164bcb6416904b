"""The bucket of papers, played by a small fake that keeps state, as those in `services` do.

It answers what a removal asks of S3, last of all who are asked, so that a test can let a container
die before it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from tallybook.documents import bucket
from tests.support.faults import Crash, hooked

type Json = dict[str, Any]

PAGE = 2
"""The most versions that one answer lists; S3's are a thousand, too many for a test to go on."""


@dataclass
class Shelf:
    """Every version of every object: whether it is a marker of deletion, by its key and id."""

    versions: dict[tuple[str, str], bool] = field(default_factory=dict)
    taken: int = 0

    def put(self, key: str, *, marker: bool = False) -> None:
        """A new version; `marker`: what remains where an object was deleted."""
        self.taken += 1
        self.versions[key, f"version {self.taken:03}"] = marker

    def keys(self) -> list[str]:
        """Of all objects, also of those that were deleted and have old versions."""
        return sorted({key for key, _ in self.versions})

    def answer(self, operation: str, params: Json) -> Json:
        match operation:
            case "ListObjectVersions":
                return self._list(params["query_string"]["prefix"])
            case "DeleteObjects":
                for each in ET.fromstring(params["body"]).iterfind("{*}Object"):  # noqa: S314
                    self._delete(each.findtext("{*}Key", ""), each.findtext("{*}VersionId"))
                return {}
        raise NotImplementedError(operation)

    def _list(self, prefix: str) -> Json:
        found = sorted(each for each in self.versions if each[0].startswith(prefix))
        answer: Json = {"IsTruncated": len(found) > PAGE}
        for key, version in found[:PAGE]:
            kind = "DeleteMarkers" if self.versions[key, version] else "Versions"
            answer.setdefault(kind, []).append({"Key": key, "VersionId": version})
        return answer

    def _delete(self, key: str, version: str | None) -> None:
        if version is None:
            self.put(key, marker=True)
        else:
            self.versions.pop((key, version), None)


@contextmanager
def played() -> Iterator[Shelf]:
    shelf, lock = Shelf(), threading.Lock()

    def answer(model: Any, params: Json, **_: Any) -> tuple[Any, Json]:
        host = urlsplit(params["url"]).hostname or ""
        assert host.startswith(f"{bucket.BUCKET}."), host
        with lock:
            return SimpleNamespace(status_code=200), shelf.answer(model.name, params)

    events = bucket.client.meta.events
    events.register_last("before-call.s3", answer)
    try:
        yield shelf
    finally:
        events.unregister("before-call.s3", answer)


@contextmanager
def crash_at_call(count: int, *, when: str) -> Iterator[None]:
    """The container dies "before" or "after" the bucket does what call number `count` asks."""
    calls = iter(range(1, 10**6))

    def die(**_: Any) -> None:
        if next(calls) == count:
            raise Crash

    with hooked(f"{when}-call.s3", die, bucket.client):
        yield
