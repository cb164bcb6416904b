"""Leaves in a built layer what the functions use, which is what makes them start quickly.

The policies in template.yaml say which operations the functions may call, so they also say
which of botocore's service models to keep: a call that is allowed is a call that works.
"""

import gzip
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# How a policy's prefix is called in botocore, where the two differ.
SERVICES = {"ses": "sesv2"}
# In the template only: actions that no operation is called after, an event, a condition.
NOT_OPERATIONS = {
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "dynamodb:ConditionCheckItem",
    "s3:DeleteObjectVersion",
    "s3:GetObjectVersion",
    "s3:ListBucket",  # lets S3 tell what is missing from what is forbidden
    "s3:ListBucketVersions",
    "s3:ObjectCreated",
}
# Operations that have no action of their own in IAM, by the service or the action they go with.
UNNAMED_OPERATIONS = {
    "dynamodb": {"TransactGetItems", "TransactWriteItems"},
    "s3:DeleteObjectVersion": {"DeleteObjects"},
    "s3:GetObject": {"HeadObject"},
    "s3:ListBucketVersions": {"ListObjectVersions"},
    # A presigned POST takes its address from CreateBucket.
    "s3:PutObject": {
        "CompleteMultipartUpload",
        "CreateBucket",
        "CreateMultipartUpload",
        "UploadPart",
    },
    "sqs:SendMessage": {"SendMessageBatch"},
}
# AWS's own endpoints present certificates of these, which load 20 times as fast as all.
ROOTS = re.compile(r"Amazon Root CA \d|Starfield Services Root Certificate Authority - G2")
# This one looks up its own version when it is imported.
METADATA_KEPT = {"email_validator"}
UNUSED = (
    "bin",
    "phonenumbers/carrier*",
    "phonenumbers/geo*",
    "phonenumbers/timezone*",
    "phonenumbers/tzdata",
    "**/*.pyi",
    "**/py.typed",
    "**/__pycache__",
    "**/tests",
)

type Json = dict[str, Any]


def main(site: Path, template: Path) -> None:
    for pattern in UNUSED:
        for path in list(site.glob(pattern)):
            remove(path)
    for directory in site.glob("*.dist-info"):
        prune_metadata(directory)
    wanted = operations(template.read_text("utf-8"))
    prune_models(site / "botocore" / "data", wanted)
    for directory in (site / "boto3" / "data").iterdir():
        if directory.name not in wanted:
            remove(directory)
    prune_roots(site / "botocore" / "cacert.pem")


def operations(template: str) -> dict[str, set[str]]:
    """The operations of each service, by botocore's names, that the policies allow."""
    wanted: dict[str, set[str]] = {}
    for service, action in re.findall(r"\b([a-z][a-z0-9-]+):([A-Z][A-Za-z]+)\b", template):
        names = UNNAMED_OPERATIONS.get(f"{service}:{action}", set())
        if f"{service}:{action}" not in NOT_OPERATIONS:
            names = names | {action} | UNNAMED_OPERATIONS.get(service, set())
        if names:
            wanted.setdefault(SERVICES.get(service, service), set()).update(names)
    return wanted


def prune_models(data: Path, wanted: dict[str, set[str]]) -> None:
    for service in wanted.keys() - {path.name for path in data.iterdir()}:
        sys.exit(f"prune.py: botocore has no service {service}: add its name to SERVICES")
    for directory in [path for path in data.iterdir() if path.is_dir()]:
        if directory.name not in wanted:
            remove(directory)
            continue
        *old, newest = sorted(directory.iterdir())
        for version in old:
            remove(version)
        prune_service(newest, directory.name, wanted[directory.name])
    prune_endpoints(data / "endpoints.json", wanted)


def prune_service(directory: Path, service: str, wanted: set[str]) -> None:
    model = read(directory / "service-2.json.gz")
    if missing := wanted - model["operations"].keys():
        sys.exit(f"prune.py: {service} has no operation {', '.join(sorted(missing))}")
    model["operations"] = {name: model["operations"][name] for name in sorted(wanted)}
    reached = set(shapes_within(model["operations"], model["shapes"]))
    model["shapes"] = {name: model["shapes"][name] for name in sorted(reached)}
    rules = read(directory / "endpoint-rule-set-1.json.gz")
    model = without_documentation(model)
    for parameter in model.get("clientContextParams", {}).values():
        parameter["documentation"] = ""  # botocore reads this one
    remove(directory)
    directory.mkdir()
    # Not compressed, which saves the time to unpack.
    write(directory / "service-2.json", model)
    write(directory / "endpoint-rule-set-1.json", without_documentation(rules))


def shapes_within(node: Any, shapes: Json, seen: set[str] | None = None) -> Iterator[str]:
    """The names of the shapes that a part of a model refers to, and those refer to."""
    seen = set() if seen is None else seen
    if isinstance(node, dict):
        name = node.get("shape")
        if isinstance(name, str) and name in shapes and name not in seen:
            seen.add(name)
            yield name
            yield from shapes_within(shapes[name], shapes, seen)
        for value in node.values():
            yield from shapes_within(value, shapes, seen)
    elif isinstance(node, list):
        for value in node:
            yield from shapes_within(value, shapes, seen)


def without_documentation(node: Any) -> Any:
    if isinstance(node, dict):
        # A member of a shape may be called "documentation"; only prose is a string.
        return {
            name: without_documentation(value)
            for name, value in node.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [without_documentation(value) for value in node]
    return node


def prune_endpoints(path: Path, wanted: dict[str, set[str]]) -> None:
    endpoints = read(path)
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in wanted if name in services}
    write(path, endpoints)


def prune_roots(bundle: Path) -> None:
    """Keeps the roots of AWS in botocore's own bundle, which it uses when there is no other."""
    certificates = re.findall(
        r'^# Label: "([^"]+)".*?(-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n)',
        bundle.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    kept = [f"# {label}\n{pem}" for label, pem in certificates if ROOTS.fullmatch(label)]
    if len(kept) != 5:
        sys.exit(f"prune.py: {bundle} holds {len(kept)} of the five roots of AWS")
    bundle.write_text("\n".join(kept), "utf-8")


def prune_metadata(directory: Path) -> None:
    if directory.name.split("-")[0] not in METADATA_KEPT:
        remove(directory)
        return
    for path in list(directory.iterdir()):
        if path.name != "METADATA":
            remove(path)


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def read(path: Path) -> Json:
    content = path.read_bytes()
    model: Json = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return model


def write(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path("template.yaml"))
