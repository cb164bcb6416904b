"""Gives the end-to-end tests a stack of their own: deployed, empty, with IAM enforced.

E2E_STACK=.local/stack.json lets them use one that runs already, which is quicker to repeat.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import boto3
import pytest

from local.api import Api, sign_in
from local.aws import CREDENTIALS
from local.place import ROOT, free_port


@dataclass(frozen=True)
class Stack:
    """What stack.json says, and the ways in."""

    api_url: str
    emulator_url: str
    region: str
    stack_name: str
    table_name: str
    import_bucket: str
    documents_bucket: str
    staff_pool_id: str
    staff_client_id: str
    portal_pool_id: str
    portal_client_id: str
    mail_bucket: str
    mail_events_topic: str
    inbound_sms_topic: str
    event_bus: str
    agenda_function: str
    users: tuple[tuple[str, str, str], ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        content = json.loads(path.read_text("utf-8"))
        users = tuple((u["email"], u["password"], u["role"]) for u in content.pop("users"))
        return cls(**content, users=users)

    def token(self, role: str = "owner") -> str:
        """An ID token of the member with the role."""
        return _token(self, role)

    def api(self, role: str = "owner") -> Api:
        """Tallybook's API as the member with the role sees it."""
        return Api(self.api_url, self.token(role))

    def client(self, service: str, *, function: str | None = None) -> Any:
        """A client of the emulator's AWS, as the account's administrator.

        With the logical id of a function, a client with no more rights than that function has.
        """
        keys = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
        if function is None:
            session: Any = boto3.Session(*keys, region_name=self.region)
        else:
            role = self.client("iam").get_role(RoleName=self.physical_id(f"{function}Role"))
            taken = self.client("sts").assume_role(
                RoleArn=role["Role"]["Arn"], RoleSessionName="test"
            )["Credentials"]
            session = boto3.Session(
                taken["AccessKeyId"],
                taken["SecretAccessKey"],
                taken["SessionToken"],
                region_name=self.region,
            )
        return session.client(service, endpoint_url=self.emulator_url)

    def physical_id(self, logical_id: str) -> str:
        answer = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        physical_id: str = answer["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id


@cache
def _token(stack: Stack, role: str) -> str:
    email, password = next((u[0], u[1]) for u in stack.users if u[2] == role)
    token = sign_in(stack.emulator_url, stack.staff_client_id, email, password)
    assert token, f"{email} cannot sign in"
    return token


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if running := os.environ.get("E2E_STACK"):
        yield Stack.read(ROOT / running)
        return
    directory = tmp_path_factory.mktemp("stack")
    settings = {"LOCAL_DIR": str(directory), "PORT": str(free_port())}
    environment = os.environ | settings | {"DETACH": "1", "FRESH": "1", "SEED": "0"}
    try:
        up = _local("up", environment)
        if up.returncode:
            pytest.fail(f"The stack did not come up:\n{up.stdout}", pytrace=False)
        yield Stack.read(directory / "stack.json")
    finally:
        _local("down", environment)


def _local(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
