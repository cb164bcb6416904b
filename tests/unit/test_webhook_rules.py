"""When webhooks are tried again, and how they are signed."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import WebhookVerificationError

from tallybook.services.rules import PATIENCE, PAUSES, next_attempt, signing, verdict
from tallybook.services.signatures import headers, secret
from tests.support.hooks import verified
from tests.support.template import ROOT

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SERVICE = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


# ---- Again and again -----------------------------------------------------------------------------


def attempts(created_at: datetime, first: datetime) -> list[datetime]:
    """When there are attempts, if all of them fail."""
    made = [first]
    while moment := next_attempt(created_at, len(made), made[-1]):
        made.append(moment)
    return made


def test_a_webhook_is_tried_ten_times_in_three_days():
    hours = [(each - NOON) / HOUR for each in attempts(NOON, NOON)]
    assert len(hours) == 10
    assert [round(each, 2) for each in hours] == [
        *(0, 0, 0.08, 0.58, 2.58, 7.58, 17.58, 31.58, 51.58, 75.58)
    ]


@pytest.mark.parametrize("behind", [PATIENCE, PATIENCE + HOUR, 30 * PATIENCE])
def test_what_waited_for_three_days_behind_another_is_tried_for_minutes(behind: timedelta):
    first = NOON + behind
    five = timedelta(seconds=5)
    assert attempts(NOON, first) == [first, first + five, first + five + 60 * five]


@given(waited=st.timedeltas(timedelta(), 2 * PATIENCE))
def test_nothing_is_tried_more_than_ten_times_or_a_day_longer_than_three(waited: timedelta):
    made = attempts(NOON, NOON + waited)
    assert 1 <= len(made) <= 10
    assert made == sorted(set(made))
    assert made[-1] < NOON + max(waited, PATIENCE) + PAUSES[-1]


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        *((200, "delivered"), (201, "delivered"), (204, "delivered"), (299, "delivered")),
        *((None, "again"), (100, "again"), (301, "again"), (302, "again"), (400, "again")),
        *((401, "again"), (404, "again"), (429, "again"), (500, "again"), (503, "again")),
        (410, "gone"),
    ],
)
def test_only_a_success_is_one_and_only_gone_is_the_end(status: int | None, meant: str):
    assert verdict(status) == meant


# ---- Signatures ----------------------------------------------------------------------------------


def test_the_example_of_the_standard_is_signed_as_it_says():
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [key], at)
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=st.dictionaries(st.text(), st.text()), number=st.integers(1, 99))
def test_the_published_library_verifies_whatever_is_sent(body: dict[str, str], number: int):
    text, key = json.dumps(body, ensure_ascii=False), secret(SERVICE, number)
    encoded = text.encode("utf-8", "replace")
    made = headers("01JA2Y5B7Q8RZ4T9C1N6V3X0WF", encoded, [key], NOON)
    assert verified(dict(made), encoded.decode(), key, NOON) == json.loads(encoded)


def test_the_published_library_refuses_what_was_altered_or_is_old():
    key = secret(SERVICE, 1)
    made = headers("01JA2Y5B7Q8RZ4T9C1N6V3X0WF", b"{}", [key], NOON)
    assert verified(dict(made), "{}", key, NOON + timedelta(minutes=4)) == {}
    others: list[tuple[Any, str, str, datetime]] = [
        (dict(made), "{ }", key, NOON),
        ({**made, "webhook-id": "another"}, "{}", key, NOON),
        ({**made, "webhook-timestamp": "1795348801"}, "{}", key, NOON),
        (dict(made), "{}", secret(SERVICE, 2), NOON),
        (dict(made), "{}", secret(SERVICE[:-1] + "E", 1), NOON),
        (dict(made), "{}", key, NOON + timedelta(minutes=6)),
        (dict(made), "{}", key, NOON - timedelta(minutes=6)),
    ]
    for other in others:
        with pytest.raises(WebhookVerificationError):
            verified(*other)


def test_the_example_of_the_docs_verifies():
    text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    given = dict(re.findall(r"^(webhook-[a-z]+): (.+)$", text, re.MULTILINE))
    (body,) = re.findall(r"^{.+}$", text, re.MULTILINE)
    (key,) = re.findall(r"whsec_\w+", text)
    at = datetime.fromtimestamp(int(given["webhook-timestamp"]), UTC)
    assert verified(given, body, key, at)["data"]["reference"] == "vm-4711"
    assert headers(given["webhook-id"], body.encode(), [key], at) == given


def test_while_secrets_overlap_either_verifies():
    keys = [secret(SERVICE, number) for number in (3, 2, 1)]
    made = headers("01JA2Y5B7Q8RZ4T9C1N6V3X0WF", b"{}", keys[:2], NOON)
    assert made["webhook-signature"].count("v1,") == 2
    assert (
        verified(dict(made), "{}", keys[0], NOON) == verified(dict(made), "{}", keys[1], NOON) == {}
    )
    with pytest.raises(WebhookVerificationError):
        verified(dict(made), "{}", keys[2], NOON)


def test_a_secret_is_as_long_as_the_standard_asks_and_nobodys_else():
    made = {secret(f"{SERVICE[:-1]}{letter}", number) for letter in "DEF" for number in range(1, 9)}
    assert len(made) == 24
    for each in made:
        prefix, _, key = each.partition("_")
        assert prefix == "whsec"
        assert 24 <= len(base64.b64decode(key, validate=True)) <= 64


def test_older_secrets_sign_until_their_time_is_over():
    stored: list[dict[str, Any]] = [
        {"number": 1, "until": "2026-11-22T12:00:00.000Z"},
        {"number": 2, "until": "2026-11-22T13:00:00.000Z"},
        {"number": 3},
    ]
    assert signing(stored, NOON - HOUR) == [3, 2, 1]
    assert signing(stored, NOON) == [3, 2]
    assert signing(stored, NOON + HOUR) == [3]
    assert signing([{"number": 1}], NOON) == [1]
