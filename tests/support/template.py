"""What template.yaml says, for tests: the template is the only description of the stack."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags: `!Ref Table` as {"Ref": "Table"}."""


def _tag(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _tag)


@cache
def template() -> dict[str, Any]:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with tags


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type, by logical id."""
    return {name: each for name, each in template()["Resources"].items() if each["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    """The Lambda functions by the name of their folder."""
    return {
        each["Properties"]["CodeUri"].strip("/").rpartition("/")[2]: each
        for each in resources("AWS::Serverless::Function").values()
    }


def create_table(client: Any, name: str) -> None:
    """The table of the template, with its keys and indexes."""
    (table,) = resources("AWS::DynamoDB::Table").values()
    properties = table["Properties"]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        **{
            key: properties[key]
            for key in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        },
    )


def logical_id(name: str) -> str:
    """What the tests' environment calls so: a bucket, a queue, a pool … (see tests/conftest.py)."""
    for variable, logical in _told().items():
        if os.environ.get(variable) == name:
            return logical
    raise KeyError(f"no function is told of {name}")


def told_of(kind: str) -> list[str]:
    """The names in the tests' environment of resources of a type."""
    return [
        os.environ[variable] for variable, logical in _told().items() if logical in resources(kind)
    ]


@cache
def _told() -> dict[str, str]:
    """The logical id of the resource that a variable of functions names."""
    buckets = {
        str(bucket["Properties"]["BucketName"]): logical
        for logical, bucket in resources("AWS::S3::Bucket").items()
    }
    variables = {
        variable: value
        for function in functions().values()
        for variable, value in function["Properties"]["Environment"]["Variables"].items()
    }
    found = {
        variable: buckets.get(str(value)) or (value.get("Ref") if isinstance(value, dict) else None)
        for variable, value in variables.items()
    }
    return {variable: logical for variable, logical in found.items() if logical in _resources()}


def _resources() -> dict[str, Any]:
    return template()["Resources"]
