"""What AWS has beside the table, played by small fakes that keep state.

`played()` answers the calls that the code's own clients make: SES, SNS, SQS, EventBridge and the
portal's pool. A call is answered last of all who are asked, so that a test can let a container die
before it (see `faults`).
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.support.faults import clients

type Json = dict[str, Any]


class Refusal(Exception):
    """The service says no."""


@dataclass
class User:
    """A user of the pool. `is_new`: the password is a temporary one."""

    sub: str
    email: str
    password: str
    is_new: bool = True
    is_enabled: bool = True


@dataclass
class Pool:
    """The portal's user pool."""

    users: list[User] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    """All that it was ever given."""

    def find(self, name: str) -> User:
        for user in self.users:
            if name in (user.sub, user.email):
                return user
        raise Refusal("UserNotFoundException")

    def lets_in(self, email: str, password: str) -> bool:
        user = self.find(email)
        return user.is_enabled and user.password == password

    def answer(self, operation: str, asked: Json) -> Json:
        name = asked["Username"]
        self.passwords += [
            asked[each] for each in ("TemporaryPassword", "Password") if each in asked
        ]
        match operation:
            case "AdminCreateUser":
                if any(user.email == name for user in self.users):
                    raise Refusal("UsernameExistsException")
                user = User(f"sub of {name}", name, asked["TemporaryPassword"])
                self.users.append(user)
                return {"User": {"Attributes": [{"Name": "sub", "Value": user.sub}]}}
            case "AdminSetUserPassword":
                user = self.find(name)
                user.password, user.is_new = asked["Password"], not asked["Permanent"]
            case "AdminGetUser":
                user = self.find(name)
                status = "FORCE_CHANGE_PASSWORD" if user.is_new else "CONFIRMED"
                named = {"sub": user.sub, "email": user.email}
                attributes = [{"Name": each, "Value": value} for each, value in named.items()]
                return {"UserStatus": status, "UserAttributes": attributes}
            case "AdminEnableUser" | "AdminDisableUser":
                self.find(name).is_enabled = operation == "AdminEnableUser"
            case "AdminUserGlobalSignOut":
                self.find(name)
            case "AdminDeleteUser":
                self.users.remove(self.find(name))
            case _:
                raise NotImplementedError(operation)
        return {}


@dataclass
class Services:
    """What the services were given, in the order in which they took it."""

    mails: list[Json] = field(default_factory=list)
    texts: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    queues: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    delayed: list[tuple[int, Json]] = field(default_factory=list)
    """Messages that come after so many seconds; `queues` holds those as well."""
    pool: Pool = field(default_factory=Pool)
    watch: Callable[[Json], None] = lambda _: None
    """Called with each mail and SMS that is handed over, before it is taken."""

    def received(self, url: str) -> list[Json]:
        """Every message of the queue, taken out of it."""
        return self.queues.pop(url, [])

    def answer(self, operation: str, asked: Json) -> Json:
        match operation:
            case "SendEmail":
                self.mails.append(asked)
                return {"MessageId": f"mail-{len(self.mails)}"}
            case "Publish":
                self.texts.append(asked)
                return {"MessageId": f"sms-{len(self.texts)}"}
            case "PutEvents":
                self.events += [json.loads(each["Detail"]) for each in asked["Entries"]]
                return {"FailedEntryCount": 0, "Entries": [{} for _ in asked["Entries"]]}
            case "SendMessageBatch":
                bodies = [json.loads(each["MessageBody"]) for each in asked["Entries"]]
                delays = [each.get("DelaySeconds", 0) for each in asked["Entries"]]
                self.delayed += [each for each in zip(delays, bodies, strict=True) if each[0]]
                self.queues[asked["QueueUrl"]] += bodies
                return {"Successful": [{} for _ in bodies], "Failed": []}
            case "ChangeMessageVisibility":
                return {}
        return self.pool.answer(operation, asked)


@contextmanager
def played() -> Iterator[Services]:
    services, lock = Services(), threading.Lock()

    def answer(model: Any, params: Json, **_: Any) -> tuple[Any, Json]:
        asked = _asked(params["body"])
        if model.name in ("SendEmail", "Publish"):
            services.watch(asked)
        try:
            with lock:
                return SimpleNamespace(status_code=200), services.answer(model.name, asked)
        except Refusal as refusal:
            said = {"Code": str(refusal), "Message": str(refusal)}
            metadata = {"HTTPStatusCode": 400}
            return SimpleNamespace(status_code=400), {"Error": said, "ResponseMetadata": metadata}

    with ExitStack() as stack:
        for service, client in clients().items():
            if service in ("dynamodb", "s3"):
                continue
            events, event = client.meta.events, f"before-call.{service}"
            events.register_last(event, answer)
            stack.callback(events.unregister, event, answer)
        yield services


def _asked(body: Any) -> Json:
    """What a call says: SNS takes forms, all others take JSON."""
    return dict(body) if isinstance(body, dict) else json.loads(body)
