from datetime import UTC, datetime

import pytest

from tallybook.callers import Role, caller_of, portal_user_of
from tallybook.errors import Forbidden, IdTokenRequired, Unauthenticated

CLAIMS = {"sub": "s", "token_use": "id", "cognito:groups": "[staff]", "email": "a@firm.example"}


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("[staff]", Role.STAFF),
        ("[owner staff]", Role.OWNER),
        ("[staff manager]", Role.MANAGER),
        (["specialist"], Role.SPECIALIST),
        ("owner", Role.OWNER),
        ("[unknown staff]", Role.STAFF),
    ],
)
def test_the_highest_group_is_the_role(groups: object, role: Role):
    assert caller_of(CLAIMS | {"cognito:groups": groups}).role is role


@pytest.mark.parametrize("groups", ["", "[]", "[clients]", []])
def test_without_a_staff_group_nothing_is_allowed(groups: object):
    with pytest.raises(Forbidden):
        caller_of(CLAIMS | {"cognito:groups": groups})


def test_an_access_token_is_refused():
    with pytest.raises(IdTokenRequired):
        caller_of(CLAIMS | {"token_use": "access"})


def test_a_token_is_required():
    with pytest.raises(Unauthenticated):
        caller_of({})


def test_a_caller_without_a_name_goes_by_the_address():
    assert caller_of(CLAIMS).name == "a@firm.example"


@pytest.mark.parametrize("seconds", ["1795331000", 1795331000])
def test_a_token_says_when_it_was_made(seconds: object):
    wanted = datetime(2026, 11, 22, 7, 3, 20, tzinfo=UTC)
    assert caller_of(CLAIMS | {"iat": seconds}).issued_at == wanted


@pytest.mark.parametrize("seconds", ["", "soon", "-1", "1.5", "²", "9" * 12, None])
def test_a_time_that_makes_no_sense_is_none(seconds: object):
    assert caller_of(CLAIMS | {"iat": seconds}).issued_at is None
    assert caller_of(CLAIMS).issued_at is None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_may_do_what_lower_ones_may(role: Role, needed: Role):
    caller = caller_of(CLAIMS | {"cognito:groups": f"[{role.label}]"})
    if role >= needed:
        caller.must_be(needed)
    else:
        with pytest.raises(Forbidden, match=needed.label):
            caller.must_be(needed)


def test_a_portal_user_signed_in_when_they_gave_their_password_not_when_the_token_was_renewed():
    claims = {"sub": "p", "token_use": "id", "email": "a@b.example"}
    renewed = portal_user_of(claims | {"auth_time": "1795331640", "iat": "1795335240"})
    assert renewed.signed_in_at == datetime(2026, 11, 22, 7, 14, tzinfo=UTC)
    assert (renewed.sub, renewed.email) == ("p", "a@b.example")
    assert portal_user_of(claims).signed_in_at is None


@pytest.mark.parametrize(
    ("claims", "error"),
    [({}, Unauthenticated), ({"sub": "p", "token_use": "access"}, IdTokenRequired)],
)
def test_a_portal_user_brings_an_id_token(claims: dict[str, str], error: type[Exception]):
    with pytest.raises(error):
        portal_user_of(claims)
