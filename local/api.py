"""A small client of Tallybook's own API, for seeding and for tests."""

import http.client
import json
import threading
import urllib.parse
from contextlib import closing, suppress
from typing import Any

from local.problem import Problem

type Json = dict[str, Any]


class Refused(Problem):
    """The API answered with an error."""

    def __init__(self, call: str, status: int, answer: bytes) -> None:
        text = answer.decode(errors="replace")
        super().__init__(f"{call} answered {status}: {text[:500]}")
        self.status = status
        self.code = ""
        with suppress(ValueError, AttributeError):
            self.code = json.loads(text).get("code", "")


class Api:
    """Calls as one signed-in person. Threads may share it: each keeps its own connection."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self._host, self._prefix = parts.netloc, parts.path
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._local = threading.local()

    def call(self, method: str, path: str, body: Json | None = None, *, key: str = "") -> Json:
        """The answer's JSON, empty when there is none; `key` makes a POST safe to repeat."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        sent = None if body is None else json.dumps(body).encode()
        status, answer = self._exchange(method, self._prefix + path, sent, headers)
        if status >= 400:
            raise Refused(f"{method} {path}", status, answer)
        parsed: Json = json.loads(answer) if answer else {}
        return parsed

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            try:
                return self._asked(kept, method, path, body, headers)
            except ConnectionError:  # closed while nobody used it
                if method == "POST" and "Idempotency-Key" not in headers:
                    raise
        new = http.client.HTTPConnection(self._host, timeout=60)
        return self._asked(new, method, path, body, headers)

    def _asked(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        self._local.connection = None
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self._local.connection = connection
        return answer.status, content


def sign_in(emulator_url: str, client_id: str, email: str, password: str) -> str | None:
    """An ID token for an hour; None when the address or the password is wrong."""
    request = {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client_id,
        "AuthParameters": {"USERNAME": email, "PASSWORD": password},
    }
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    }
    host = urllib.parse.urlsplit(emulator_url).netloc
    with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request("POST", "/", json.dumps(request), headers)
        answer = connection.getresponse()
        content = json.load(answer)
    token: str | None = content.get("AuthenticationResult", {}).get("IdToken")
    return token
