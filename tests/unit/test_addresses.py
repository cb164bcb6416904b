import subprocess
import sys

import email_validator
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from tallybook import addresses
from tallybook.addresses import EmailAddress, EmailAddresses

ADDRESS = TypeAdapter[str](EmailAddress)
ADDRESSES = TypeAdapter[list[str]](EmailAddresses)


class Request(BaseModel):
    emails: EmailAddresses


def errors(emails: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        Request.model_validate({"emails": emails})
    return [(".".join(map(str, e["loc"])), e["msg"]) for e in refused.value.errors()]


def plain_addresses() -> st.SearchStrategy[str]:
    return st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{2,8}\.(com|de|test)", fullmatch=True)


def test_addresses_come_as_a_list_or_as_one_string_with_semicolons():
    wanted = ["anna@example.com", "accounts@example.com"]
    assert ADDRESSES.validate_python(wanted) == wanted
    assert ADDRESSES.validate_python("anna@example.com;accounts@example.com") == wanted


@given(st.lists(plain_addresses(), max_size=10), st.data())
def test_spaces_and_empty_parts_do_not_matter(wanted, data):
    space = st.text(" \t\n", max_size=3)
    parts = [data.draw(space) + address + data.draw(space) for address in wanted]
    separator = data.draw(st.sampled_from([";", "; ", " ;", ";;", " ; ; "]))
    entered = data.draw(space) + separator.join(parts) + data.draw(st.sampled_from(["", ";", "; "]))
    assert ADDRESSES.validate_python(entered) == list(dict.fromkeys(wanted))
    assert ADDRESSES.validate_python([*parts, " "]) == list(dict.fromkeys(wanted))


@pytest.mark.parametrize("emails", ["", " ", ";;", [], [""], ["  "]])
def test_nothing_is_an_empty_list(emails):
    assert ADDRESSES.validate_python(emails) == []


@pytest.mark.parametrize(
    "emails",
    [
        "Anna@example.com; anna@EXAMPLE.com",
        ["Anna@example.com", "anna@example.com", "ANNA@example.com"],
    ],
)
def test_addresses_that_differ_only_in_case_are_one_and_the_first_stays(emails):
    assert ADDRESSES.validate_python(emails) == ["Anna@example.com"]


def test_one_domain_in_unicode_and_in_punycode_is_the_same():
    assert ADDRESSES.validate_python("a@müller.de; a@xn--mller-kva.de") == ["a@müller.de"]


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("Anna.Schmidt@Example.COM", "Anna.Schmidt@example.com"),
        ("anna@MÜLLER.example", "anna@müller.example"),
        ("anna@xn--mller-kva.example", "anna@müller.example"),
        ("юзер@почта.рф", "юзер@почта.рф"),
        ("用户@例え.jp", "用户@例え.jp"),
        ("o'brien+invoices@example.co.uk", "o'brien+invoices@example.co.uk"),
        ("anna@firm.test", "anna@firm.test"),
        ("anna@example.org", "anna@example.org"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_the_local_part_stays_and_the_domain_becomes_lower_case_unicode(entered, kept):
    assert ADDRESSES.validate_python([entered]) == [kept]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("anna", "An email address must have an @-sign."),
        ("anna@", "There must be something after the @-sign."),
        ("@example.com", "There must be something before the @-sign."),
        ("anna@example", "The part after the @-sign is not valid. It should have a period."),
        ("anna@test", "The part after the @-sign should have a period."),
        ("an na@example.com", "invalid characters"),
        ("anna..b@example.com", "two periods in a row"),
        ("anna@-example.com", "hyphen"),
        ("Anna <anna@example.com>", "display name"),
        ('"an na"@example.com', "Quoting"),
        ("anna@[127.0.0.1]", "bracketed IP address"),
        ("anna@office.local", "special-use"),
        ("x" * 65 + "@example.com", "too long"),
        ("anna@" + "x" * 64 + ".com", "periods cannot be separated by so many"),
        ("anna@" + "abcdefgh." * 28 + "com", "too long"),
        ("anna@exa\x00mple.com", "It has a control character."),
        ("anna@example.com\x1f", "It has a control character."),
        ("an\ud800na@example.com", "It has a control character."),
    ],
)
def test_a_bad_address_is_named_with_its_place_and_its_reason(address, reason):
    [(field, message)] = errors(["good@example.com", address])
    assert field == "emails.1"
    assert f"{address[:254]!r} is not an e-mail address: " in message
    assert reason in message


