"""S3 and SQS as far as imports use them, in a process of their own.

The bench measures the processes of functions: whatever stands for AWS must cost them nothing. The
bucket is a directory. Run as a script with that directory; it says on which port it listens.
"""

import json
import re
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

_BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: ClassVar[Path] = Path()
    counts: ClassVar[Counter[str]] = Counter()
    messages: ClassVar[list[Any]] = []

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(6, 1, True)  # TCP_NODELAY: an answer is two writes

    def do_GET(self) -> None:
        if self.path == "/counts":
            return self._answer(json.dumps(self.counts).encode())
        if self.path == "/messages":
            taken, self.messages[:] = list(self.messages), []
            return self._answer(json.dumps(taken).encode())
        self.counts["GetObject"] += 1
        return self._send(self._place())

    def do_PUT(self) -> None:
        self.counts["PutObject"] += 1
        place = self._place()
        place.parent.mkdir(parents=True, exist_ok=True)
        left = int(self.headers["Content-Length"])
        with place.open("wb") as file:
            while left:
                block = self.rfile.read(min(left, _BLOCK))
                left -= file.write(block)
        self._answer(b"")

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.counts[operation] += 1
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.messages.extend(json.loads(entry["MessageBody"]) for entry in asked["Entries"])
        sent = [
            {"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""}
            for entry in asked["Entries"]
        ]
        self._answer(json.dumps({"Successful": sent}).encode(), "application/x-amz-json-1.0")

    def _send(self, place: Path) -> None:
        size = place.stat().st_size
        wanted = _RANGE.fullmatch(self.headers["Range"] or "")
        start, last = map(int, wanted.groups()) if wanted else (0, size - 1)
        left = min(last + 1, size) - start
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(left))
        self.end_headers()
        with place.open("rb") as file:
            file.seek(start)
            while left:
                block = file.read(min(left, _BLOCK))
                self.wfile.write(block)
                left -= len(block)

    def _answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _place(self) -> Path:
        return self.root / unquote(urlsplit(self.path).path).lstrip("/")

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    Edge.root = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
