"""Mail, SMS and invitations whose workers die anywhere leave once at most, and end right.

A container dies before any call of AWS, or after any that writes. What it worked on is delivered
again, to new containers. AWS beside the table is played by fakes that keep state.
"""

import io
import itertools
import json
import logging
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tallybook import batches
from tallybook.mail import pace, sending
from tests.support import faults, snapshots
from tests.support.mailroom import WORKER, Json, Kind, Mailroom
from tests.support.portal import password_in
from tests.unit import ses_events

WHEN = pytest.mark.parametrize("when", ["before", "after"])
KINDS = pytest.mark.parametrize("kind", ["mail", "sms", "invitation"])


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sending, "pace", pace.Pace(10**6))
    monkeypatch.setattr(sending, "_PATIENCE", timedelta(0))
    with faults.no_pauses():
        yield


# ---- Sending --------------------------------------------------------------------------------

# What is true in the end of something that stood so when its worker died.
IN_THE_END = {"queued": "sent", "preparing": "sent", "sending": "unknown", "sent": "sent"}


def check(room: Mailroom, kind: Kind, message: Json, was: str, *, told: bool = False) -> None:
    """`was` is how it stood when its worker died; `told`: whether the mail service's events came.

    They can only come of what it took.
    """
    left = room.given(message)
    assert left <= 1
    assert left == 1 or was == "sending"
    is_followed = told and left and kind != "sms"
    assert room.state(message) == ("delivered" if is_followed else IN_THE_END[was])
    room.check_is_settled(message)
    if kind == "invitation" and left:
        check_invitation(room, room.services.mails[-1])


def check_invitation(room: Mailroom, mail: Json) -> None:
    """The password in it is the one that the pool has, and who holds it is waited for."""
    (email,) = mail["Destination"]["ToAddresses"]
    assert room.pool.lets_in(email, password_in(mail))
    (client,) = [i for (_, sk), i in room.table().items() if sk == "CLIENT" and "portal" in i]
    assert client["portal"]["own"]["status"] == client["row"]["portal_status"] == "waiting"
    assert client["portal"]["own"]["sub"] == room.pool.find(email).sub


@WHEN
@KINDS
@pytest.mark.parametrize("told", ["at once", "late"])
def test_whatever_its_worker_died_of_it_leaves_once_at_most_and_ends_right(
    room: Mailroom, kind: Kind, told: str, when: str
):
    message = room.queued(kind, room.client())
    seen = []
    for death in room.deaths(lambda: room.work(kind, message), when=when):
        was = room.state(message)
        seen.append(was)
        is_told = told == "at once"
        if is_told and not room.given(message):
            continue  # nothing to tell: as "late"
        if is_told:
            room.tell()
        if death % 2:  # it comes while the dead worker's lease still runs, too
            is_taken = room.state(message) in ("preparing", "sending")
            assert room.work(kind, message) == ([message] if is_taken else [])
        room.lease_is_over(message)
        for _ in range(2):
            assert room.work(kind, message) == []
        check(room, kind, message, was, told=is_told)
        room.tell()
        check(room, kind, message, was, told=True)
    first, last = ("queued", "sending") if when == "before" else ("sending", "sent")
    assert {first, last} <= set(seen)
    assert ("preparing" in seen) == (kind == "invitation")
    assert room.given(message) == 1  # nobody died the last time
    assert room.state(message) == "sent"


@KINDS
def test_what_a_dead_worker_leaves_behind_goes_to_no_suspended_client_and_is_not_lost(
    room: Mailroom, kind: Kind
):
    """The client is suspended before the message comes again, and active later."""
    client = room.client()
    message = room.queued(kind, client)
    for death in room.deaths(lambda: room.work(kind, message)):
        was, left = room.state(message), room.given(message)
        room.suspend(client)
        if death % 2:
            room.work(kind, message)
        room.lease_is_over(message)
        for _ in range(2):
            assert room.work(kind, message) == []
        assert room.given(message) == left
        assert len(room.held()) == (was in ("queued", "preparing"))
        room.activate(client)
        room.run()
        check(room, kind, message, was)