def test_in_a_string_the_place_counts_addresses_and_in_a_list_entries():
    assert [field for field, _ in errors("a@example.com;; bad; c@example.com")] == ["emails.1"]
    assert [field for field, _ in errors(["a@example.com", "", "bad", 5])] == [
        "emails.2",
        "emails.3",
    ]


def test_a_field_of_one_address_takes_one_and_not_none():
    assert ADDRESS.validate_python(" Anna@Example.com ") == "Anna@example.com"
    for refused in ("", "  ", "anna", "a@example.com; b@example.com", "a@example.com\x00", None):
        with pytest.raises(ValidationError):
            ADDRESS.validate_python(refused)


@pytest.mark.parametrize("emails", [None, 5, {"a": "b"}, True])
def test_what_is_neither_a_list_nor_a_string_is_refused(emails):
    assert [field for field, _ in errors(emails)] == ["emails"]


def test_ten_addresses_are_the_most():
    ten = [f"a{n}@example.com" for n in range(10)]
    assert ADDRESSES.validate_python([*ten, "", "A1@example.com"]) == ten
    for eleven in ([*ten, "x@example.com"], ";".join([*ten, "x@example.com"])):
        assert errors(eleven) == [("emails", "Value error, has more than 10 addresses")]


def test_a_long_list_is_refused_before_any_address_is_looked_at():
    assert errors(["a@example.com"] * 100_000)[0][0] == "emails"
    assert errors(";".join(f"a{n}" for n in range(100_000)))[0][0] == "emails"


def library_answer(address: str) -> str | None:
    try:
        return email_validator.validate_email(
            address, strict=True, check_deliverability=False, test_environment=True
        ).normalized
    except email_validator.EmailNotValidError:
        return None


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # near misses are the point
@given(
    st.from_regex(r"[a-z0-9_+.-]{1,66}@([a-z0-9-]{1,65}\.){0,5}[a-z0-9]{1,65}", fullmatch=True)
    | st.emails().map(str.lower)
)
@example("a@b.arpa")
@example("a@b.local")
@example("a@localhost")
@example("a@b--c.de")
@example("a@xn--mller-kva.de")
@example("a@" + "b" * 64 + ".de")
@example("a" * 65 + "@b.de")
@example("a@" + "b." * 126 + "de")
def test_what_skips_the_library_is_what_the_library_would_leave_as_it_is(address):
    assume(addresses._ORDINARY.fullmatch(address))
    assert library_answer(address) == address


def test_every_domain_that_the_library_reserves_is_left_to_it():
    for domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        assert domain == "test" or not addresses._ORDINARY.fullmatch(f"a@firm.{domain}")


@given(st.text() | st.lists(st.text()))
def test_whatever_is_accepted_is_accepted_again_unchanged(emails):
    try:
        accepted = ADDRESSES.validate_python(emails)
    except ValidationError:
        return
    assert ADDRESSES.validate_python(accepted) == accepted


def test_an_ordinary_address_does_not_load_the_library():
    code = (
        "import sys; from pydantic import TypeAdapter; from tallybook.addresses import *;"
        "TypeAdapter(EmailAddresses).validate_python('anna.schmidt@example.com');"
        "sys.exit('email_validator' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_the_schema_takes_a_list_or_a_string_and_gives_a_list():
    taken = ADDRESSES.json_schema(mode="validation")
    assert [kind["type"] for kind in taken["anyOf"]] == ["array", "string"]
    given_back = ADDRESSES.json_schema(mode="serialization")
    assert given_back["type"] == "array"
    assert given_back["items"] == {"type": "string", "format": "idn-email"}
