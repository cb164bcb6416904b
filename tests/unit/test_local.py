"""`make up` says in one line what is in its way."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.template import ROOT


def up(directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env=os.environ | {"LOCAL_DIR": str(directory), "DETACH": "1"} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.enable_socket
def test_a_port_that_is_in_use_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = up(tmp_path, PORT=str(port))
    said = (answer.stdout + answer.stderr).strip().splitlines()
    assert answer.returncode != 0
    assert len(said) == 1
    assert str(port) in said[0]


@pytest.mark.parametrize(("name", "value"), [("PORT", "abc"), ("PORT", "70000"), ("SEED", "maybe")])
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, name: str, value: str):
    answer = up(tmp_path, **{name: value})
    said = (answer.stdout + answer.stderr).strip().splitlines()
    assert answer.returncode != 0
    assert len(said) == 1
    assert name in said[0]
