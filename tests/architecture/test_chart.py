"""The chart at the top of table.py is the table."""

import importlib
import re

import pytest

from tallybook import table
from tests.architecture.modules import OURS
from tests.support.template import resources

SUMS = ("amount", "invoiced", "received", "credited", "written_off")


def rows(columns: int) -> list[list[str]]:
    """The rows of the docstring's table that has so many columns."""
    lines = [line for line in (table.__doc__ or "").splitlines() if line.startswith("| ")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if len(row) == columns][1:]


def records() -> dict[str, type[table.Record]]:
    for module in OURS.values():
        if "Record)" in module.text:
            importlib.import_module(module.name)

    def below(record: type[table.Record]) -> list[type[table.Record]]:
        return [each for sub in record.__subclasses__() for each in (sub, *below(sub))]

    ours = [each for each in below(table.Record) if each.__module__.startswith("tallybook.")]
    return {each.__name__: each for each in ours}


def test_the_chart_lists_every_record_with_its_key():
    assert {(name, pk, sk) for name, pk, sk in rows(3)} == {
        (name, *record.KEY) for name, record in records().items()
    }


def test_no_two_records_have_the_same_key():
    shapes = [
        tuple(re.sub(r"<[^>]+>", "<>", part) for part in record.KEY)
        for record in records().values()
    ]
    assert len(set(shapes)) == len(shapes)


def test_the_chart_lists_every_index_that_a_record_is_in():
    listed = {(index, record) for index, record, _, _ in rows(4)}
    indexed = {
        (attribute.removesuffix("_pk"), name)
        for name, record in records().items()
        for attribute in record.get_attributes()
        if attribute.endswith("_pk")
    }
    assert listed == indexed


def test_every_indexed_record_has_both_keys_and_a_row_for_lists():
    for index, name, _, _ in rows(4):
        attributes = records()[name].get_attributes()
        assert {f"{index}_pk", f"{index}_sk"} <= attributes.keys()
        if index == "agenda":
            continue  # it is a list for nobody, and has the keys alone
        if name == "MonthRecord":  # its sums are kept by ADD, which knows no maps
            assert attributes.keys() >= set(SUMS)
        else:
            assert attributes["row"].attr_type == "M"


def test_the_indexes_of_the_template_are_those_of_the_chart():
    (stored,) = resources("AWS::DynamoDB::Table").values()
    indexes = {each["IndexName"]: each for each in stored["Properties"]["GlobalSecondaryIndexes"]}
    assert indexes.keys() == {"listing", "agenda", "by_date"}
    assert {index for index, *_ in rows(4)} <= indexes.keys()
    for name, index in indexes.items():
        keys = [key["AttributeName"] for key in index["KeySchema"]]
        assert keys == [f"{name}_pk", f"{name}_sk"]
        wanted = {"agenda": None, "listing": ["row", *SUMS], "by_date": ["row"]}[name]
        assert index["Projection"].get("NonKeyAttributes") == wanted
    assert stored["Properties"]["TimeToLiveSpecification"]["AttributeName"] == "ttl"


@pytest.mark.parametrize("name", sorted(records()))
def test_what_is_in_an_index_is_what_a_function_writes(name: str):
    """The first part of every partition in the chart is written as such in the code."""
    text = "\n".join(module.text for module in OURS.values())
    for part in records()[name].KEY:
        prefix = part.partition("<")[0]
        assert not prefix or f'"{prefix}' in text, prefix