@KINDS
def test_what_is_held_is_held_once_and_leaves_once_wherever_who_holds_it_died(
    room: Mailroom, kind: Kind
):
    client = room.client()
    message = room.queued(kind, client)
    room.suspend(client)
    deaths = 0
    for _ in room.deaths(lambda: room.work(kind, message)):
        deaths += 1
        for _ in range(2):
            assert room.work(kind, message) == []
        assert len(room.held()) == 1
        assert (room.state(message), room.given(message)) == ("queued", 0)
        assert room.item(message)["row"]["held_at"]
        room.activate(client)
        room.run()
        check(room, kind, message, "queued")
    assert deaths >= 3


@KINDS
def test_what_was_held_leaves_once_wherever_its_worker_died(room: Mailroom, kind: Kind):
    client = room.client()
    message = room.queued(kind, client)
    room.suspend(client)
    room.run()
    assert room.work(kind, message) == []
    assert len(room.held()) == 1
    room.activate(client)
    room.outbox(room.changes())
    assert (WORKER[kind], message) in room.waiting()
    for _ in room.deaths(lambda: room.work(kind, message)):
        was = room.state(message)
        room.lease_is_over(message)
        for _ in range(2):
            assert room.work(kind, message) == []
        check(room, kind, message, was)


def test_of_a_batch_whose_worker_died_each_mail_ends_right_by_itself(room: Mailroom):
    """One to the firm, one to a client, one to a client that is suspended."""
    active, suspended = room.client(), room.client()
    mails = [room.to_the_firm(), room.queued("mail", active), room.queued("mail", suspended)]
    room.suspend(suspended)
    for _ in room.deaths(lambda: room.work("mail", *mails)):
        was = [room.state(mail) for mail in mails]
        for mail in mails:
            room.lease_is_over(mail)
        for _ in range(2):
            assert room.work("mail", *mails) == []
        for mail, before in zip(mails[:2], was, strict=False):
            check(room, "mail", mail, before)
        assert (room.given(mails[2]), len(room.held())) == (0, 1)


# ---- Before the queues ----------------------------------------------------------------------

# What differs when the same is done at another time, in rows and in items.
CHANCE = {"sent_at", "ses_id", "message_id", "created_at"}


def everything(room: Mailroom) -> dict[Any, Json]:
    """Every item, but for what chance and the clock make of it."""
    found = {}
    for key, item in room.table().items():
        plain = {name: value for name, value in item.items() if name not in CHANCE}
        if isinstance(row := item.get("row"), dict):
            plain["row"] = {name: value for name, value in row.items() if name not in CHANCE}
        found[key] = plain
    return found


def given(room: Mailroom) -> list[str]:
    """What left, apart from passwords."""
    tags = [json.dumps(mail["EmailTags"]) for mail in room.services.mails]
    return sorted(tags + [text["PhoneNumber"] for text in room.services.texts])


@WHEN
def test_the_same_is_done_once_wherever_the_outbox_died_and_in_whatever_order(
    room: Mailroom, when: str
):
    """Its batch is replayed, and each message comes several times."""
    first, second, third = (room.client() for _ in range(3))
    kinds: list[Kind] = ["mail", "sms", "invitation"]
    held = [(kind, room.queued(kind, second)) for kind in kinds]
    room.suspend(second)
    room.run()
    for kind, message in held:
        room.work(kind, message)
    for kind in kinds:
        room.queued(kind, first)
    room.queued("invitation", third)
    room.activate(second)
    records = room.changes()
    restore = room.restorer()
    room.outbox(records)
    once = room.waiting()
    bring(room, once)
    expected, left = everything(room), given(room)
    assert (len(left), room.held()) == (7, [])
    told = {each["id"] for each in room.services.events}
    restore()
    deaths = 0
    for deaths in room.deaths(lambda: room.outbox(records), when=when):
        chance = random.Random(deaths)  # noqa: S311 - the same each time
        room.outbox(records)
        room.outbox(chance.sample(records, len(records)))
        again = room.waiting()
        assert all(again.count(each) >= 2 for each in once)
        bring(room, chance.sample(again, len(again)))
        assert everything(room) == expected
        assert given(room) == left
        assert {each["id"] for each in room.services.events} == told
    assert deaths >= 4


def bring(room: Mailroom, messages: list[tuple[str, Json]]) -> None:
    for function, message in messages:
        assert room.deliver(function, message) == []


