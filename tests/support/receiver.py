"""A real HTTPS server on the loopback, as an outside system that webhooks are sent to.

Its host has a public address; what connects there is led to the loopback. Its certificate is signed
by an authority that only tests trust.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tallybook import outside
from tests.support.hooks import HOST, PUBLIC, Got

type Respond = Callable[[Got, BaseHTTPRequestHandler], None]


def status(code: int) -> Respond:
    """Answers with a status and nothing else."""

    def respond(_: Got, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return respond


def hang_up(_: Got, handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


@dataclass
class Receiver:
    """`respond` says what comes back; `got` is what came, in the order in which it came."""

    respond: Respond = field(default_factory=lambda: status(204))
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)
    """What it answered with a success."""
    addresses: list[str] = field(default_factory=lambda: [PUBLIC])
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set in the end, for those who keep a connection open."""

    def look_up(self, host: str, port: int, **_: Any) -> list[Any]:
        self.looked_up.append(host)
        return [(0, 0, 0, "", (address, port)) for address in self.addresses]


@contextmanager
def listening(host: str = HOST) -> Iterator[Receiver]:
    """A server that says it is `host`, and where it is the only one there is."""
    receiver = Receiver()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_signed(host, Path(folder)))
        # Hands are shaken in the connection's thread: else one who hangs keeps others waiting.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        stack.callback(receiver.over.set)
        stack.enter_context(led_to(receiver, server.server_address[1]))
        yield receiver


@contextmanager
def led_to(receiver: Receiver, port: int) -> Iterator[None]:
    """Inside, every host is where the receiver says, and the public address is the loopback."""

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        receiver.connected.append(address[0])
        assert address[0] == PUBLIC, "a connection to an address that was not looked at"
        return socket.create_connection(("127.0.0.1", port), timeout)

    with (
        mock.patch.object(outside, "getaddrinfo", receiver.look_up),
        mock.patch.object(outside, "create_connection", connect),
        mock.patch.object(outside, "_context", _trusting),
    ):
        yield


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            peer = self.client_address[0]
            got = Got(headers["host"], peer, "POST", self.path, body, headers)
            receiver.got.append(got)
            self.close_connection = True
            with suppress(OSError):  # who sent it has gone
                receiver.respond(got, self)

        def send_response(self, code: int, message: str | None = None) -> None:
            if code // 100 == 2:
                receiver.taken.append(receiver.got[-1])
            super().send_response(code, message)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

    return Handler


# ---- Certificates --------------------------------------------------------------------------------


@cache
def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate("Authority of tests", key, None, key), key


@cache
def _trusting() -> ssl.SSLContext:
    """As the code's own context, but for whom it trusts."""
    context = ssl.create_default_context()
    pem = _authority()[0].public_bytes(serialization.Encoding.PEM).decode()
    context.load_verify_locations(cadata=pem)
    return context


def _signed(host: str, folder: Path) -> Path:
    """A file with a certificate of the host and its key."""
    key, authority = ec.generate_private_key(ec.SECP256R1()), _authority()
    certificate = _certificate(host, key, authority[0], authority[1])
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "host.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signs: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(_usage(is_authority=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False
        )
    )
    if issuer is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        made = made.add_extension(names, critical=False)
    return made.sign(signs, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
