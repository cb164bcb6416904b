"""What a telephone network takes."""

import pytest

from tallybook.sms.rules import number, segments


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+49221123456", None, "+49221123456"),
        ("+49 (221) 12 34 56", None, "+49221123456"),
        ("0221 123456", "DE", "+49221123456"),
        ("0221 123456", None, None),
        ("(202) 555-0143", "US", "+12025550143"),
        ("0221 123456 ext. 12", "DE", None),
        ("110", "DE", None),
        ("ask Anna", "DE", None),
        ("+4922112345678901234", "DE", None),
        ("anna@x.example", "DE", None),
        ("arn:aws:sns:eu-central-1:1:t", "DE", None),
    ],
)
def test_a_number_is_e164_or_none(text: str, country: str | None, expected: str | None):
    assert number(text, country) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 1600, 11),
        ("ä" * 160, 1),
        ("€" * 80, 1),  # counts twice
        ("€" * 81, 2),
        ("€" * 152, 2),  # 76 in each: none is cut in two
        ("€" * 153, 3),
        ("ç" * 70, 1),  # not in the default alphabet, which has Ç only
        ("ç" * 71, 2),
        ("ç" * 134, 2),
        ("ç" * 135, 3),
        ("🧑" * 35, 1),
        ("🧑" * 36, 2),
        ("🧑" * 66, 2),  # 33 in each, not 33 and a half
        ("🧑" * 67, 3),
        ("a" * 69 + "🧑", 2),
        ("line\nbreak", 1),
        ("tab\t" + "a" * 70, 2),
    ],
)
def test_a_text_is_paid_for_in_parts(text: str, parts: int):
    assert segments(text) == parts
