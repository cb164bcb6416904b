"""Idempotency keys: the same POST sent twice is done once and answered the same (24 hours).

The record is written in the transaction of the change that it guards, with the answer, so that a
crash after the commit cannot do the change again (DESIGN.md section 4, 6). Its condition is
checked by that same write: a first request needs no read.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.errors import IdempotencyKeyReused, InvalidIdempotencyKey
from tallybook.table import Item, Record, absent, find, read
from tallybook.transactions import Transaction

REMEMBERED = timedelta(hours=24)


class Answer(Protocol):
    """The part of an HTTP response that is remembered."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Any: ...


class IdempotencyRecord(Record):
    """`key` is the hash of who called and the key they gave."""

    KEY = ("IDEMPOTENCY#<key>", "IDEMPOTENCY")

    fingerprint = UnicodeAttribute()
    status = NumberAttribute()
    headers = UnicodeAttribute()
    body = UnicodeAttribute()
    ttl = NumberAttribute()


class AlreadyAnswered(Exception):
    """The request was done before; `record` holds its answer."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__(record.pk)
        self.record = record


@dataclass(frozen=True)
class Once:
    """The claim of one request to be done once. Without a key it claims nothing.

    `answer` says how a result is answered; without it, only that it was done is remembered.
    """

    key: str | None
    fingerprint: str
    at: datetime
    answer: Callable[[Any], Answer] | None
    is_claimed: bool = False

    def claim(self, transaction: Transaction, result: BaseModel) -> None:
        """Add to `transaction` the record that this request was done, with the answer."""
        if self.key is None:
            return
        # DynamoDB removes expired items late, so the condition looks at the time as well.
        expired = IdempotencyRecord.ttl <= int(self.at.timestamp())
        is_free = None if self.is_claimed else absent(IdempotencyRecord) | expired
        answer = self.answer(result) if self.answer else None
        record = IdempotencyRecord(
            *_key(self.key),
            fingerprint=self.fingerprint,
            status=answer.status_code if answer else 204,
            headers=json.dumps(answer.headers if answer else {}),
            body=result.model_dump_json() if answer else "",
            ttl=int((self.at + REMEMBERED).timestamp()),
        )
        transaction.put(record, is_free, self._refuse)

    def further(self) -> "Once":
        """The claim of a request that goes on in another transaction: its answer is replaced."""
        return replace(self, is_claimed=True)

    def part(self, name: str) -> "Once":
        """The claim of one part of a request that takes several transactions."""
        return replace(self, key=self.key and _hash(self.key, name), answer=None)

    def recall(self) -> None:
        """Raise what the key holds, if it is known. One read; only for requests that failed."""
        if self.key is None:
            return
        record = find(IdempotencyRecord, *_key(self.key))
        if record is not None and record.ttl > self.at.timestamp():
            raise self._judge(record)

    def _refuse(self, item: Item) -> Exception:
        return self._judge(read(IdempotencyRecord, item))

    def _judge(self, record: IdempotencyRecord) -> Exception:
        if record.fingerprint != self.fingerprint:
            return IdempotencyKeyReused()
        return AlreadyAnswered(record)


def once(
    key: str | None,
    *,
    caller: str,
    request: str,
    body: str,
    at: datetime,
    answer: Callable[[Any], Answer],
) -> Once:
    """The claim of a request: `request` is its method and path, `body` its text.

    Raises `InvalidIdempotencyKey` when the key is empty, too long, or not printable ASCII.
    """
    if key is not None:
        if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise InvalidIdempotencyKey
        key = _hash(caller, key)
    return Once(key=key, fingerprint=_hash(request, body), at=at, answer=answer)


def _key(key: str) -> tuple[str, str]:
    return f"IDEMPOTENCY#{key}", "IDEMPOTENCY"


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()[:40]
