"""The base of every API model, and merge patches."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tallybook.errors import InvalidFields


class ApiModel(BaseModel):
    """Unknown fields are errors; error messages never repeat what was sent (logs are kept)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Patch[T: BaseModel](ApiModel):
    """A merge patch (RFC 7396) of `T`: every field may be left out, null clears it.

    `class ClientPatch(Patch[NewClient])` has the fields of NewClient, each optional. The patch is
    merged into what is stored, and the whole is validated as a NewClient again: one set of rules.
    """

    @classmethod
    def __class_getitem__(cls, model: Any) -> Any:
        fields: Any = {
            name: (
                # None: an Annotated wants at least one annotation, and a field may have none.
                Annotated[field.annotation, None, *field.metadata] | None,
                Field(default=None, description=field.description, examples=field.examples),
            )
            for name, field in model.model_fields.items()
        }
        return create_model(f"Patch[{model.__name__}]", __base__=ApiModel, **fields)


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
