"""A mail leaves once at most, to whom it may go, and its state is right in the end."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tallybook.mail import pace, sending, ses
from tests.builders import new_client
from tests.support import faults, imports, stored
from tests.support.api import Staff
from tests.support.imports import calls
from tests.support.post import Post, received
from tests.unit import ses_events

LONG_AGO = "2020-01-01T00:00:00.000Z"
BODY = {"subject": "Your order", "body": "Dear Ms Müller,\n\nit is on its way."}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sending, "pace", pace.Pace(10**6))
    monkeypatch.setattr(sending, "_PATIENCE", timedelta(0))
    with faults.no_pauses():
        yield


@pytest.fixture
def post() -> Post:
    return Post()


def client_of(staff: Staff, **fields: Any) -> str:
    return str(staff.post("/v1/clients", new_client(**fields)).body["client_id"])


def queued(staff: Staff, client_id: str, **fields: Any) -> dict[str, str]:
    """Queue a mail; the message that the mailer gets."""
    answer = staff.post(f"/v1/clients/{client_id}/emails", BODY | fields)
    assert answer.status == 202, answer.body
    return {"client_id": client_id, "email_id": answer.body["email_id"]}


def email(staff: Staff, message: dict[str, str]) -> Any:
    answer = staff.get(f"/v1/clients/{message['client_id']}/emails/{message['email_id']}")
    assert answer.status == 200, answer.body
    return answer.body


def lease_is_over(message: dict[str, str]) -> None:
    key = f"CLIENT#{message['client_id']}", f"EMAIL#{message['email_id']}"
    stored.alter(*key, row__sending_until=LONG_AGO)


def told(post: Post, message: dict[str, str], event: dict[str, Any]) -> None:
    tags = event["mail"]["tags"]
    tags |= {"client_id": [message["client_id"]], "email_id": [message["email_id"]]}
    assert post.deliver("mail_events", event) == []


# ---- What leaves ---------------------------------------------------------------------------


def test_a_mail_leaves_as_it_was_written(owner: Staff, post: Post):
    client_id = client_of(owner, emails="office@mueller.example; books@mueller.example")
    message = queued(owner, client_id)
    post.run()
    (mail,) = post.sent
    assert mail["Destination"] == {
        "ToAddresses": ["office@mueller.example", "books@mueller.example"]
    }
    assert mail["FromEmailAddress"] == "The owner <owner@firm.example>"
    assert mail["ReplyToAddresses"] == ["owner@firm.example"]
    assert mail["ConfigurationSetName"] == "tallybook-test-mail"
    tags = {tag["Name"]: tag["Value"] for tag in mail["EmailTags"]}
    assert tags == message
    content = mail["Content"]["Simple"]
    assert content["Subject"]["Data"] == "Your order"
    assert "it is on its way." in content["Body"]["Text"]["Data"]
    html = content["Body"]["Html"]["Data"]
    assert "Dear Ms Müller," in html
    assert f"https://api.firm.example/t/{client_id}" in html
    assert "/t/" not in content["Body"]["Text"]["Data"]
    shown = email(owner, message)
    assert (shown["status"], shown["subject"]) == ("sent", "Your order")
    assert shown["sent_at"]
    assert "it is on its way." in shown["text"]
    assert shown["opened"] is None


def test_a_mail_is_from_the_firms_address_when_the_members_domain_is_not_verified(
    member: Staff, post: Post
):
    member.claims["email"] = "ada@elsewhere.example"
    member.claims["name"] = 'Ada "the Count" Lovelace'
    queued(member, client_of(member))
    post.run()
    (mail,) = post.sent
    assert mail["FromEmailAddress"] == '"Ada \\"the Count\\" Lovelace" <office@firm.example>'
    assert mail["ReplyToAddresses"] == ["ada@elsewhere.example"]


def test_a_name_in_another_script_is_encoded(member: Staff, post: Post):
    member.claims["name"] = "Jürgen 山田"
    queued(member, client_of(member))
    post.run()
    sender = post.sent[0]["FromEmailAddress"]
    assert sender.isascii()
    assert sender.startswith("=?utf-8?")
    assert sender.endswith(" <staff@firm.example>")


@pytest.mark.parametrize("own", ["jürgen@firm.example", "jürgen@müller.example"])
def test_a_member_whose_address_cannot_be_mailed_sends_from_the_firms(
    member: Staff, post: Post, own: str
):
    member.claims["email"] = own
    message = queued(member, client_of(member))
    post.run()
    (mail,) = post.sent
    assert mail["FromEmailAddress"] == "The staff <office@firm.example>"
    assert "ReplyToAddresses" not in mail
    assert email(member, message)["status"] == "sent"


def test_answers_go_to_an_address_as_mail_servers_write_it(member: Staff, post: Post):
    member.claims["email"] = "ada@müller.example"
    queued(member, client_of(member))
    post.run()
    assert post.sent[0]["ReplyToAddresses"] == ["ada@xn--mller-kva.example"]


def test_a_name_cannot_add_a_header(member: Staff, post: Post):
    member.claims["name"] = "Ada\r\nBcc: spy@evil.example"
    queued(member, client_of(member))
    post.run()
    sender = post.sent[0]["FromEmailAddress"]
    assert "\n" not in sender
    assert "\r" not in sender
    assert sender.endswith("<staff@firm.example>")


def test_html_in_what_people_write_is_shown_and_not_run(owner: Staff, post: Post):
    client_id = client_of(owner, business_name="<b>Bold & Sons</b>")
    queued(owner, client_id, body="<script>alert(1)</script>", subject="<i>Hello</i>")
    post.run()
    content = post.sent[0]["Content"]["Simple"]
    assert content["Subject"]["Data"] == "<i>Hello</i>"
    assert "<script>" not in content["Body"]["Html"]["Data"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content["Body"]["Html"]["Data"]
    assert "<script>alert(1)</script>" in content["Body"]["Text"]["Data"]


def test_a_domain_in_another_script_is_written_as_mail_servers_do(owner: Staff, post: Post):
    queued(owner, client_of(owner), to=["Anna@Müller.example"])
    post.run()
    assert post.sent[0]["Destination"]["ToAddresses"] == ["Anna@xn--mller-kva.example"]


def test_an_address_that_the_mail_service_cannot_take_is_left_out_and_said_so(
    owner: Staff, post: Post
):
    message = queued(owner, client_of(owner), to=["jürgen@x.example", "b@x.example"])
    post.run()
    assert post.sent[0]["Destination"]["ToAddresses"] == ["b@x.example"]
    (skipped,) = email(owner, message)["skipped"]
    assert skipped["address"] == "jürgen@x.example"


# ---- Once at most --------------------------------------------------------------------------


def test_a_message_that_comes_again_sends_nothing(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    post.run()
    assert post.deliver("mailer", message) == []
    assert post.deliver("mailer", message, message) == []
    assert len(post.sent) == 1


def test_a_batch_of_the_stream_that_comes_again_sends_nothing(owner: Staff, post: Post):
    queued(owner, client_of(owner))
    records = post.dispatch()
    assert records
    post.stream = type(post.stream)()
    (first,) = received("MAIL_QUEUE_URL")
    from tests.support.api import invoke

    invoke("outbox", {"Records": records})
    (second,) = received("MAIL_QUEUE_URL")
    assert first == second
    assert post.deliver("mailer", first) == []
    assert post.deliver("mailer", second) == []
    assert len(post.sent) == 1


def test_a_message_twice_in_a_batch_sends_one_mail(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    assert post.deliver("mailer", message, message) == []
    assert len(post.sent) == 1


def test_a_mail_that_another_worker_has_is_left_to_it(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    with imports.crashing(ses.client, "SendEmail"):
        assert post.deliver("mailer", message) == [message]
    assert email(owner, message)["status"] == "sending"
    assert post.deliver("mailer", message) == [message]  # its message comes back
    assert len(post.sent) == 1  # the call that the crash interrupted


def test_a_mail_that_a_worker_left_half_way_is_unknown_and_never_sent_again(
    owner: Staff, post: Post
):
    message = queued(owner, client_of(owner))
    with imports.crashing(ses.client, "SendEmail"):
        post.deliver("mailer", message)
    lease_is_over(message)
    assert email(owner, message)["status"] == "unknown"
    assert post.deliver("mailer", message) == []
    assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "unknown"
    assert len(post.sent) == 1


def test_the_mail_service_settles_what_a_worker_left_half_way(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    with imports.crashing(ses.client, "SendEmail"):
        post.deliver("mailer", message)
    told(post, message, ses_events.delivery("office@mueller.example"))
    assert email(owner, message)["status"] == "delivered"
    lease_is_over(message)
    assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "delivered"
    assert email(owner, message)["sent_at"] == "2026-11-22T09:00:00.719Z"


def test_what_the_mail_service_tells_before_the_worker_says_sent_stands(
    owner: Staff, post: Post, monkeypatch: pytest.MonkeyPatch
):
    message = queued(owner, client_of(owner))
    given = ses.send

    def slow(outgoing: ses.Outgoing) -> str:
        message_id = given(outgoing)
        told(post, message, ses_events.delivery("office@mueller.example"))
        return message_id

    monkeypatch.setattr(ses, "send", slow)
    assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "delivered"
    assert len(post.sent) == 1


def test_a_call_that_was_not_answered_is_not_repeated(
    owner: Staff, post: Post, monkeypatch: pytest.MonkeyPatch
):
    message = queued(owner, client_of(owner))
    tries = []

    def unanswered(**_: Any) -> None:
        tries.append(1)
        raise ReadTimeoutError(endpoint_url="https://email.test")

    with faults.hooked("before-call.sesv2.SendEmail", unanswered, ses.client):
        assert post.deliver("mailer", message) == []
    assert tries == [1]
    assert email(owner, message)["status"] == "sending"
    lease_is_over(message)
    assert email(owner, message)["status"] == "unknown"
    assert post.deliver("mailer", message) == []
    assert len(post.sent) == 1


def test_staff_may_send_again_what_nobody_knows_of(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    with imports.crashing(ses.client, "SendEmail"):
        post.deliver("mailer", message)
    again = f"/v1/clients/{message['client_id']}/emails/{message['email_id']}/resend"
    assert owner.post(again).code == "email_not_repeatable"
    lease_is_over(message)
    answer = owner.post(again)
    assert answer.status == 202
    post.run()
    second = message | {"email_id": answer.body["email_id"]}
    assert email(owner, second)["status"] == "sent"
    assert post.sent[-1]["Content"]["Simple"]["Subject"]["Data"] == "Your order"


# ---- A mail service that refuses -----------------------------------------------------------

SLOWER = {"Error": {"Code": "TooManyRequestsException", "Message": "Maximum sending rate exceeded"}}


def refusing(answer: dict[str, Any], status: int, times: int = 10**6) -> Any:
    left = iter(range(times))

    def refuse(**_: Any) -> Any:
        if next(left, None) is None:
            return None
        parsed = answer | {"ResponseMetadata": {"HTTPStatusCode": status}}
        return SimpleNamespace(status_code=status), parsed

    return faults.hooked("before-call.sesv2.SendEmail", refuse, ses.client)


def test_a_mail_that_is_too_fast_waits_a_moment(
    owner: Staff, post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "_PATIENCE", timedelta(seconds=20))
    message = queued(owner, client_of(owner))
    with refusing(SLOWER, 429, times=3):
        assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "sent"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("SendingPausedException", 400),
        ("AccountSuspendedException", 400),
        ("ServiceUnavailable", 503),
        ("MessageRejected", 400),
        ("AccessDeniedException", 403),
        ("NotFoundException", 404),
    ],
)
def test_a_mail_that_is_refused_for_now_is_queued_again(
    owner: Staff, post: Post, code: str, status: int
):
    message = queued(owner, client_of(owner))
    reason = "Email address is not verified. The following identities failed the check"
    with refusing({"Error": {"Code": code, "Message": reason}}, status):
        assert post.deliver("mailer", message) == [message]
    assert email(owner, message)["status"] == "queued"
    assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "sent"


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_error_of_the_service_itself_says_nothing_of_the_mail(
    owner: Staff, post: Post, status: int
):
    message = queued(owner, client_of(owner))
    with refusing({"Error": {"Code": "InternalServiceErrorException", "Message": ""}}, status):
        assert post.deliver("mailer", message) == []
    lease_is_over(message)
    assert post.deliver("mailer", message) == []
    assert email(owner, message)["status"] == "unknown"
    assert len(post.sent) == 1
    client = f"/v1/clients/{message['client_id']}"
    (told, _) = owner.get(f"{client}/history", type="email").body["items"]
    assert told["text"].startswith("Nobody knows")


def test_a_mail_service_that_was_never_reached_is_asked_again(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))

    def unreachable(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://email.test")

    with faults.hooked("before-call.sesv2.SendEmail", unreachable, ses.client):
        assert post.deliver("mailer", message) == [message]
    assert email(owner, message)["status"] == "queued"


def test_a_mail_that_is_refused_for_good_has_failed_with_the_reason(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    answer = {"Error": {"Code": "MessageRejected", "Message": "Illegal content"}}
    with refusing(answer, 400):
        assert post.deliver("mailer", message) == []
    shown = email(owner, message)
    assert shown["status"] == "failed"
    assert shown["failure"] == "The mail service refused it: Illegal content"
    assert post.deliver("mailer", message) == []
    assert len(post.sent) == 1


def test_one_that_fails_does_not_stop_the_others(owner: Staff, post: Post):
    client_id = client_of(owner)
    messages = [queued(owner, client_id) for _ in range(3)]
    with refusing({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, 503, times=1):
        failed = post.deliver("mailer", *messages)
    assert len(failed) == 1
    states = [email(owner, message)["status"] for message in messages]
    assert sorted(states) == ["queued", "sent", "sent"]


def test_a_message_that_failed_comes_back_soon(owner: Staff, post: Post):
    from tallybook import queues

    message = queued(owner, client_of(owner))
    with (
        refusing({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, 503),
        calls(queues.client, "ChangeMessageVisibility") as changes,
    ):
        post.deliver("mailer", message, receive_count=2)
    assert [change["VisibilityTimeout"] for change in changes] == [40]


def test_a_message_that_names_no_mail_is_let_go(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    assert post.deliver("mailer", {"odd": 1}, message) == []
    assert email(owner, message)["status"] == "sent"


def test_a_mail_whose_text_becomes_huge_is_sent_and_its_text_cut(owner: Staff, post: Post):
    new = {"name": "echo", "based_on": "message", "subject": "{{ subject }}"}
    text = "\n\n".join(["{{ message }}"] * 8)
    owner.post("/v1/email-templates", new | {"text": text})
    client_id = client_of(owner)
    huge = queued(owner, client_id, body="山" * 20_000, template="echo")
    other = queued(owner, client_id)
    post.run()
    assert len(post.sent) == 2
    assert email(owner, huge)["text"].endswith("[…]")
    assert email(owner, other)["status"] == "sent"


# ---- To whom it may go ---------------------------------------------------------------------


def test_the_mail_of_a_suspended_client_is_held_listed_and_sent_when_it_is_active_again(
    owner: Staff, post: Post
):
    client_id = client_of(owner)
    message = queued(owner, client_id)
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "Unpaid"})
    post.run()
    assert post.sent == []
    shown = email(owner, message)
    assert shown["status"] == "queued"
    assert shown["held_at"]
    (listed,) = owner.get(f"/v1/clients/{client_id}/emails", held="true").body["items"]
    assert listed["email_id"] == message["email_id"]
    assert post.deliver("mailer", message) == []  # again: it stays so
    assert post.sent == []

    owner.post(f"/v1/clients/{client_id}/activate")
    post.run()
    assert len(post.sent) == 1
    shown = email(owner, message)
    assert (shown["status"], shown["held_at"]) == ("sent", None)
    assert owner.get(f"/v1/clients/{client_id}/emails", held="true").body["items"] == []


def test_a_client_that_is_activated_while_its_mail_is_put_aside_gets_it(owner: Staff, post: Post):
    client_id = client_of(owner)
    message = queued(owner, client_id)
    owner.post(f"/v1/clients/{client_id}/suspend")
    rival = lambda: owner.post(f"/v1/clients/{client_id}/activate")  # noqa: E731
    with faults.before_transaction("HELD#", rival):
        assert post.deliver("mailer", message) == []
    assert len(post.sent) == 1


def test_a_client_that_is_suspended_while_its_mail_waits_its_turn_gets_nothing(
    owner: Staff, post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "_FRESH", timedelta(0))
    client_id = client_of(owner)
    message = queued(owner, client_id)
    turn = lambda: owner.post(f"/v1/clients/{client_id}/suspend")  # noqa: E731
    monkeypatch.setattr(sending, "pace", SimpleNamespace(wait=turn))
    assert post.deliver("mailer", message) == []
    assert post.sent == []
    assert email(owner, message)["held_at"]


def test_the_mail_of_a_deleted_client_goes_nowhere(owner: Staff, post: Post):
    client_id = client_of(owner)
    message = queued(owner, client_id)
    owner.delete(f"/v1/clients/{client_id}")
    assert post.deliver("mailer", message) == []
    assert post.sent == []


def test_no_mail_goes_to_an_address_that_is_given_up_until_staff_lift_that(
    owner: Staff, post: Post
):
    client_id = client_of(owner, emails=["gone@x.example", "here@x.example"])
    first = queued(owner, client_id)
    post.run()
    told(post, first, ses_events.bounce("gone@x.example"))
    second = queued(owner, client_id)
    post.run()
    assert post.sent[-1]["Destination"]["ToAddresses"] == ["here@x.example"]
    (skipped,) = email(owner, second)["skipped"]
    assert skipped["address"] == "gone@x.example"
    assert skipped["reason"].startswith("It bounced on 2026-11-22: Permanent, General")

    third = queued(owner, client_id, to=["gone@x.example"])
    post.run()
    assert len(post.sent) == 2
    assert email(owner, third)["status"] == "failed"
    assert email(owner, third)["failure"] == "All of its addresses are given up."

    lifted = owner.delete(f"/v1/clients/{client_id}/suppressions", {"address": "gone@x.example"})
    assert lifted.status == 204
    queued(owner, client_id)
    post.run()
    assert len(post.sent[-1]["Destination"]["ToAddresses"]) == 2


def test_a_mail_without_a_usable_template_has_failed(owner: Staff, post: Post):
    message = queued(owner, client_of(owner))
    stored.alter(f"CLIENT#{message['client_id']}", f"EMAIL#{message['email_id']}", template="gone")
    assert post.deliver("mailer", message) == []
    shown = email(owner, message)
    assert shown["status"] == "failed"
    assert "template" in shown["failure"]
    assert post.sent == []
    client = f"/v1/clients/{message['client_id']}"
    (told, _) = owner.get(f"{client}/history", type="email").body["items"]
    assert told["text"].startswith("An e-mail could not be sent: The template")


# ---- To the firm itself --------------------------------------------------------------------


def test_the_result_of_a_file_that_was_dropped_is_mailed_to_the_firm(
    owner: Staff, post: Post, pipeline: imports.Pipeline
):
    owner.patch("/v1/settings", {"email": "boss@firm.example", "name": "Sturm & Partner"})
    pipeline.drop("Business name\nAcme\n\nBeta\n", "new clients.csv")
    post.run()
    (mail,) = post.sent
    assert mail["Destination"]["ToAddresses"] == ["boss@firm.example"]
    assert mail["FromEmailAddress"] == "Sturm & Partner <office@firm.example>"
    content = mail["Content"]["Simple"]
    assert "new clients.csv" in content["Body"]["Text"]["Data"]
    assert "/t/" not in content["Body"]["Html"]["Data"]
    assert {"Name": "Auto-Submitted", "Value": "auto-generated"} in content["Headers"]
    post.run()
    assert len(post.sent) == 1


@pytest.mark.parametrize(
    "content", ["Color,Size\nred,1\n", "", "\x89PNG\r\n\x1a\n"], ids=["mapping", "empty", "png"]
)
def test_a_dropped_file_that_cannot_go_in_is_mailed_too(
    owner: Staff, post: Post, pipeline: imports.Pipeline, content: str
):
    owner.patch("/v1/settings", {"email": "boss@firm.example"})
    pipeline.drop(content)
    post.run()
    (mail,) = post.sent
    assert "clients.csv" in mail["Content"]["Simple"]["Body"]["Text"]["Data"]


def test_a_firm_without_an_address_gets_no_mail(post: Post, pipeline: imports.Pipeline):
    pipeline.drop("Business name\nAcme\n")
    post.run()
    assert post.sent == []
