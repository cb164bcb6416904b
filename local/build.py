"""Builds what a local stack deploys, once for each state of the sources."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from local.place import ROOT
from local.problem import Problem

SOURCES = (
    "template.yaml",
    "samconfig.toml",
    "uv.lock",
    "Makefile",
    "functions",
    "layers",
    "local/build.py",
)
BUILDS = ROOT / ".local" / "builds"
BUILDS_KEPT = 3
TEMPLATE = "emulated.yaml"


def built() -> Path:
    """The directory of the artefacts, named by the fingerprint of the sources; built if missing."""
    directory = BUILDS / fingerprint()
    if not directory.exists():
        _build(directory)
    directory.touch()
    for old in sorted(BUILDS.iterdir(), key=lambda path: path.stat().st_mtime)[:-BUILDS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return directory


def fingerprint() -> str:
    """Changes when anything that the deployed stack is made of does."""
    digest = hashlib.sha256(platform.machine().encode())
    for path in _sources():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:20]


def _sources() -> Iterator[Path]:
    for name in SOURCES:
        path = ROOT / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


def _build(directory: Path) -> None:
    BUILDS.mkdir(parents=True, exist_ok=True)
    # Made aside and moved, so that what is there is always whole.
    with tempfile.TemporaryDirectory(dir=BUILDS, prefix="new-") as scratch:
        new = Path(scratch) / "build"
        made = subprocess.run(
            ["make", "--no-print-directory", "-C", ROOT, "build", "ARCH=local", f"BUILD={new}"],
            env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise Problem(f"The build failed:\n{made.stdout}{made.stderr}")
        _write_emulated(new, directory)
        try:
            new.rename(directory)
        except OSError:
            if not directory.exists():  # else another run has built the same meanwhile
                raise


def _write_emulated(build: Path, directory: Path) -> None:
    """Writes the template as the emulator can take it, beside the one that AWS takes.

    `directory` is where the build will be.
    """
    template = yaml.safe_load((build / "template.yaml").read_text("utf-8"))
    # The layer was built for this machine.
    template["Parameters"]["Architecture"]["Default"] = (
        "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    )
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if not _beyond_the_emulator(resource)
    }
    for resource in template["Resources"].values():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        if "FONTS_DIR" in variables:  # MiniStack has no /opt
            variables["FONTS_DIR"] = str(directory / "DocumentsLayer" / "fonts")
    (build / TEMPLATE).write_text(yaml.safe_dump(template, sort_keys=False), "utf-8")


def _beyond_the_emulator(resource: dict[str, Any]) -> bool:
    match resource["Type"]:
        case "AWS::CloudWatch::Alarm":
            return "Metrics" in resource["Properties"]  # MiniStack knows no metric maths
        case "AWS::S3::BucketPolicy":
            return True  # ours ask for TLS, which there is none of on this machine
    return False
