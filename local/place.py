"""Where a local stack lives: its directory and port, so that several can run side by side."""

import http.client
import json
import os
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.problem import Problem

ROOT = Path(__file__).parent.parent
REGION = "eu-central-1"
STACK_NAME = "tallybook-local"


@dataclass(frozen=True)
class Place:
    directory: Path
    port: int

    @classmethod
    def from_environment(cls) -> Self:
        """LOCAL_DIR and PORT say where."""
        directory = Path(os.environ.get("LOCAL_DIR") or ROOT / ".local").resolve()
        asked = os.environ.get("PORT")
        if asked and not (asked.isdecimal() and 0 < int(asked) < 65536):
            raise Problem(f"PORT={asked} is not a port: give a number from 1 to 65535.")
        return cls(directory, int(asked) if asked else 4566)

    @property
    def emulator_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def stack_file(self) -> Path:
        return self.directory / "stack.json"

    @property
    def running_file(self) -> Path:
        """The process and the port of the emulator while it runs."""
        return self.directory / "emulator.running"

    @property
    def log_file(self) -> Path:
        return self.directory / "emulator.log"

    def read_stack(self) -> dict[str, Any]:
        """What stack.json says; empty when there is none."""
        try:
            stack: dict[str, Any] = json.loads(self.stack_file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return stack

    def write_stack(self, stack: dict[str, Any]) -> None:
        self.stack_file.touch(mode=0o600)
        self.stack_file.write_text(json.dumps(stack, indent=2, ensure_ascii=False) + "\n", "utf-8")


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server on this machine answers, whatever it says."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        return True


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
