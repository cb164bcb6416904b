"""Starts and stops MiniStack, which plays AWS on this machine, with IAM enforced."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress

from local.place import REGION, ROOT, Place, answers
from local.problem import Problem

PYTHON = ROOT / ".local" / "emulator" / "bin" / "python"
PROGRAM = ROOT / "local" / "ministack_mended.py"
START_SECONDS = 60
# Long enough to write all of its state down; killing it earlier would lose what was done.
STOP_SECONDS = 60


def running(place: Place) -> bool:
    """Whether the emulator of this place runs: its own, not just anything on the port."""
    pid, port = _recorded(place)
    if not _is_emulator(pid):
        return False
    if port != place.port:
        raise Problem(
            f"This stack runs already, at port {port}: `make down` first, or say PORT={port}."
        )
    return True


def need_port(place: Place) -> None:
    """Raises `Problem` when another program has the port."""
    if _listening(place.port):
        raise Problem(
            f"Port {place.port} is in use by another program: choose another, as in "
            f"`make up PORT={place.port + 1}`."
        )


def start(place: Place) -> None:
    """Starts the emulator and waits until it answers."""
    place.state.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place.directory / "tmp", ignore_errors=True)
    (place.directory / "tmp").mkdir()
    with place.log_file.open("w", encoding="utf-8") as log:
        # In a session of its own, so that Ctrl-C reaches us alone and we stop it in good order.
        process = subprocess.Popen(
            [PYTHON, "-P", PROGRAM],
            env=_environment(place),
            cwd=place.directory,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    place.running_file.write_text(f"{process.pid} {place.port}\n", "utf-8")
    deadline = time.monotonic() + START_SECONDS
    while not answers(place.port, "/_ministack/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(place)
            raise Problem(f"The emulator did not start; {place.log_file} says why.")
        time.sleep(0.1)


def stop(place: Place) -> bool:
    """Stops the emulator of this place and all that it started; says whether one ran."""
    pid, _ = _recorded(place)
    if not _is_emulator(pid):
        place.running_file.unlink(missing_ok=True)
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_emulator(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    _kill_rest(pid)
    shutil.rmtree(place.directory / "tmp", ignore_errors=True)
    place.running_file.unlink(missing_ok=True)
    return True


def _kill_rest(session: int) -> None:
    """Functions run in processes of the emulator's session, which is ours to end."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def _environment(place: Place) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        # A developer's own AWS settings, or a virtual environment, must not reach the functions.
        if not name.startswith(("AWS_", "POWERTOOLS_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS"))
    }
    return kept | {
        "GATEWAY_PORT": str(place.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(place.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(place.state / "s3"),
        # Functions are unpacked here, and left behind when the machine goes down.
        "TMPDIR": str(place.directory / "tmp"),
        # Servers that we do not use, on ports of their own.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def _recorded(place: Place) -> tuple[int, int]:
    """The process and the port of the emulator that was started here last; zeros for none."""
    try:
        pid, port = place.running_file.read_text("utf-8").split()
    except (FileNotFoundError, ValueError):
        return 0, 0
    return int(pid), int(port)


def _is_emulator(pid: int) -> bool:
    """Whether the process lives and is an emulator: its number may be another's by now."""
    if pid == 0:
        return False
    with suppress(ChildProcessError):  # when it is not our own child
        os.waitpid(pid, os.WNOHANG)
    found = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "stat=,command="],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, command = found.stdout.strip().partition(" ")
    return PROGRAM.name in command and not state.startswith("Z")


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
