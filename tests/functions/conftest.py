"""Function tests: real events, moto as AWS, the table of template.yaml."""

import os
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.support.api import Staff
from tests.support.template import create_table


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        create_table(boto3.client("dynamodb"), os.environ["TABLE_NAME"])
        yield


@pytest.fixture
def owner() -> Staff:
    return Staff("owner")


@pytest.fixture
def manager() -> Staff:
    return Staff("manager", staff_id="0b1fd0a1-62bd-4c5c-8e4b-1e9f1c1f8e3c")


@pytest.fixture
def member() -> Staff:
    return Staff("staff", staff_id="a2b10d6f-4d0b-9a57-3c55-6f1c1f8e6a0a")
