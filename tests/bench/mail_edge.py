"""SES, SQS and EventBridge as far as mail uses them, in a process of their own.

SES takes as many mails a second as it was told, by a bucket of tokens that holds a second's worth
and is empty at first; what comes faster it refuses as the real one does. It knows each mail by its
tag `email_id`. Run as a script, it says on which port it listens.
"""

import json
import sys
import threading
import time
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Bucket:
    def __init__(self, rate: float) -> None:
        self._rate, self._tokens, self._at = rate, 0.0, 0.0

    def takes_one(self, at: float) -> bool:
        if not self._rate:
            return True
        grown = (at - self._at) * self._rate if self._at else 1
        self._tokens = min(self._tokens + grown, self._rate)
        self._at = at
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Seen:
    """What the mail service was given since it was last told how to behave."""

    def __init__(self, rate: float = 0, seconds: float = 0) -> None:
        self.bucket, self.seconds = Bucket(rate), seconds
        self.taken: Counter[str] = Counter()
        self.refused = 0
        self.times: list[float] = []
        self.last: Any = None
        self.visible_in: dict[str, int] = {}
        self.calls: Counter[str] = Counter()

    def told(self) -> dict[str, Any]:
        return {
            "mails": len(self.taken),
            "doubled": [name for name, number in self.taken.items() if number > 1],
            "refused": self.refused,
            "seconds": self.times[-1] - self.times[0] if self.times else 0,
            "last": self.last,
            "visible_in": self.visible_in,
            "calls": self.calls,
        }


class Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[Seen] = Seen()
    lock: ClassVar[threading.Lock] = threading.Lock()

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(6, 1, True)  # TCP_NODELAY: an answer is two writes

    def do_GET(self) -> None:
        with self.lock:
            self._answer(self.seen.told())

    def do_PUT(self) -> None:
        """The bench says how to behave, and begins anew."""
        Edge.seen = Seen(**self._body())
        self._answer({})

    def do_POST(self) -> None:
        target = self.headers["X-Amz-Target"]
        if target is None:
            self._mail(self._body())
        else:
            self._other(target.partition(".")[2], self._body())

    def _other(self, operation: str, asked: dict[str, Any]) -> None:
        with self.lock:
            self.seen.calls[operation] += 1
            if operation == "ChangeMessageVisibility":
                self.seen.visible_in[asked["ReceiptHandle"]] = asked["VisibilityTimeout"]
        sent = [
            {"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""}
            for entry in asked.get("Entries", [])
            if "Id" in entry
        ]
        self._answer({"Successful": sent, "FailedEntryCount": 0})

    def _mail(self, asked: dict[str, Any]) -> None:
        with self.lock:
            now = time.monotonic()
            is_taken = self.seen.bucket.takes_one(now)
            if is_taken:
                tags = {tag["Name"]: tag["Value"] for tag in asked["EmailTags"]}
                self.seen.taken[tags["email_id"]] += 1
                self.seen.times.append(now)
                self.seen.last = asked
            else:
                self.seen.refused += 1
            number = len(self.seen.times)
        time.sleep(self.seen.seconds)
        if is_taken:
            self._answer({"MessageId": f"0107019a-{number:08d}-000000"})
        else:
            self._answer(
                {"message": "Maximum sending rate exceeded."},
                HTTPStatus.TOO_MANY_REQUESTS,
                {"x-amzn-ErrorType": "TooManyRequestsException"},
            )

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(
        self, body: Any, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
