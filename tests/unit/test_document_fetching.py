"""A logo is fetched from the public internet, and from nowhere inside."""

import threading
from http.client import HTTPResponse
from io import BytesIO
from time import monotonic
from typing import Any

import pytest

from tallybook import outside
from tallybook.documents import fetching
from tallybook.documents.fetching import Unfetchable, fetch
from tallybook.outside import public


class Answer:
    """A socket that was answered already."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def makefile(self, *_: Any) -> BytesIO:
        return BytesIO(self.text)


class Net:
    """A small internet: hosts with their addresses, and what they answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: dict[str, list[str]] = {"logos.example": ["93.184.215.14"]}
        self.answers: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []
        monkeypatch.setattr(outside, "getaddrinfo", self._looked_up)
        monkeypatch.setattr(fetching, "Pinned", self._connection)

    def _looked_up(self, host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in self.hosts[host]]

    def _connection(self, host: str, port: int, address: str, _deadline: float) -> Any:
        net = self

        class Connection:
            def request(self, _method: str, path: str, headers: dict[str, str]) -> None:
                assert headers["Accept-Encoding"] == "identity"
                self.path = path
                net.asked.append((host, address, path))

            def getresponse(self) -> HTTPResponse:
                answer = HTTPResponse(Answer(net.answers[f"https://{host}{self.path}"]))  # type: ignore[arg-type]
                answer.begin()
                return answer

            def close(self) -> None:
                pass

        assert port == 443
        return Connection()


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    return Net(monkeypatch)


def ok(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_file_is_fetched_from_the_address_that_was_looked_up(net: Net):
    net.answers["https://logos.example/a.png?v=2"] = ok(b"a logo")
    assert fetch("https://logos.example/a.png?v=2#top") == b"a logo"
    assert net.asked == [("logos.example", "93.184.215.14", "/a.png?v=2")]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where machines of AWS find their credentials
        "169.254.170.2",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "ff02::1",
    ],
)
def test_what_is_inside_of_a_network_is_not_asked(net: Net, address: str):
    net.hosts["inside.example"] = [address]
    with pytest.raises(Unfetchable, match="not a public address"):
        fetch("https://inside.example/logo.png")
    assert net.asked == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_is_public_may_be_asked(net: Net, address: str):
    net.hosts["outside.example"] = [address]
    assert public("outside.example", 443, monotonic() + 4) == address


def test_one_address_inside_is_too_much(net: Net):
    net.hosts["both.example"] = ["93.184.215.14", "10.0.0.1"]
    with pytest.raises(Unfetchable):
        fetch("https://both.example/")


def test_a_redirect_is_looked_up_again(net: Net):
    net.hosts["cdn.example"] = ["1.1.1.1"]
    net.hosts["inside.example"] = ["10.0.0.1"]
    net.answers["https://logos.example/a"] = moved("https://cdn.example/b")
    net.answers["https://cdn.example/b"] = moved("/c")
    net.answers["https://cdn.example/c"] = ok(b"found")
    assert fetch("https://logos.example/a") == b"found"
    net.answers["https://cdn.example/c"] = moved("https://inside.example/d")
    net.answers["https://logos.example/a"] = moved("https://inside.example/d")
    with pytest.raises(Unfetchable, match="not a public address"):
        fetch("https://logos.example/a")


def test_a_circle_of_redirects_ends(net: Net):
    net.answers["https://logos.example/a"] = moved("/a")
    with pytest.raises(Unfetchable, match="too often"):
        fetch("https://logos.example/a")
    assert len(net.asked) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://logos.example/a",
        "file:///etc/passwd",
        "https://ada:pw@logos.example/",
        "https://",
        "x",
    ],
)
def test_only_a_plain_https_address_is_asked(net: Net, url: str):
    with pytest.raises(Unfetchable):
        fetch(url)
    assert net.asked == []


def test_a_redirect_to_another_scheme_is_not_followed(net: Net):
    net.answers["https://logos.example/a"] = moved("http://logos.example/a")
    with pytest.raises(Unfetchable, match="https"):
        fetch("https://logos.example/a")


def test_what_is_not_there_or_too_large_is_left(net: Net):
    net.answers["https://logos.example/gone"] = b"HTTP/1.1 404 Not Found\r\n\r\n"
    with pytest.raises(Unfetchable, match="404"):
        fetch("https://logos.example/gone")
    net.answers["https://logos.example/large"] = ok(bytes(2_000_001))
    with pytest.raises(Unfetchable, match="too large"):
        fetch("https://logos.example/large")
    net.answers["https://logos.example/fits"] = ok(bytes(2_000_000))
    assert len(fetch("https://logos.example/fits")) == 2_000_000


def test_a_host_that_nobody_knows_is_no_fault_of_ours(net: Net, monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: Any, **__: Any) -> None:
        raise OSError("no such host")

    monkeypatch.setattr(outside, "getaddrinfo", unknown)
    with pytest.raises(Unfetchable, match="no such host"):
        fetch("https://nowhere.example/")


def test_a_connection_is_cut_at_its_deadline(monkeypatch: pytest.MonkeyPatch):
    cut = threading.Event()

    class Slow:
        def shutdown(self, _how: int) -> None:
            cut.set()

        def do_handshake(self) -> None:
            assert cut.wait(5), "the connection was never cut"
            raise OSError("cut")

        def close(self) -> None:
            pass

    class Context:
        verify_mode, check_hostname = True, True

        def wrap_socket(self, *_: Any, **__: Any) -> Slow:
            return Slow()

    monkeypatch.setattr(outside, "create_connection", lambda *_: None)
    connection = outside.Pinned("logos.example", 443, "93.184.215.14", monotonic() + 0.05)
    monkeypatch.setattr(outside, "_context", Context)
    with pytest.raises(OSError, match="cut"):
        connection.connect()
    connection.close()