# ---- What the mail service tells ------------------------------------------------------------


@pytest.mark.parametrize("first", range(5))
def test_events_in_any_order_end_the_same(room: Mailroom, admin: Any, first: int):
    """Each comes twice, and at one of them its function dies and gets it again.

    The worker that sent the mail has said so, or died before it could.
    """
    message = room.queued("mail", room.client())
    to = room.item(message)["row"]["to"]
    events = [
        ses_events.send(**message),
        ses_events.delivery(*to, **message),
        ses_events.delay(*to, **message),
        ses_events.bounce(*to, **message),
        ses_events.complaint(*to, **message),
    ]
    expected: dict[Any, Any] = {}
    unsent = room.restorer()
    with faults.death_at_call(2, when="after"), pytest.raises(faults.Death):
        room.work("mail", message)
    assert (room.state(message), room.given(message)) == ("sending", 1)
    died = room.restorer()
    unsent()
    room.work("mail", message)
    assert room.state(message) == "sent"
    lived = room.restorer()
    orders = [order for order in itertools.permutations(range(5)) if order[0] == first]
    for turn, order in enumerate([tuple(range(5)), tuple(range(5)), *orders]):
        start = (died, lived)[turn % 2]
        start()
        chance = random.Random(turn)  # noqa: S311 - the same each time
        again = chance.sample(order, 5)
        for place, number in enumerate((*order, *again)):
            if place == turn % 5:
                dies(room, events[number], 1 + turn // 5 % 3, ("before", "after")[turn % 2])
            assert room.deliver("mail_events", events[number]) == []
        found = aftermath(admin, message)
        assert expected.setdefault(start, found) == found, order
    assert len(expected) == 2
    assert room.state(message) == "complained"
    room.check_is_settled(message)
    client = room.table()[f"CLIENT#{message['client_id']}", "CLIENT"]
    assert client["suppressed"][to[0]]["reason"] == "complaint"
    told = [item["text"] for (_, sk), item in room.table().items() if sk.startswith("HISTORY#")]
    assert f"Marked as spam by {to[0]}" in told
    assert f"Mail came back from {to[0]}" in told


def dies(room: Mailroom, event: Json, count: int, when: str) -> None:
    with suppress(faults.Death), faults.death_at_call(count, when=when):
        room.deliver("mail_events", event)


def aftermath(admin: Any, message: Json) -> dict[Any, Any]:
    """The client's items, byte for byte, but for how often the mail was written."""
    found = dict(snapshots.take(admin, objects=False).items)
    key = f"CLIENT#{message['client_id']}", f"EMAIL#{message['email_id']}"
    found[key] = {name: each for name, each in found[key].items() if name != "version"}
    return found


# ---- Temporary passwords --------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What functions log, as Lambda keeps it when it is told to keep everything."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(batches.logger.registered_formatter)
    loggers: list[Any] = [logging.getLogger(), batches.logger]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
    yield said
    for each, level in zip(loggers, levels, strict=True):
        each.removeHandler(handler)
        each.setLevel(level)


@pytest.mark.parametrize("again", [False, True])
def test_a_password_is_nowhere_but_in_the_pool_and_the_mail_wherever_the_worker_died(
    room: Mailroom, log: io.StringIO, again: bool
):
    """`again`: the contact was invited before, and has a password that ends."""
    client = room.client()
    if again:
        room.queued("invitation", client)
        room.run()
    message = room.queued("invitation", client)
    passwords: set[str] = set()
    places: list[str] = []

    def look() -> None:
        passwords.update(room.pool.passwords)
        places.append(json.dumps([str(item) for item in room.table().values()]))
        places.append(json.dumps([*room.services.queues.values(), room.services.events]))

    for _ in room.deaths(lambda: room.work("invitation", message)):
        look()
        room.lease_is_over(message)
        room.work("invitation", message)
        look()
        if room.given(message):
            (mail,) = room.services.mails[again:]
            check_invitation(room, mail)
            assert password_in(mail) in passwords
    assert len(passwords) >= 5
    assert '"message":"done"' in log.getvalue()
    for place in (*places, log.getvalue()):
        assert not [password for password in passwords if password in place]
