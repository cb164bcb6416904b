"""Posting webhooks to a real HTTPS server: whatever it does, it costs a time-out at most."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from tallybook.services import network
from tests.support.hooks import HOST, PUBLIC, URL, Got
from tests.support.receiver import Receiver, Respond, hang_up, led_to, listening, status

LIMIT = 0.6  # seconds, in place of ten


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SECONDS", LIMIT)


def posted(url: str = URL) -> network.Answer:
    return network.post(url, '{"a": "ä"}'.encode(), {"webhook-id": "1"})


def test_what_is_posted_arrives_as_it_is(receiver: Receiver):
    answer = posted(f"{URL}?a=1")
    assert (answer.status, answer.error, answer.text) == (204, None, None)
    (got,) = receiver.got
    assert (got.host, got.path, got.body) == (HOST, "/tallybook?a=1", '{"a": "ä"}'.encode())
    assert got.headers["webhook-id"] == "1"
    assert (receiver.looked_up, receiver.connected) == ([HOST], [PUBLIC])


@pytest.mark.parametrize("entered", ["/", "/a?b=c", "//a//b?c=//d", "/%2F?a=?"])
def test_what_is_asked_for_is_as_it_was_entered(entered: str):
    assert network.target(urlsplit(f"https://{HOST}{entered}")) == entered


def test_the_certificate_must_be_the_hosts():
    with listening("another.example") as other:
        answer = posted()
    assert answer.status is None
    assert "certificate" in (answer.error or "").lower()
    assert other.got == []


def test_a_host_that_leads_elsewhere_after_the_check_is_still_called_where_it_was_checked(
    receiver: Receiver,
):
    """DNS that answers once with a public address, and the next time with one inside."""

    def rebound(host: str, port: int, **_: object) -> list[object]:
        found = Receiver.look_up(receiver, host, port)
        receiver.addresses = ["127.0.0.1"]
        return found

    with pytest.MonkeyPatch.context() as dns:
        dns.setattr("tallybook.outside.getaddrinfo", rebound)
        assert posted().status == 204
        assert receiver.connected == [PUBLIC]
        assert "not a public address" in (posted().error or "")
    assert receiver.connected == [PUBLIC]


def test_a_redirect_is_not_followed(receiver: Receiver):
    def respond(_: Got, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", "https://hooks.example/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.respond = respond
    answer = posted()
    assert (answer.status, len(receiver.got)) == (307, 1)
    assert "not followed" in (answer.error or "")


def test_who_hangs_up_gave_no_answer(receiver: Receiver):
    receiver.respond = hang_up
    answer = posted()
    assert answer.status is None
    assert answer.error


# ---- Who takes their time ------------------------------------------------------------------------


def silent(receiver: Receiver) -> Respond:
    def respond(_got: Got, _handler: BaseHTTPRequestHandler) -> None:
        receiver.over.wait(30)

    return respond


def dripping(receiver: Receiver, beginning: bytes, drop: bytes) -> Respond:
    """Something now and then, without an end."""

    def respond(_: Got, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(beginning)
        while not receiver.over.wait(0.05):
            handler.wfile.write(drop)

    return respond


ENDLESS = {
    "nothing": None,
    "a header a byte at a time": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a status a byte at a time": (b"HTTP/1.1 ", b"2"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ENDLESS)
def test_who_never_ends_to_answer_costs_the_time_out(receiver: Receiver, kind: str):
    drips = ENDLESS[kind]
    receiver.respond = dripping(receiver, *drips) if drips else silent(receiver)
    begun = time.monotonic()
    answer = posted()
    assert time.monotonic() - begun < LIMIT + 1.5
    assert answer.status is None
    assert "no answer within" in (answer.error or "")
    assert answer.milliseconds >= LIMIT * 900


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("code", [200, 500])
def test_a_body_without_an_end_is_not_waited_for(receiver: Receiver, code: int):
    head = f"HTTP/1.1 {code} Said\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nSorry\r\n".encode()
    receiver.respond = dripping(receiver, head, b"1\r\nx\r\n")
    begun = time.monotonic()
    answer = posted()
    assert time.monotonic() - begun < LIMIT + 1.5
    assert answer.status == code
    if code == 500:
        assert (answer.text or "").startswith("Sorry")


@pytest.mark.usefixtures("impatient")
def test_a_flood_is_not_read(receiver: Receiver):
    head = b"HTTP/1.1 500 Said\r\n\r\n"

    def flood(_: Got, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not receiver.over.is_set():
            handler.wfile.write(b"x" * 65_536)

    receiver.respond = flood
    answer = posted()
    assert answer.status == 500
    assert len(answer.text or "") <= 1024


@pytest.mark.usefixtures("impatient")
def test_who_takes_a_connection_and_never_shakes_hands_costs_the_time_out():
    receiver = Receiver()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        led_to(receiver, server.getsockname()[1]),
    ):
        begun = time.monotonic()
        answer = posted()
        assert time.monotonic() - begun < LIMIT + 1.5
    assert (answer.status, receiver.connected) == (None, [PUBLIC])
    assert "no answer within" in (answer.error or "")


@pytest.mark.usefixtures("impatient")
def test_a_name_server_that_hangs_costs_the_time_out(receiver: Receiver):
    let_go = threading.Event()

    def never(*_: object, **__: object) -> list[object]:
        let_go.wait(30)
        return []

    with pytest.MonkeyPatch.context() as dns:
        dns.setattr("tallybook.outside.getaddrinfo", never)
        begun = time.monotonic()
        answer = posted()
        assert time.monotonic() - begun < LIMIT + 1.5
    let_go.set()
    assert "no answer within" in (answer.error or "")


@pytest.mark.usefixtures("impatient")
def test_what_hung_is_not_in_the_way_of_the_next(receiver: Receiver):
    receiver.respond = silent(receiver)
    for _ in range(3):
        posted()
    receiver.respond = status(200)
    assert posted().status == 200
