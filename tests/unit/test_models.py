from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tallybook.clients.models import ClientPatch, NewClient
from tallybook.errors import InvalidFields
from tallybook.models import merge, merged_into

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


# The cases of RFC 7396, appendix A, whose target and patch are objects.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_is_applied_as_rfc_7396_says(target: Any, patch: Any, result: Any):
    assert merge(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_applying_a_patch_twice_changes_nothing_more(target: Any, patch: Any):
    once = merge(target, patch)
    assert merge(once, patch) == once


def test_a_patch_has_the_fields_of_its_model_each_optional():
    assert ClientPatch.model_fields.keys() == NewClient.model_fields.keys()
    assert ClientPatch.model_validate({}).model_dump(exclude_unset=True) == {}


def test_a_patch_keeps_null_apart_from_absent():
    patch = ClientPatch.model_validate({"last_name": None, "tags": ["a"]})
    assert patch.model_dump(exclude_unset=True) == {"last_name": None, "tags": ["a"]}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"colour": "red"}, ("colour",)),
        ({"billing_address": {"planet": "Mars"}}, ("billing_address", "planet")),
        ({"business_name": ""}, ("business_name",)),
        ({"payment_settings": {"terms_days": "30"}}, ("payment_settings", "terms_days")),
        ({"payment_settings": {"terms_days": True}}, ("payment_settings", "terms_days")),
        ({"sla": {"jobs": {"urgent": 0}}}, ("sla", "jobs", "urgent")),
        ({"tags": ["x"] * 31}, ("tags",)),
    ],
)
def test_a_patch_is_judged_by_the_rules_of_its_model(document: Any, field: Any):
    with pytest.raises(ValidationError) as refused:
        ClientPatch.model_validate(document)
    assert refused.value.errors()[0]["loc"] == field


def test_clearing_what_is_required_is_refused():
    with pytest.raises(InvalidFields) as refused:
        merged_into(NewClient, {"business_name": "Acme"}, {"business_name": None})
    assert refused.value.errors[0]["loc"] == ("business_name",)


def test_tags_that_differ_only_in_case_are_one():
    client = NewClient(business_name="Acme", tags=["VIP", "new", "vip"])
    assert client.tags == ["VIP", "new"]
