"""Invitations leave once at most, their passwords are found nowhere else, and access ends."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tallybook import batches, dynamodb
from tallybook.mail import pace, sending, ses
from tallybook.portal import access
from tallybook.portal import pool as our_pool
from tallybook.portal.turns import NotYourTurn
from tests.support import faults, stored
from tests.support.account import client as aws_client
from tests.support.api import Staff, invoke
from tests.support.faults import Death, hooked
from tests.support.imports import sqs_event
from tests.support.permissions import running
from tests.support.portal import (
    OWN,
    Pool,
    contact,
    invited,
    made,
    password_in,
    text_of,
    welcomed,
)
from tests.support.post import Post, received
from tests.support.stored import in_between

LONG_AGO = "2020-01-01T00:00:00.000Z"
EMAIL = "zoe@mueller.example"

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sending, "pace", pace.Pace(10**6))
    with faults.no_pauses():
        yield


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def pool(aws: None) -> Pool:
    return Pool()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What functions log, as Lambda keeps it."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(batches.logger.registered_formatter)
    loggers: list[Any] = [logging.getLogger(), batches.logger]
    level = loggers[0].level
    for each in loggers:
        each.addHandler(handler)
    yield said
    for each in loggers:
        each.removeHandler(handler)
    loggers[0].setLevel(level)


@pytest.fixture
def client(owner: Staff) -> str:
    return made(owner)


@pytest.fixture
def zoe(owner: Staff, client: str) -> str:
    return contact(owner, client)


def message_of(client: str, invitation: Json) -> Json:
    return {"client_id": client.rpartition("/")[2], "email_id": invitation["email_id"]}


def queued(post: Post) -> list[Json]:
    """The messages that wait for the worker."""
    post.dispatch()
    return received("ACCESS_QUEUE_URL")


def row(message: Json) -> Json:
    item = stored.item(f"CLIENT#{message['client_id']}", f"EMAIL#{message['email_id']}")
    return dict(item["row"])


def lease_is_over(message: Json) -> None:
    key = f"CLIENT#{message['client_id']}", f"EMAIL#{message['email_id']}"
    if stored.item(*key)["row"]["status"] == "sending":
        stored.alter(*key, row__sending_until=LONG_AGO)


def holder(staff: Staff, client: str, contact_id: str | None) -> str:
    found = staff.get(f"{client}/invitations").body["items"]
    return next(str(each["status"]) for each in found if each["contact_id"] == contact_id)


# ---- What leaves ---------------------------------------------------------------------------


def test_the_mail_holds_a_password_that_lets_its_reader_in_once(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    post.run()
    (mail,) = post.sent
    assert mail["Destination"]["ToAddresses"] == [EMAIL]
    text, password = text_of(mail), password_in(mail)
    for said in ("https://firm.example/portal", EMAIL, "7 days"):
        assert said in text
    for kind in ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789"):
        assert set(kind) & set(password)
    assert not set("0O1lI") & set(password)
    assert row(message)["status"] == "sent"
    assert pool.challenge(EMAIL, password) == "NEW_PASSWORD_REQUIRED"
    user = pool.sign_in(EMAIL, password)
    assert not pool.lets_in(EMAIL, password)
    assert pool.lets_in(EMAIL, OWN)
    assert user.get("/portal/v1/me").status == 200
    verified = {each["Name"]: each["Value"] for each in pool.user(EMAIL)["UserAttributes"]}
    assert verified["email_verified"] == "true"


def test_passwords_differ():
    assert len({our_pool.new_password() for _ in range(100)}) == 100


def test_the_password_is_nowhere_but_in_the_pool_and_in_the_mail(
    owner: Staff,
    post: Post,
    pool: Pool,
    client: str,
    zoe: str,
    log: io.StringIO,
    caplog: pytest.LogCaptureFixture,
):
    logging.getLogger().setLevel(logging.DEBUG)  # as Lambda does when it is told to
    caplog.handler.setLevel(logging.DEBUG)
    invitation = invited(owner, client, zoe)
    messages = queued(post)
    assert post.deliver("portal_access", *messages) == []
    password = password_in(post.sent[0])
    everything = [
        json.dumps(stored.items(), default=str),
        json.dumps(messages),
        caplog.text,
        repr([vars(record) for record in caplog.records]),
        log.getvalue(),
        json.dumps(received("ACCESS_QUEUE_URL") + received("MAIL_QUEUE_URL")),
        json.dumps(owner.get(f"{client}/emails/{invitation['email_id']}").body),
        json.dumps(owner.get(f"{client}/history").body),
    ]
    assert '"message":"done"' in log.getvalue()
    for each in everything:
        assert password not in each
    kept = stored.item(f"CLIENT#{messages[0]['client_id']}", f"SENTTEXT#{invitation['email_id']}")
    assert "•" * 8 in kept["text"]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("AdminCreateUser", "TooManyRequestsException"),
        ("AdminCreateUser", "InvalidPasswordException"),
        ("AdminSetUserPassword", "InternalErrorException"),
    ],
)
def test_a_pool_that_refuses_learns_nothing_to_the_logs_and_is_asked_again(
    owner: Staff,
    post: Post,
    pool: Pool,
    client: str,
    zoe: str,
    log: io.StringIO,
    operation: str,
    error: str,
):
    if operation == "AdminSetUserPassword":
        invited(owner, client, zoe)
        post.run()
    passwords: list[str] = []

    def refuse(params: Json, **_: Any) -> Any:
        body = json.loads(params["body"])
        passwords.append(body.get("TemporaryPassword") or body["Password"])
        return SimpleNamespace(status_code=400), {"Error": {"Code": error, "Message": error}}

    message = message_of(client, invited(owner, client, zoe))
    before = len(post.sent)
    with hooked(f"before-call.cognito-idp.{operation}", refuse, our_pool.client):
        assert post.deliver("portal_access", message) == [message]
    assert error in log.getvalue()
    assert passwords
    assert not [each for each in passwords if each in log.getvalue()]
    assert (row(message)["status"], len(post.sent)) == ("queued", before)
    assert post.deliver("portal_access", message) == []
    assert pool.lets_in(EMAIL, password_in(post.sent[-1]))


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hello {{ password }}"},
        {"subject": "Hello {{ (password or '')[:3] }}"},
    ],
)
def test_a_template_that_says_the_password_where_it_is_kept_sends_nothing(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str, change: Json
):
    answer = owner.patch("/v1/email-templates/portal_invitation", change)
    if answer.status != 200:  # refused already when it is saved
        return
    message = message_of(client, invited(owner, client, zoe))
    post.run()
    assert post.sent == []
    assert row(message)["status"] == "failed"
    assert "password" in row(message)["failure"]


# ---- Again, and others ---------------------------------------------------------------------


def test_inviting_again_ends_the_old_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    for _ in range(2):
        invited(owner, client, zoe)
        post.run()
    old, new = map(password_in, post.sent)
    assert not pool.lets_in(EMAIL, old)
    assert pool.challenge(EMAIL, new) == "NEW_PASSWORD_REQUIRED"
    assert len(pool.users()) == 1


def test_of_two_invitations_only_the_newer_is_sent_whichever_comes_first(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    older = message_of(client, invited(owner, client, zoe))
    newer = message_of(client, invited(owner, client, zoe))
    assert post.deliver("portal_access", newer) == []
    assert post.deliver("portal_access", older) == []
    (mail,) = post.sent
    assert pool.lets_in(EMAIL, password_in(mail))
    assert (row(newer)["status"], row(older)["status"]) == ("sent", "failed")
    assert "newer" in row(older)["failure"]


def test_an_invitation_that_was_taken_back_is_not_sent(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    owner.delete(f"{client}/contacts/{zoe}")
    post.run()
    assert (post.sent, pool.users(), row(message)["status"]) == ([], [], "failed")
    assert stored.keys("PORTALUSER#") == []


def test_an_invitation_that_is_taken_back_meanwhile_lets_nobody_in(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    acted: list[None] = []

    def meanwhile(**_: Any) -> None:
        if not acted:
            acted.append(None)
            owner.delete(f"{client}/contacts/{zoe}")

    with hooked("before-call.cognito-idp.AdminCreateUser", meanwhile, our_pool.client):
        post.deliver("portal_access", message)
    assert (post.sent, row(message)["status"]) == ([], "failed")
    assert pool.users() == []
    assert stored.keys("PORTALUSER#") == []
    assert stored.keys("PASSWORDTURN#") == []


def test_two_mails_take_turns_to_give_one_user_a_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    first = message_of(client, invited(owner, client, zoe))
    second = message_of(
        other, invited(owner, other, contact(owner, other, emails=["Zoe@Mueller.example"]))
    )

    def meanwhile(**_: Any) -> None:
        with pytest.raises(NotYourTurn):
            access.work(second)
        assert row(second)["status"] == "queued"

    with hooked("before-call.cognito-idp.AdminCreateUser", meanwhile, our_pool.client):
        assert post.deliver("portal_access", first) == []
    assert post.deliver("portal_access", second) == []
    # moto minds the case of an address, the pool of the template does not.
    assert pool.lets_in("Zoe@mueller.example", password_in(post.sent[-1]))


def test_the_turn_of_one_who_died_is_taken_up_when_it_is_over(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    key = f"PASSWORDTURN#{EMAIL}", "PASSWORDTURN"
    stored.put(*key, whose="another", until="2999-01-01T00:00:00.000Z", ttl=1)
    assert post.deliver("portal_access", message) == [message]
    stored.alter(*key, until=LONG_AGO)
    assert post.deliver("portal_access", message) == []
    assert stored.keys("PASSWORDTURN#") == []


def test_one_address_at_two_clients_is_one_user_who_keeps_their_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    user = welcomed(owner, post, pool, client, zoe)
    invited(owner, other, contact(owner, other))
    post.run()
    text = text_of(post.sent[-1])
    assert "password that you already use" in text
    assert "temporary password" not in text
    assert pool.lets_in(EMAIL, OWN)
    assert len(pool.users()) == 1
    assert len(user.get("/portal/v1/me").body["clients"]) == 2


def test_one_address_at_two_clients_before_the_first_sign_in_gets_a_new_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    invited(owner, client, zoe)
    post.run()
    user = welcomed(owner, post, pool, other, contact(owner, other))
    assert len(user.get("/portal/v1/me").body["clients"]) == 2
    assert holder(owner, client, zoe) == "accepted"


def test_whoever_came_is_sent_the_login_details_without_a_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    user = welcomed(owner, post, pool, client, zoe)
    user.get("/portal/v1/me")
    message = message_of(client, invited(owner, client, zoe))
    post.run()
    assert len(post.sent) == 2
    assert "https://firm.example/portal" in text_of(post.sent[-1])
    assert row(message)["status"] == "sent"
    assert pool.lets_in(EMAIL, OWN)
    assert holder(owner, client, zoe) == "accepted"


# ---- Suspended -----------------------------------------------------------------------------


def test_an_invitation_of_a_suspended_client_waits_until_it_is_active(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    owner.post(f"{client}/suspend")
    post.run()
    assert (post.sent, pool.users()) == ([], [])
    assert row(message)["held_at"]
    owner.post(f"{client}/activate")
    post.run()
    assert len(post.sent) == 1
    assert row(message)["status"] == "sent"
    assert pool.lets_in(EMAIL, password_in(post.sent[0]))


def test_a_user_of_two_clients_is_shut_out_when_both_are_suspended(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    welcomed(owner, post, pool, client, zoe)
    invited(owner, other, contact(owner, other))
    post.run()
    for path, action, enabled in (
        (client, "suspend", True),
        (other, "suspend", False),
        (client, "activate", True),
        (client, "suspend", False),
        (other, "activate", True),
    ):
        owner.post(f"{path}/{action}")
        post.run()
        assert pool.is_enabled(EMAIL) is enabled, (path, action)


def test_a_suspended_user_who_is_invited_by_another_client_is_let_in_again(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    welcomed(owner, post, pool, client, zoe)
    owner.post(f"{client}/suspend")
    post.run()
    assert not pool.is_enabled(EMAIL)
    invited(owner, other, contact(owner, other))
    post.run()
    assert pool.is_enabled(EMAIL)


@pytest.mark.parametrize("first", ["suspend", "activate"])
def test_two_workers_at_once_end_right(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str, first: str
):
    """One has read, then the client changes and another works; then the first acts."""
    welcomed(owner, post, pool, client, zoe)
    second = {"suspend": "activate", "activate": "suspend"}[first]
    if first == "activate":
        owner.post(f"{client}/suspend")
        post.run()
    message = {"client_id": client.rpartition("/")[2]}
    owner.post(f"{client}/{first}")
    acted: list[None] = []

    def rival(**_: Any) -> None:
        if not acted:
            acted.append(None)
            owner.post(f"{client}/{second}")
            assert post.deliver("portal_access", message) == []

    with hooked("before-call.cognito-idp", rival, our_pool.client):
        assert post.deliver("portal_access", message) == []
    assert acted
    assert pool.is_enabled(EMAIL) is (second == "activate")


def test_a_suspension_during_the_invitation_shuts_its_user_out(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    acted: list[None] = []

    def meanwhile(**_: Any) -> None:
        if not acted:
            acted.append(None)
            owner.post(f"{client}/suspend")

    with hooked("before-call.cognito-idp.AdminCreateUser", meanwhile, our_pool.client):
        post.deliver("portal_access", message)
    post.run()
    assert not pool.is_enabled(EMAIL)


@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_whoever_is_no_contact_any_more_is_shut_out(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str, how: str
):
    user = welcomed(owner, post, pool, client, zoe)
    assert user.get("/portal/v1/me").status == 200
    if how == "deleted":
        owner.delete(f"{client}/contacts/{zoe}")
    else:
        owner.patch(f"{client}/contacts/{zoe}", {"emails": ["new@x.example"]})
    assert user.get("/portal/v1/me").code == "access_suspended"
    post.run()
    assert pool.users() == []
    assert stored.keys("PORTALUSER#") == []


def test_a_client_that_loses_its_address_is_shut_out_with_it(
    owner: Staff, post: Post, pool: Pool, client: str
):
    user = welcomed(owner, post, pool, client)
    owner.patch(client, {"emails": ["new@x.example"]})
    assert user.get("/portal/v1/me").code == "access_suspended"
    post.run()
    assert pool.users() == []


def test_a_contact_that_goes_while_it_is_let_in_leaves_no_access(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))

    def let_in() -> None:
        with running(None):
            assert post.deliver("portal_access", message) == []
            post.dispatch()

    with in_between("TransactWriteItems", let_in):
        owner.delete(f"{client}/contacts/{zoe}")
    assert stored.keys("PORTALUSER#") == []
    post.run()
    assert pool.users() == []


def test_a_user_of_another_client_stays(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    other = made(owner, emails=["other@x.example"])
    user = welcomed(owner, post, pool, client, zoe)
    invited(owner, other, contact(owner, other))
    post.run()
    owner.delete(f"{client}/contacts/{zoe}")
    post.run()
    assert pool.is_enabled(EMAIL)
    assert user.get("/portal/v1/me").status == 200


def test_whoever_is_gone_and_invited_again_is_made_anew(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    before = welcomed(owner, post, pool, client, zoe)
    owner.delete(f"{client}/contacts/{zoe}")
    post.run()
    after = welcomed(owner, post, pool, client, contact(owner, client))
    assert after.sub != before.sub
    assert after.get("/portal/v1/me").status == 200
    assert before.get("/portal/v1/me").code == "access_suspended"


def lost(owner: Staff, post: Post, pool: Pool, client: str, zoe: str) -> tuple[Json, str]:
    """A user without a client: the message that says so, and another client that has the address.

    It has not invited it yet.
    """
    other = made(owner, emails=["other@x.example"])
    contact(owner, other)
    welcomed(owner, post, pool, client, zoe)
    owner.delete(f"{client}/contacts/{zoe}")
    (message,) = queued(post)
    return message, other


@pytest.mark.parametrize("operation", ["AdminDisableUser", "AdminGetUser"])
def test_whoever_is_invited_while_they_go_stays(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str, operation: str
):
    message, other = lost(owner, post, pool, client, zoe)
    acted: list[None] = []

    def rival(**_: Any) -> None:
        if not acted:
            acted.append(None)
            owner.post(f"{other}/invitation", {})
            with running(None):
                assert post.deliver("portal_access", *queued(post)) == []

    with hooked(f"before-call.cognito-idp.{operation}", rival, our_pool.client):
        assert post.deliver("portal_access", message) == []
    assert acted
    assert pool.is_enabled(EMAIL)
    assert len(stored.keys("PORTALUSER#")) == 1


def test_an_invitation_waits_while_its_user_goes(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message, other = lost(owner, post, pool, client, zoe)
    owner.post(f"{other}/invitation", {})
    (invitation,) = queued(post)

    def rival(**_: Any) -> None:
        for each in (invitation, message):
            with pytest.raises(NotYourTurn):
                access.work(each)

    with hooked("before-call.cognito-idp.AdminDeleteUser", rival, our_pool.client):
        assert post.deliver("portal_access", message) == []
    assert pool.users() == []
    assert post.deliver("portal_access", invitation) == []
    assert pool.lets_in(EMAIL, password_in(post.sent[-1]))


def test_a_user_goes_only_when_no_invitation_is_being_prepared(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message, other = lost(owner, post, pool, client, zoe)
    owner.post(f"{other}/invitation", {})
    (invitation,) = queued(post)
    acted: list[None] = []

    def rival(**_: Any) -> None:
        if not acted:
            acted.append(None)
            with pytest.raises(NotYourTurn):
                access.work(message)

    with hooked("after-call.cognito-idp.AdminGetUser", rival, our_pool.client):
        assert post.deliver("portal_access", invitation) == []
    assert acted
    assert post.deliver("portal_access", message) == []
    assert pool.is_enabled(EMAIL)


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_a_worker_dies_that_parts_with_a_user_the_next_one_does(
    owner: Staff, pool: Pool, when: str
):
    count = 0
    while True:
        count += 1
        post = Post()
        client = made(owner, emails=[])
        zoe = contact(owner, client, emails=[f"zoe{count}@x.example"])
        invited(owner, client, zoe)
        post.run()
        owner.delete(f"{client}/contacts/{zoe}")
        (message,) = queued(post)
        with death_at(count, when) as calls:
            try:
                post.deliver("portal_access", message)
            except Death:
                pass
            else:
                break
        turns = stored.keys("PASSWORDTURN#")
        for pk, sk in turns:
            stored.alter(pk, sk, until=LONG_AGO)
        assert post.deliver("portal_access", message) == [], calls
        assert pool.users() == [], calls
    assert count > 6


def test_a_user_whom_a_worker_made_that_died_is_forgotten_when_nobody_invites_them(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))

    def die(**_: Any) -> None:
        raise Death

    with (
        hooked("after-call.cognito-idp.AdminCreateUser", die, our_pool.client),
        pytest.raises(Death),
    ):
        post.deliver("portal_access", message)
    assert len(pool.users()) == 1
    owner.delete(f"{client}/contacts/{zoe}")
    lease_is_over(message)
    assert post.deliver("portal_access", message) == []
    assert (pool.users(), post.sent) == ([], [])


def test_a_user_whom_the_pool_does_not_know_is_nothing_to_do(post: Post):
    assert post.deliver("portal_access", {"sub": "c3d1b1a4-70f1-70a5-9d9e-2d1f0f6a1e02"}) == []
    assert post.deliver("portal_access", {"client_id": "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"}) == []
    missing = {"client_id": "01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "email_id": "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"}
    assert post.deliver("portal_access", missing) == []
    assert post.deliver("portal_access", {}) == [{}]


# ---- Once at most --------------------------------------------------------------------------


@contextmanager
def death_at(count: int, when: str) -> Iterator[list[str]]:
    """The worker dies before or after its call of AWS with this number; yields the calls."""
    calls: list[str] = []
    over = False

    def ask(model: Any, **_: Any) -> None:
        nonlocal over
        calls.append(model.name)
        over |= when == "before" and len(calls) == count
        if over:
            raise Death

    def answer(**_: Any) -> None:
        nonlocal over
        over |= when == "after" and len(calls) == count
        if over:
            raise Death

    with ExitStack() as hooks:
        for service, client in (
            ("dynamodb", dynamodb.client),
            ("cognito-idp", our_pool.client),
            ("sesv2", ses.client),
        ):
            hooks.enter_context(hooked(f"before-call.{service}", ask, client))
            hooks.enter_context(hooked(f"after-call.{service}", answer, client))
        yield calls


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("again", [False, True])
def test_wherever_the_worker_dies_one_mail_at_most_leaves_and_its_password_works(
    owner: Staff, pool: Pool, when: str, again: bool
):
    """`again`: the user was invited before, and has a temporary password."""
    count = 0
    while True:
        count += 1
        post = Post()
        client = made(owner, emails=[])
        email = f"zoe{count}@x.example"
        zoe = contact(owner, client, emails=[email])
        if again:
            invited(owner, client, zoe)
            post.run()
        post.sent.clear()
        message = message_of(client, invited(owner, client, zoe))
        with death_at(count, when) as calls:
            try:
                post.deliver("portal_access", message)
            except Death:
                pass
            else:
                break
        left = "SendEmail" in (calls[: count - 1] if when == "before" else calls)
        # The stream of "before" notes the parameters of a call that does not happen.
        if when == "before" and calls[count - 1] == "SendEmail":
            post.sent.clear()
        sent_before = len(post.sent)
        assert sent_before <= 1
        status = row(message)["status"]
        failed = post.deliver("portal_access", message)
        assert failed == ([message] if status == "sending" else [])
        lease_is_over(message)
        assert post.deliver("portal_access", message) == []
        assert post.deliver("portal_access", message) == []
        assert len(post.sent) <= 1, calls
        if post.sent:
            assert pool.lets_in(email, password_in(post.sent[0])), calls
            assert row(message)["status"] in (("unknown", "sent") if left else ("sent",)), calls
        else:
            assert row(message)["status"] == "unknown", calls
            assert calls[count - 1] in ("SendEmail", "TransactWriteItems", "UpdateItem"), calls
    assert count > 10


def test_a_message_that_comes_twice_sends_one_mail(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    message = message_of(client, invited(owner, client, zoe))
    event = sqs_event([message, message], 1)
    with hooked("provide-client-params.sesv2.SendEmail", lambda **_: None, ses.client):
        assert invoke("portal_access", event) == {"batchItemFailures": []}
    assert row(message)["status"] == "sent"
    assert post.deliver("portal_access", message) == []
    assert post.sent == []


def test_a_mail_that_the_mail_service_does_not_take_now_is_sent_later_with_another_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str, monkeypatch: pytest.MonkeyPatch
):
    from datetime import timedelta

    monkeypatch.setattr(sending, "_PATIENCE", timedelta(0))
    message = message_of(client, invited(owner, client, zoe))
    answer = {
        "Error": {"Code": "TooManyRequestsException", "Message": "slower"},
        "ResponseMetadata": {"HTTPStatusCode": 429},
    }

    def refuse(**_: Any) -> Any:
        return SimpleNamespace(status_code=429), answer

    with hooked("before-call.sesv2.SendEmail", refuse, ses.client):
        assert post.deliver("portal_access", message) == [message]
    assert row(message)["status"] == "queued"
    assert post.deliver("portal_access", message) == []
    refused, taken = post.sent[0], post.sent[-1]
    assert password_in(refused) != password_in(taken)
    assert pool.lets_in(EMAIL, password_in(taken))
    assert row(message)["status"] == "sent"


def test_an_address_that_is_given_up_gets_no_password(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    pk = client.replace("/v1/clients/", "CLIENT#")
    given_up = {"address": EMAIL, "reason": "bounce", "at": LONG_AGO}
    stored.alter(pk, "CLIENT", suppressed={EMAIL: given_up})
    message = message_of(client, invited(owner, client, zoe))
    post.run()
    assert (post.sent, pool.users(), row(message)["status"]) == ([], [], "failed")


def test_a_user_who_was_made_meanwhile_is_found(
    owner: Staff, post: Post, pool: Pool, client: str, zoe: str
):
    def rival(**_: Any) -> None:
        with running(None):
            if not pool.users():
                aws_client("cognito-idp").admin_create_user(
                    UserPoolId=pool.id,
                    Username=EMAIL,
                    TemporaryPassword="Another4Password",
                    MessageAction="SUPPRESS",
                )

    invited(owner, client, zoe)
    with hooked("before-call.cognito-idp.AdminCreateUser", rival, our_pool.client):
        post.run()
    assert pool.lets_in(EMAIL, password_in(post.sent[0]))
    assert len(pool.users()) == 1
