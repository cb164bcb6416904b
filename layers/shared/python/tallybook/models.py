"""The base of every API model, and merge patches."""

from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tallybook.errors import InvalidFields


class ApiModel(BaseModel):
    """Unknown fields are errors; error messages never repeat what was sent (logs are kept)."""

    # By alias: a field may be called what Python keeps for itself, such as `from`.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, serialize_by_alias=True)


class Patch[T: BaseModel](ApiModel):
    """A merge patch (RFC 7396) of `T`: every field may be left out, null clears it.

    `class ClientPatch(Patch[NewClient])` has the fields of NewClient, each optional. The patch is
    merged into what is stored, and the whole is validated as a NewClient again: one set of rules.
    """

    @classmethod
    def __class_getitem__(cls, model: Any) -> Any:
        return _patch_of(model, f"Patch[{model.__name__}]")


@cache
def _patch_of(model: type[BaseModel], name: str) -> Any:
    fields: Any = {
        name: (
            # None: an Annotated wants at least one annotation, and a field may have none.
            Annotated[_patched(field.annotation), None, *field.metadata] | None,
            Field(
                default=None,
                alias=field.alias,
                description=field.description,
                examples=field.examples,
            ),
        )
        for name, field in model.model_fields.items()
    }
    return create_model(name, __base__=ApiModel, **fields)


def _patched(annotation: Any) -> Any:
    """An object inside is patched as well: null clears a member of it, too."""
    if isinstance(annotation, UnionType):
        return reduce(or_, map(_patched, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, ApiModel):
        return _patch_of(annotation, f"{annotation.__name__}Patch")
    return annotation


def trusted[M: BaseModel](model: type[M], fields: dict[str, Any]) -> M:
    """The model of what is stored, which is not judged again: a rule may be newer than it."""
    return model.model_construct(None, **fields)


def merged_into[M: BaseModel](model: type[M], stored: dict[str, Any], patch: dict[str, Any]) -> M:
    """The model of `stored` with the merge patch applied. Raises `InvalidFields`."""
    try:
        return model.model_validate(merge(stored, patch))
    except ValidationError as error:
        raise InvalidFields(error.errors(include_input=False)) from error


def merge(stored: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The document `stored` with the merge patch applied (RFC 7396)."""
    merged = dict(stored)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged
