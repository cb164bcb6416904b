"""The two builds that are compared: the one that is deployed, and plain `sam build` of the same."""

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from tests.support.template import ROOT, functions, resources

HERE = ROOT / ".local" / "bench"
FLOOR = Path(__file__).with_name("floor")


@dataclass(frozen=True)
class Build:
    directory: Path

    @property
    def layer(self) -> Path:
        return self.directory / "SharedLayer" / "python"

    def layers(self, name: str) -> list[Path]:
        """What Lambda puts on the path of a function: the shared layer, and any of its own."""
        own = functions()[name]["Properties"].get("Layers", [])
        return [self.layer, *(self.directory / each["Ref"] / "python" for each in own)]

    def function(self, name: str) -> Path:
        return self.directory / names()[name]

    @property
    def floor(self) -> Path:
        return self.directory / "floor"


def names() -> dict[str, str]:
    """The logical id of each function by the name of its folder."""
    return {
        each["Properties"]["CodeUri"].rpartition("/")[2]: logical_id
        for logical_id, each in resources("AWS::Serverless::Function").items()
    }


def build(*, plain: bool) -> Build:
    directory = HERE / ("plain" if plain else "shipped")
    shutil.rmtree(directory, ignore_errors=True)
    made = subprocess.run(
        ["make", "--no-print-directory", "build", "ARCH=local", f"BUILD={directory}"]
        + (["PLAIN=1"] if plain else []),
        cwd=ROOT,
        env={name: v for name, v in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        sys.exit(made.stdout + made.stderr)
    built = Build(directory)
    if not plain:
        shutil.copytree(FLOOR, built.floor, ignore=shutil.ignore_patterns("__pycache__"))
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([sys.executable, "-m", "compileall", *options, built.floor], check=True)
    return built


def sizes(directory: Path) -> tuple[int, int]:
    """Bytes of a package zipped as `sam deploy` does, and unpacked."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.writestr(
                zipfile.ZipInfo(str(path.relative_to(directory))),
                path.read_bytes(),
                zipfile.ZIP_DEFLATED,
            )
    return packed.tell(), sum(path.stat().st_size for path in files)
