"""Integration tests: the code against Amazon's DynamoDB Local, with the table of template.yaml."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws  # hooks into botocore, so it has to be there before our clients are

from local.dynamodb_local import running
from tests.support import account, capacity, local_table, services, shelf, snapshots
from tests.support.api import Staff
from tests.support.containers import Containers
from tests.support.containers import running as containers_running
from tests.support.imports import Pipeline
from tests.support.mailroom import Mailroom
from tests.support.shelf import Shelf

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture(autouse=True)
def table(address: str) -> Iterator[Any]:
    """An empty table; yields the client that the code uses."""
    with local_table.fresh_table(address), local_table.pointed_at(address) as client:
        yield client


@pytest.fixture(scope="session")
def admin(address: str) -> Any:
    """A client that nobody watches."""
    return local_table.client_for(address)


type Spending = Callable[[], AbstractContextManager[capacity.Spent]]


@pytest.fixture
def spending(admin: Any, table: Any) -> Spending:
    return partial(capacity.spent, admin)


@pytest.fixture
def owner() -> Staff:
    return Staff("owner")


@pytest.fixture(scope="session")
def containers(address: str) -> Iterator[Containers]:
    with containers_running(4, address) as containers:
        yield containers


@pytest.fixture
def pipeline(admin: Any, table: Any) -> Iterator[Pipeline]:
    """What AWS does between the functions of imports: beside the table, S3 and SQS are moto's."""
    with mock_aws():
        account.create()
        yield Pipeline(lambda: list(snapshots.take(admin).plain("IMPORT#").values()))


@pytest.fixture
def papers() -> Iterator[Shelf]:
    """The bucket of papers, which a removal empties of its client's."""
    with shelf.played() as played:
        yield played


@pytest.fixture
def room(admin: Any, table: Any, owner: Staff) -> Iterator[Mailroom]:
    """Mail, SMS and invitations: beside the table, everything of AWS is played by fakes."""
    with services.played() as played:
        yield Mailroom(admin, played, owner)
