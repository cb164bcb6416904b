"""Calls a function with the event that an HTTP API sends, as a member of staff."""

import importlib.util
import json
import re
import sys
from base64 import b64decode
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from tests.support import permissions
from tests.support.template import ROOT, functions


@cache
def function(name: str) -> ModuleType:
    """The module functions/<name>/app.py."""
    path = ROOT / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"functions_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def _routes() -> list[tuple[str, re.Pattern[str], str, str]]:
    """Every route of the template: method, pattern, route key, function; exact paths first."""
    found = [
        (event["Properties"]["Method"], event["Properties"]["Path"], name)
        for name, each in functions().items()
        for event in each["Properties"]["Events"].values()
        if event["Type"] == "HttpApi" and "Path" in event["Properties"]
    ]
    return [
        (method, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), f"{method} {path}", name)
        for method, path, name in sorted(found, key=lambda route: "{" in route[1])
    ]


def route(method: str, path: str) -> tuple[str, str, dict[str, str]]:
    """The function that the API sends a request to, the route key, and the path parameters."""
    for known, pattern, key, name in _routes():
        if known == method and (found := pattern.fullmatch(path)):
            return name, key, found.groupdict()
    return "fallback", "$default", {}


def invoke(function_name: str, event: dict[str, Any]) -> Any:
    """What the function answers; its calls of AWS are held against its policy."""
    module = function(function_name)
    with permissions.running(function_name):
        return module.handler(event, Context())


def send(function_name: str, event: dict[str, Any]) -> "Answer":
    return answer_of(invoke(function_name, event))


@dataclass
class Context:
    """The part of Lambda's context that functions use."""

    function_name: str = "test"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def fields(self) -> dict[str, str]:
        """The messages of a 422 by field."""
        return {error["field"]: error["message"] for error in self.body["errors"]}


class Caller:
    """Somebody who calls the API, without a token."""

    def token(self) -> dict[str, str]:
        """The claims of the token, as the API's authorizer hands them on."""
        return {}

    def call(
        self,
        function_name: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        event = self.event(method, path, body, query=query, headers=headers)
        return send(function_name, event)

    def get(self, path: str, **query: str) -> Answer:
        return self._ask("GET", path, None, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self._ask("POST", path, body, headers=_dashed(headers))

    def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self._ask("PUT", path, body, headers=_dashed(headers))

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        return self._ask("PATCH", path, body, headers=_dashed(headers))

    def delete(self, path: str, query: dict[str, str] | None = None, **headers: str) -> Answer:
        return self._ask("DELETE", path, None, query=query, headers=_dashed(headers))

    def _ask(self, method: str, path: str, body: Any, **more: Any) -> Answer:
        """Calls the function that the template's routes lead to."""
        name, _, _ = route(method, path)
        return self.call(name, method, path, body, **more)

    def event(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        _, key, parameters = route(method, path)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": key,
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "headers": {"content-type": "application/json"}
            | {name.lower(): value for name, value in (headers or {}).items()},
            "requestContext": {
                "stage": "$default",
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
                "requestId": "JKJaXmPLvHcESHA=",
            },
            "isBase64Encoded": False,
        }
        if claims := self.token():
            jwt = {"claims": claims, "scopes": None}
            event["requestContext"]["authorizer"] = {"jwt": jwt}
        if parameters:
            event["pathParameters"] = parameters
        if query:
            event["queryStringParameters"] = dict(query)
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        return event


@dataclass
class Staff(Caller):
    """A member of staff."""

    role: str = "owner"
    staff_id: str = "6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11"
    claims: dict[str, str] = field(default_factory=dict)

    def token(self) -> dict[str, str]:
        return {
            "sub": self.staff_id,
            "token_use": "id",
            "cognito:groups": f"[{self.role}]",
            "email": f"{self.role}@firm.example",
            "name": f"The {self.role}",
        } | self.claims


@dataclass
class PortalUser(Caller):
    """Somebody of a client, who signed in to the portal."""

    sub: str = "c3d1b1a4-70f1-70a5-9d9e-2d1f0f6a1e02"
    email: str = "ada@client.example"
    auth_time: int = 1795331040
    claims: dict[str, str] = field(default_factory=dict)

    def token(self) -> dict[str, str]:
        return {
            "sub": self.sub,
            "token_use": "id",
            "email": self.email,
            "email_verified": "true",
            "auth_time": str(self.auth_time),
        } | self.claims


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    """Header names as arguments: `if_match` is If-Match."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def answer_of(result: dict[str, Any]) -> Answer:
    headers = {name.lower(): value for name, value in result.get("headers", {}).items()}
    body = result.get("body")
    if result.get("isBase64Encoded"):
        return Answer(result["statusCode"], headers, b64decode(body or ""))
    return Answer(result["statusCode"], headers, json.loads(body) if body else None)
