"""Recomputes a firm's books from its ledgers alone, and says every difference in a line.

    python -m tools.verify                      the stack that runs on this machine
    python -m tools.verify --stack tallybook    one on AWS, with the credentials of whoever calls it
    python -m tools.verify --table NAME         a table, wherever AWS_ENDPOINT_URL points

Exit code 1 when there is a difference, 2 when the books could not be read.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--stack", help="the name of a stack on AWS")
    which.add_argument("--table", help="the name of a table")
    asked = parser.parse_args(arguments)
    table = asked.table or (_of_stack(asked.stack) if asked.stack else _of_this_machine())
    if not table:
        print("There is no such stack: `make up` first, or say which.", file=sys.stderr)
        return 2
    return _verify(table)


def _verify(table: str) -> int:
    os.environ["TABLE_NAME"] = table  # before anything of Tallybook is imported
    sys.path.insert(0, str(ROOT / "layers" / "shared" / "python"))
    from botocore.exceptions import BotoCoreError, ClientError

    from tallybook.errors import TallybookError
    from tools.books.audit import faults

    count = 0
    try:
        for fault in faults():
            count += 1
            print(fault)
    except (BotoCoreError, ClientError, TallybookError) as error:
        print(f"The books of {table} cannot be read: {error}", file=sys.stderr)
        return 2
    print(f"{count} differences." if count else "The books are right.", file=sys.stderr)
    return 1 if count else 0


def _of_stack(name: str) -> str | None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    make: Any = boto3.client
    try:
        stacks = make("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}", file=sys.stderr)
        return None
    return next(
        (each["OutputValue"] for each in stacks[0]["Outputs"] if each["OutputKey"] == "TableName"),
        None,
    )


def _of_this_machine() -> str | None:
    """The table of the local stack, which calls go to from then on."""
    from local.aws import command_environment
    from local.place import Place

    place = Place.from_environment()
    table: str | None = place.read_stack().get("table_name")
    if table:
        os.environ.update(command_environment(place))
    return table


if __name__ == "__main__":
    sys.exit(main())
