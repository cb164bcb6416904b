"""Mail, the portal and the history on the running stack, each function with its own rights only.

The emulator keeps what the mail service was given; the mail service's events are published to
their topic as SES would.
"""

import json
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from local.place import ROOT
from tests.builders import new_client, new_contact
from tests.e2e.conftest import Stack
from tests.e2e.web import Web
from tests.unit import ses_events

NEW_PASSWORD = "Quite-New-Secret-42"
PERSON = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"


@pytest.fixture
def owner(stack: Stack) -> Web:
    return Web(stack.api_url, stack.token("owner"))


@pytest.fixture
def word() -> str:
    """A word that no other test's clients have."""
    return f"m{uuid.uuid4().hex[:12]}"


def until[T](look: Callable[[], T | None], seconds: float = 60) -> T:
    """What `look` finds in the end."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)
    return found


def posted(web: Web, path: str, body: Any = None, *, status: int) -> dict[str, Any]:
    answer = web.call("POST", path, body)
    assert answer.status_code == status, answer.text
    content: dict[str, Any] = answer.json()
    return content


def read(web: Web, path: str) -> dict[str, Any]:
    answer = web.call("GET", path)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def client_with_contact(web: Web, word: str) -> tuple[str, str]:
    """A client whose primary contact has an address of its own; the client's path, the address."""
    body = new_client(business_name=f"{word} & Söhne", emails=[f"office-{word}@mueller.example"])
    path = f"/v1/clients/{posted(web, '/v1/clients', body, status=201)['client_id']}"
    address = f"zoe-{word}@mueller.example"
    posted(web, f"{path}/contacts", new_contact(emails=[address]), status=201)
    return path, address


