from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.dates import timestamp
from tallybook.portal.rules import (
    LASTS,
    State,
    accepted,
    invited,
    is_withdrawn,
    overall,
    shown,
)

NOW = datetime(2026, 11, 22, 7, 4, tzinfo=UTC)
moments = st.integers(0, 40).map(lambda days: timestamp(NOW - timedelta(days=days)))
waiting = st.builds(lambda at: {"status": "waiting", "invited_at": at}, moments)
came = st.builds(lambda state, at: {**accepted(state, at=at)}, waiting, moments)
states = st.one_of(st.just({}), waiting, came)


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(0), "waiting"), (LASTS, "waiting"), (LASTS + timedelta(seconds=1), "expired")],
)
def test_an_invitation_expires_when_its_password_does(age: timedelta, status: str):
    state = {"status": "waiting", "invited_at": timestamp(NOW - age)}
    assert shown(state, NOW).status == status


@pytest.mark.parametrize("state", [None, {}, {"turn": 3}])
def test_who_was_never_invited_is_not(state: State | None):
    assert shown(state, NOW).model_dump() == {
        "status": "not_invited",
        "invited_at": None,
        "accepted_at": None,
    }


def test_whoever_came_never_expires():
    long_ago = timestamp(NOW - timedelta(days=400))
    state = {"status": "accepted", "invited_at": long_ago, "accepted_at": long_ago}
    assert shown(state, NOW).status == "accepted"


@given(st.lists(states))
def test_a_client_stands_as_the_best_of_its_holders(holders: list[dict[str, Any]]):
    order = ["accepted", "waiting", "expired", "not_invited"]
    best = min((order.index(shown(state, NOW).status) for state in holders), default=3)
    assert shown(overall(holders), NOW).status == order[best]


@given(st.lists(states), st.randoms())
def test_the_order_of_the_holders_does_not_matter(holders: list[dict[str, Any]], chance: Any):
    mixed = list(holders)
    chance.shuffle(mixed)
    assert overall(mixed) == overall(holders)


@given(states, moments)
def test_inviting_again_begins_anew_but_for_whoever_came(state: dict[str, Any], at: str):
    again = invited(state, "a@x.example", at=at, email_id="1")
    if state.get("status") == "accepted":
        assert again == {**state, "email_id": "1"}
    else:
        assert again == {
            "status": "waiting",
            "invited_at": at,
            "email": "a@x.example",
            "email_id": "1",
        }


def test_the_user_stays_the_same_when_the_invitation_is_repeated():
    state = {"status": "waiting", "invited_at": "x", "email": "a@x.example", "sub": "s"}
    assert invited(state, "a@x.example", at="y", email_id="1")["sub"] == "s"


@pytest.mark.parametrize(
    ("email", "addresses", "withdrawn"),
    [
        ("a@x.example", ["a@x.example"], False),
        ("a@x.example", ["b@x.example", "A@X.example"], False),
        ("a@müller.example", ["a@xn--mller-kva.example"], False),
        ("a@x.example", ["b@x.example"], True),
        ("a@x.example", [], True),
        (None, [], False),
    ],
)
def test_an_invitation_is_withdrawn_with_its_address(
    email: str | None, addresses: list[str], withdrawn: bool
):
    state = {"status": "waiting"} | ({"email": email} if email else {})
    assert is_withdrawn(state, addresses) is withdrawn
