"""Deploys the built stack to the emulator with the SAM CLI, as one would to AWS."""

import os
import subprocess
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.aws import client, command_environment
from local.build import TEMPLATE
from local.place import ROOT, STACK_NAME, Place
from local.problem import Problem

SAM = ROOT / ".local" / "sam" / "bin" / "sam"
# A tag of the stack, so that it is kept or lost together with the stack.
BUILD_TAG = "build"


def deploy(place: Place, build: Path) -> bool:
    """Deploys unless just this build is deployed already; says whether it had to."""
    stack = _stack(place)
    if stack is not None:
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        whole = stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        if whole and tags.get(BUILD_TAG) == build.name:
            return False
    done = subprocess.run(
        [
            *(SAM, "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", "local"),
            *("--template-file", build / TEMPLATE, "--tags", f"{BUILD_TAG}={build.name}"),
        ],
        env=_own_environment() | command_environment(place) | {"SAM_CLI_POLL_DELAY": "0.5"},
        cwd=place.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"The deployment failed:\n{done.stdout}{done.stderr}")
    return True


def outputs(place: Place) -> dict[str, str]:
    stack = _stack(place)
    if stack is None:
        raise Problem("The stack is gone from the emulator: `make up` deploys it again.")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _stack(place: Place) -> Any:
    try:
        answer = client(place, "cloudformation").describe_stacks(StackName=STACK_NAME)
    except ClientError:  # there is none
        return None
    return answer["Stacks"][0]


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
