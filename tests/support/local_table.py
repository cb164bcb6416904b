"""A real DynamoDB (Amazon's DynamoDB Local) behind the code, in place of the one in AWS.

What the code keeps between requests is forgotten with it, as in a new container.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from tallybook import dynamodb, table
from tallybook.clients import numbers
from tallybook.settings import store as settings_store
from tests.support.template import create_table

NAME = os.environ["TABLE_NAME"]


@contextmanager
def pointed_at(url: str) -> Iterator[Any]:
    """Inside, everything talks to the DynamoDB at `url`; yields the client."""
    client = client_for(url)
    connection = table.Record._get_connection().connection
    with (
        mock.patch.object(dynamodb, "client", client),
        mock.patch.object(connection, "_client", client),
    ):
        yield client


@contextmanager
def fresh_table(url: str) -> Iterator[None]:
    """The empty table of template.yaml, seen from a new container."""
    admin = client_for(url)
    try:
        create_table(admin, NAME)
    except admin.exceptions.ResourceInUseException:
        # On a busy machine the answer came too late, so the client asked again: it is there.
        admin.delete_table(TableName=NAME)
        create_table(admin, NAME)
    forget()
    try:
        yield
    finally:
        # A large table takes longer to go than the client waits before it asks again.
        with suppress(admin.exceptions.ResourceNotFoundException):
            admin.delete_table(TableName=NAME)
        forget()


def client_for(url: str) -> Any:
    """A client made as the code makes its own, but for another address."""
    with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL_DYNAMODB": url}):
        return dynamodb._new_client()


def forget() -> None:
    """Become a container that has seen no request yet."""
    numbers._seen = None
    settings_store._remembered = None
