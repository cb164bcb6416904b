"""Function tests: real events, moto as AWS, the table of template.yaml."""

import copy
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import ResponseSerializer

from tests.support import account, imports, stored
from tests.support.api import Staff
from tests.support.template import create_table

_guess = ResponseSerializer.get_value


def _value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
    """A member of an attribute value: S, N, M … are written just so, whatever else is guessed."""
    if type(value) is dict and (key in value or key.isupper()):
        return value.get(key)
    return _guess(serializer, value, key, shape)


class _Keys:
    """The one key that moto signs tokens with, in every pool: read once."""

    _key: Any = None

    @classmethod
    def import_key(cls, key: Any) -> Any:
        cls._key = cls._key or RSAKey.import_key(key)
        return cls._key


def _hasten(moto: pytest.MonkeyPatch) -> None:
    """Half of these tests' time goes into care that moto takes of what is sure here."""
    uncopied = SimpleNamespace(copy=copy.copy, deepcopy=lambda original: original)
    moto.setattr("moto.dynamodb.models.table.copy", uncopied)
    moto.setattr(ResponseSerializer, "get_value", _value)
    moto.setattr("moto.cognitoidp.models.jwk", SimpleNamespace(RSAKey=_Keys))


_answer, _one_at_a_time = BotocoreStubber.process_request, threading.RLock()


def _in_turn(stubber: Any, request: Any) -> Any:
    """moto is no server: threads that ask at once would find it half-way through a write."""
    with _one_at_a_time:
        return _answer(stubber, request)


@contextmanager
def empty_account() -> Iterator[None]:
    """AWS with everything empty, seen by containers that have just started."""
    from tallybook.clients import numbers
    from tallybook.settings import store as settings

    with pytest.MonkeyPatch.context() as moto, mock_aws():
        _hasten(moto)
        moto.setattr(BotocoreStubber, "process_request", _in_turn)
        create_table(stored.client(), os.environ["TABLE_NAME"])
        account.create()
        numbers._seen = None
        settings._remembered = None
        yield


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with empty_account():
        yield


@pytest.fixture
def pipeline() -> imports.Pipeline:
    return imports.Pipeline()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk has two rows, so that a short file has several."""
    imports.chunks_of(2, monkeypatch)


@pytest.fixture
def owner() -> Staff:
    return Staff("owner")


@pytest.fixture
def manager() -> Staff:
    return Staff("manager", staff_id="0b1fd0a1-62bd-4c5c-8e4b-1e9f1c1f8e3c")


@pytest.fixture
def specialist() -> Staff:
    return Staff("specialist", staff_id="7c5f7b0e-1d0c-4a61-9d0e-3f6d0a0b2c4d")


@pytest.fixture
def member() -> Staff:
    return Staff("staff", staff_id="a2b10d6f-4d0b-9a57-3c55-6f1c1f8e6a0a")
