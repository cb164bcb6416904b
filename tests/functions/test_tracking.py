"""Opens of mails: the image always comes, opens are counted, machines apart."""

import base64
from typing import Any

import pytest

from tests.builders import new_client
from tests.support import stored
from tests.support.api import Staff, invoke
from tests.support.post import Post

PERSON = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def mail(owner: Staff, post: Post) -> tuple[str, str]:
    """The path of a mail that was sent an hour ago, and that of its image."""
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    emails = f"/v1/clients/{client_id}/emails"
    email_id = owner.post(emails, {"subject": "Hello", "body": "There"}).body["email_id"]
    post.run()
    html = post.sent[0]["Content"]["Simple"]["Body"]["Html"]["Data"]
    image = html.partition("https://api.firm.example")[2].partition('"')[0]
    stored.alter(
        f"CLIENT#{client_id}", f"EMAIL#{email_id}", row__sent_at="2026-11-22T07:00:00.000Z"
    )
    return f"{emails}/{email_id}", image


def load(path: str, agent: str | None = PERSON) -> Any:
    event = Staff().event("GET", path)
    del event["requestContext"]["authorizer"]
    if agent is not None:
        event["headers"]["user-agent"] = agent
    answer = invoke("tracking", event)
    assert answer["statusCode"] == 200
    assert base64.b64decode(answer["body"]).startswith(b"GIF89a")
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert headers["content-type"] == "image/gif"
    assert "no-store" in headers["cache-control"]
    return answer


def test_an_open_is_counted_with_its_time(owner: Staff, mail: tuple[str, str]):
    path, image = mail
    assert image.startswith("/t/")
    assert image.endswith(".gif")
    load(image)
    first = owner.get(path).body
    assert (first["opened"], first["open_count"]) == (True, 1)
    load(image)
    second = owner.get(path).body
    assert second["open_count"] == 2
    assert second["first_opened_at"] == first["first_opened_at"]
    assert second["machine_open_count"] == 0


@pytest.mark.parametrize("agent", ["", None, "Mozilla/5.0", "Mimecast-scan", "curl/8.1"])
def test_a_machine_is_counted_apart(owner: Staff, mail: tuple[str, str], agent: str | None):
    path, image = mail
    load(image, agent)
    shown = owner.get(path).body
    assert (shown["opened"], shown["open_count"], shown["machine_open_count"]) == (None, 0, 1)
    assert shown["first_opened_at"] is None


def test_a_load_as_soon_as_the_mail_was_sent_is_a_machines(owner: Staff, mail: tuple[str, str]):
    path, image = mail
    _, _, _, client_id, _, email_id = path.split("/")
    stored.alter(
        f"CLIENT#{client_id}", f"EMAIL#{email_id}", row__sent_at="2999-01-01T00:00:00.000Z"
    )
    load(image)
    shown = owner.get(path).body
    assert (shown["opened"], shown["machine_open_count"]) == (None, 1)


def test_reading_a_mail_as_staff_counts_nothing(owner: Staff, mail: tuple[str, str]):
    path, _ = mail
    with stored.unchanged():
        owner.get(path)


def test_an_address_that_was_altered_counts_nothing(mail: tuple[str, str]):
    _, image = mail
    token = image.removeprefix("/t/").removesuffix(".gif")
    other = ("0" if token[60] != "0" else "1").join((token[:60], token[61:]))
    with stored.unchanged():
        for altered in (other, token[:-1], "x", "%00", "." * 200, token[26:] * 2, "\x16\xc2\x1a"):
            load(f"/t/{altered}.gif")


def test_a_mail_that_is_gone_still_has_its_image(owner: Staff, mail: tuple[str, str]):
    path, image = mail
    owner.delete(path.partition("/emails")[0])
    for item in stored.items("CLIENT#"):
        stored.client().delete_item(
            TableName="tallybook-test", Key={n: {"S": item[n]} for n in ("pk", "sk")}
        )
    with stored.unchanged():
        load(image)


def test_a_table_that_is_out_of_order_does_not_break_the_image(mail: tuple[str, str]):
    with stored.fault("UpdateItem", "InternalServerError"):
        load(mail[1])


def test_what_was_loaded_is_not_in_the_log(
    mail: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    load(mail[1])
    assert mail[1].removeprefix("/t/").removesuffix(".gif") not in capsys.readouterr().out
