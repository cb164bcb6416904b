"""An outside system on this machine that webhooks reach as they reach one on the internet.

Tallybook posts to public addresses only, with a certificate that it trusts. So the function's
process gets another internet here, below its own code: a name server that knows one host more, a
public address that leads to this machine, and an authority that has certified the host.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.conftest import Stack

HOST = "hooks.outside.example"
URL = f"https://{HOST}/tallybook"
_PUBLIC = "93.184.215.14"

# Python runs this before anything else when it finds it in PYTHONPATH.
_INTERNET = """
import socket

find, connect = socket.getaddrinfo, socket.create_connection


def getaddrinfo(host, *args, **options):
    if host == {host!r}:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ({public!r}, 443))]
    return find(host, *args, **options)


def create_connection(address, *args, **options):
    return connect(("127.0.0.1", {port}) if address[0] == {public!r} else address, *args, **options)


socket.getaddrinfo, socket.create_connection = getaddrinfo, create_connection
"""


@dataclass
class Outside:
    """`got` holds headers and body of each request; `status` is what is answered."""

    status: int = 204
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def events(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@contextmanager
def listening(stack: Stack, directory: Path) -> Iterator[Outside]:
    """Inside, what is sent to `URL` arrives."""
    outside = Outside()
    certificate = _certified(directory)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(outside))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    internet = _INTERNET.format(host=HOST, public=_PUBLIC, port=server.server_port)
    (directory / "sitecustomize.py").write_text(internet, "utf-8")
    functions, name = stack.client("lambda"), stack.physical_id("WebhooksFunction")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    given = {"PYTHONPATH": str(directory), "SSL_CERT_FILE": str(certificate)}
    after = {"Variables": before["Variables"] | given}
    try:
        functions.update_function_configuration(FunctionName=name, Environment=after)
        yield outside
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)
        server.shutdown()
        server.server_close()


def _handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            outside.got.append((headers, body))
            self.send_response(outside.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _certified(directory: Path) -> Path:
    """The key of the host and its certificate, by which it is its own authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = directory / "outside.pem"
    path.write_bytes(key.private_bytes(pem, kind, plain) + certificate.public_bytes(pem))
    return path
