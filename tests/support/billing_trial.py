"""A request of billing, asked again and again from one state of the world, while containers die."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support import billing_audit, snapshots
from tests.support.api import Answer, Staff
from tests.support.faults import Death, death_at_call
from tests.support.local_table import forget
from tests.support.snapshots import Snapshot

_ULID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_KEY = "the key of the deed"


def seen(snapshot: Snapshot, before: Snapshot) -> Counter[str]:
    """Every item, but for new ids, the time, and the hash that says what was asked."""
    known = set(_ULID.findall(json.dumps([*before.items.values()])))
    found: Counter[str] = Counter()
    for item in snapshot.items.values():
        text = json.dumps(
            {name: value for name, value in item.items() if name not in ("ttl", "fingerprint")},
            sort_keys=True,
        )
        text = _ULID.sub(lambda ulid: ulid[0] if ulid[0] in known else "<id>", text)
        found[_TIME.sub("<time>", text)] += 1
    return found


@dataclass
class Trial:
    """A request from one state of the world, again and again."""

    admin: Any
    owner: Staff
    path: str
    body: Any

    def __post_init__(self) -> None:
        self.before = snapshots.take(self.admin, objects=False)

    def ask(self) -> Answer:
        forget()  # a new container
        return self.owner.post(self.path, self.body, Idempotency_Key=_KEY)

    def seen(self) -> Counter[str]:
        after = snapshots.take(self.admin, objects=False)
        assert billing_audit.faults(after.plain()) == []
        return seen(after, self.before)

    def deaths(self, when: str) -> Iterator[int]:
        """The container dies at each call in turn, each from the same state."""
        for count in range(1, 200):
            snapshots.restore(self.admin, self.before, objects=False)
            try:
                with death_at_call(count, when=when):
                    self.ask()
            except Death:
                assert not billing_audit.faults(
                    snapshots.take(self.admin, objects=False).plain()
                ), "what a dead container leaves behind is right, too"
                yield count
            else:
                return

    def check(self, when: str, *, deaths: int) -> None:
        """It is done once, wherever its container died; it could die `deaths` times at least."""
        undisturbed = self.ask()
        assert undisturbed.status in (200, 201), undisturbed.body
        expected = self.seen()
        died = 0
        for _ in self.deaths(when):
            died += 1
            answer = self.ask()
            assert answer.status == undisturbed.status, answer.body
            assert self.seen() == expected
            again = self.ask()
            assert (again.status, again.body) == (answer.status, answer.body)
            assert self.seen() == expected
        assert died >= deaths