def mails_to(stack: Stack, address: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{stack.emulator_url}/_ministack/ses/messages", timeout=30)
    messages = [each for account in answer.json()["messages"].values() for each in account]
    return [message for message in messages if address in message["To"]]


def temporary_password(mail: dict[str, Any]) -> str:
    """The one line that is a password; the firm's address may be another line of one word."""
    (found,) = re.findall(r"^[ \t]*([A-Za-z0-9]{16})[ \t]*$", mail["BodyText"], re.MULTILINE)
    return str(found)


def sign_in(stack: Stack, address: str, password: str) -> dict[str, Any]:
    answer: dict[str, Any] = stack.client("cognito-idp").initiate_auth(
        ClientId=stack.portal_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": password},
    )
    return answer


def first_sign_in(stack: Stack, address: str, temporary: str) -> str:
    """The ID token that a client gets who sets a password of its own."""
    challenge = sign_in(stack, address, temporary)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answer = stack.client("cognito-idp").respond_to_auth_challenge(
        ClientId=stack.portal_client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": address, "NEW_PASSWORD": NEW_PASSWORD},
    )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def invited(stack: Stack, web: Web, path: str, address: str) -> str:
    """Invite the client's primary contact; the temporary password of the newest mail."""
    before = len(mails_to(stack, address))
    posted(web, f"{path}/invitation", {}, status=202)
    mails = until(lambda: (found := mails_to(stack, address))[before:] and found)
    return temporary_password(mails[-1])


def publish(stack: Stack, event: dict[str, Any], mail: dict[str, str]) -> None:
    event["mail"]["tags"] |= {name: [value] for name, value in mail.items()}
    stack.client("sns").publish(TopicArn=stack.mail_events_topic, Message=json.dumps(event))


def is_refused(stack: Stack, address: str) -> bool:
    try:
        sign_in(stack, address, NEW_PASSWORD)
    except ClientError as error:
        return error.response["Error"]["Code"] == "NotAuthorizedException"
    return False


def test_a_client_is_invited_signs_in_is_suspended_and_comes_back(
    stack: Stack, owner: Web, word: str
):
    path, address = client_with_contact(owner, word)
    first = invited(stack, owner, path, address)
    assert read(owner, path)["portal"]["status"] == "waiting"
    second = invited(stack, owner, path, address)
    assert second != first
    with pytest.raises(ClientError, match="Incorrect username or password"):
        sign_in(stack, address, first)  # a new one ends the old one

    token = first_sign_in(stack, address, second)
    portal = Web(stack.api_url, token)
    me = read(portal, "/portal/v1/me")
    assert me["client"]["business_name"] == f"{word} & Söhne"
    assert read(owner, path)["portal"]["status"] == "accepted"
    kinds = [entry["type"] for entry in read(owner, f"{path}/history?type=portal")["items"]]
    assert kinds.count("portal") >= 2  # invited, and signed in

    # A token of one pool opens nothing of the other's.
    assert portal.call("GET", path).status_code == 401
    assert owner.call("GET", "/portal/v1/me").status_code == 401

    posted(owner, f"{path}/suspend", {"reason": "Unpaid"}, status=200)
    refused = portal.call("GET", "/portal/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "access_suspended")
    until(lambda: is_refused(stack, address))
    for rest, body in (("/invitation", {}), ("/emails", {"subject": "Hello", "body": "There"})):
        answer = owner.call("POST", path + rest, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "client_suspended")

    held = put_mail(stack, path, address, word)
    shown = until(lambda: (m := read(owner, f"{path}/emails/{held}"))["held_at"] and m)
    assert shown["status"] == "queued"
    assert [m["email_id"] for m in read(owner, f"{path}/emails?held=true")["items"]] == [held]
    count = len(mails_to(stack, address))

    posted(owner, f"{path}/activate", status=200)
    until(lambda: not is_refused(stack, address))
    assert portal.call("GET", "/portal/v1/me").status_code == 200
    until(lambda: len(mails_to(stack, address)) == count + 1)
    until(lambda: read(owner, f"{path}/emails/{held}")["status"] == "sent")
    assert read(owner, f"{path}/emails?held=true")["items"] == []

    for password in (first, second):
        assert_found_nowhere(stack, password)


def put_mail(stack: Stack, path: str, address: str, word: str) -> str:
    """A mail that was queued just before its client was suspended."""
    client_id, email_id = path.rpartition("/")[2], "01JA2Y5B7Q" + word.upper()[1:13].ljust(16, "0")
    email_id = re.sub(r"[ILOU]", "0", email_id)
    item = {
        "pk": f"CLIENT#{client_id}",
        "sk": f"EMAIL#{email_id}",
        "row": {
            "email_id": email_id,
            "to": [address],
            "subject": "Held",
            "template": "message",
            "status": "queued",
            "created_at": "2026-11-22T09:00:00.000Z",
        },
        "via": "mail",
        "template": "message",
        "context": {"message": "It was on its way."},
        "evidence": {},
        "version": 1,
    }
    write = TypeSerializer()
    stack.client("dynamodb").put_item(
        TableName=stack.table_name, Item={n: write.serialize(v) for n, v in item.items()}
    )
    return email_id


def assert_found_nowhere(stack: Stack, password: str) -> None:
    """No item, log, queue or object holds the password: only the mail had it."""
    places: dict[str, str] = {}
    scan = stack.client("dynamodb").get_paginator("scan")
    places["table"] = str(list(scan.paginate(TableName=stack.table_name)))
    logs = stack.client("logs")
    for group in logs.get_paginator("describe_log_groups").paginate():
        for each in group["logGroups"]:
            name = each["logGroupName"]
            events = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            with suppress(ClientError):
                places[name] = str([page["events"] for page in events])
    queues = stack.client("sqs")
    for url in queues.list_queues().get("QueueUrls", []):
        places[url] = str(
            queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        )
    bucket = stack.client("s3")
    for page in bucket.get_paginator("list_objects_v2").paginate(Bucket=stack.mail_bucket):
        for each in page.get("Contents", []):
            content = bucket.get_object(Bucket=stack.mail_bucket, Key=each["Key"])["Body"].read()
            places[each["Key"]] = content.decode(errors="replace")
    assert len(places["table"]) > 1_000
    assert any(name.startswith("/tallybook/") and text != "[]" for name, text in places.items())
    for place, text in places.items():
        assert password not in text, place


def test_a_mail_is_sent_opened_delivered_and_bounces(stack: Stack, owner: Web, word: str):
    path, _ = client_with_contact(owner, word)
    address = f"office-{word}@mueller.example"
    body = {"subject": f"About {word}", "body": "Dear all,\n\n<b>it</b> is done."}
    email_id = posted(owner, f"{path}/emails", body, status=202)["email_id"]
    (mail,) = until(lambda: mails_to(stack, address))
    assert mail["Subject"] == f"About {word}"
    assert "it</b>" not in mail["BodyHtml"]
    email = f"{path}/emails/{email_id}"
    until(lambda: read(owner, email)["status"] == "sent")

    image = re.search(r'https?://[^"]+(/t/[^"]+\.gif)', mail["BodyHtml"])
    assert image
    time.sleep(2.1)  # sooner, it would be a machine's
    for agent in (PERSON, PERSON, "Mimecast"):
        answer = requests.get(stack.api_url + image[1], headers={"User-Agent": agent}, timeout=30)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
    shown = read(owner, email)
    assert (shown["opened"], shown["open_count"], shown["machine_open_count"]) == (True, 2, 1)

    ids = {"client_id": path.rpartition("/")[2], "email_id": email_id}
    publish(stack, ses_events.delivery(address), ids)
    until(lambda: read(owner, email)["status"] == "delivered")
    publish(stack, ses_events.bounce(address), ids)
    until(lambda: read(owner, email)["status"] == "bounced")
    (suppressed,) = read(owner, f"{path}/suppressions")["items"]
    assert (suppressed["address"], suppressed["reason"]) == (address, "bounce")

    again = posted(owner, f"{path}/emails", body, status=202)["email_id"]
    shown = until(lambda: (m := read(owner, f"{path}/emails/{again}"))["failure"] and m)
    assert shown["status"] == "failed"
    assert (
        owner.call("DELETE", f"{path}/suppressions", query={"address": address}).status_code == 204
    )
    history = read(owner, f"{path}/history?type=email,note")["items"]
    assert {entry["type"] for entry in history} == {"email", "note"}


def test_a_template_is_edited_and_used(stack: Stack, owner: Web, word: str):
    path, _ = client_with_contact(owner, word)
    name = f"letter_{word}"
    new = {"name": name, "based_on": "message", "subject": "Letter: {{ subject }}",
           "text": "Hello {{ client.business_name }},\n\n{{ message }}\n"}  # fmt: skip
    posted(owner, "/v1/email-templates", new, status=201)
    broken = owner.call("PATCH", f"/v1/email-templates/{name}", {"text": "{{ nothing.like }}"})
    assert broken.status_code == 422
    body = {"subject": "Hello", "body": "There", "template": name}
    posted(owner, f"{path}/emails", body, status=202)
    (mail,) = until(lambda: mails_to(stack, f"office-{word}@mueller.example"))
    assert mail["Subject"] == "Letter: Hello"
    assert f"Hello {word} & Söhne," in mail["BodyText"]
    assert owner.call("DELETE", f"/v1/email-templates/{name}").status_code == 204


def test_a_text_message_goes_out_and_one_comes_in(stack: Stack, owner: Web, word: str):
    path, _ = client_with_contact(owner, word)
    number = f"+4915112{int(word[1:6], 16) % 10**6:06}"
    assert owner.call("PATCH", path, {"telephone": number}).status_code == 200
    sms = posted(owner, f"{path}/sms", {"body": f"Hello {word}"}, status=202)
    until(lambda: read(owner, f"{path}/sms/{sms['sms_id']}")["status"] == "sent")
    answer = requests.get(f"{stack.emulator_url}/_ministack/sns/sms-messages", timeout=30)
    assert f"Hello {word}" in answer.text

    incoming = {
        "originationNumber": number,
        "destinationNumber": "+491511111111",
        "messageKeyword": "KEYWORD_1",
        "messageBody": f"Thanks {word}",
        "inboundMessageId": str(uuid.uuid4()),
        "previousPublishedMessageId": str(uuid.uuid4()),
    }
    for _ in range(2):  # SNS may deliver twice
        topic = stack.inbound_sms_topic
        stack.client("sns").publish(TopicArn=topic, Message=json.dumps(incoming))

    def entries() -> list[Any]:
        found = read(owner, f"{path}/history?type=sms")["items"]
        return [e for e in found if e["details"].get("direction") == "inbound"]

    until(entries)
    time.sleep(2)
    (entry,) = entries()
    assert f"Thanks {word}" in entry["text"]


def test_a_mail_that_comes_in_is_filed_under_its_client(stack: Stack, owner: Web, word: str):
    path, address = client_with_contact(owner, word)
    raw = (
        f"From: Zoe <{address}>\r\nTo: office@in.firm.example\r\nSubject: Re: About {word}\r\n"
        f"Message-ID: <{word}@mueller.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
        "Authentication-Results: amazonses.com; spf=pass; dkim=pass;"
        f" dmarc=pass header.from={address.partition('@')[2]}\r\n"
        "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        "Yes, please go on.\r\n\r\nOn Sun, 22 Nov 2026 at 09:00, Ada <ada@firm.example> wrote:\r\n"
        "> Shall we go on?\r\n"
    )
    for sender in (address, f"nobody-{word}@elsewhere.example"):
        stack.client("s3").put_object(
            Bucket=stack.mail_bucket,
            Key=f"inbound/{uuid.uuid4().hex}",
            Body=raw.replace(address, sender).encode(),
        )

    def entries() -> list[Any]:
        found = read(owner, f"{path}/history?type=email")["items"]
        return [e for e in found if e["details"].get("direction") == "inbound"]

    (entry,) = until(entries)
    assert entry["text"].strip() == "Yes, please go on."

    def unmatched() -> list[Any]:
        items = read(owner, "/v1/inbox?limit=100")["items"]
        return [item for item in items if f"nobody-{word}" in json.dumps(item)]

    (item,) = until(unmatched)
    client_id = path.rpartition("/")[2]
    assigned = owner.call(
        "POST", f"/v1/inbox/{item['message_id']}/assign", {"client_id": client_id}
    )
    assert assigned.status_code in (200, 201, 204), assigned.text
    assert unmatched() == []
    assert len(entries()) == 2


def test_what_happens_is_on_the_bus(stack: Stack, owner: Web, word: str):
    queues, events = stack.client("sqs"), stack.client("events")
    url = queues.create_queue(QueueName=f"heard-{word}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    rule = {"Name": f"heard-{word}", "EventBusName": stack.event_bus}
    events.put_rule(**rule, EventPattern=json.dumps({"source": ["tallybook"]}))
    target = [{"Id": "queue", "Arn": arn}]
    events.put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=target)
    path, _ = client_with_contact(owner, word)
    posted(owner, f"{path}/suspend", {"reason": "Unpaid"}, status=200)
    heard: dict[str, Any] = {}

    def listen() -> bool:
        for message in queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            event = json.loads(message["Body"])
            if event["detail"]["client_id"] in path:
                heard[event["detail-type"]] = event
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {"client.created", "client.suspended"} <= heard.keys()

    until(listen)
    schema = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    import jsonschema

    for event in heard.values():
        jsonschema.validate(event, schema)
        assert "Unpaid" not in json.dumps(event)
