"""E-mail templates as the API takes and gives them."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from tallybook.dates import Timestamp
from tallybook.mail.variables import NAMES, Variable
from tallybook.models import ApiModel, Patch
from tallybook.text import Line

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def _builtin_name(value: str) -> str:
    if value not in NAMES:
        raise ValueError(f"must be one of {', '.join(NAMES)}")
    return value


def _source(longest: int) -> Callable[[str], str]:
    def clean(value: str) -> str:
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        if not text.strip():
            raise ValueError("must not be empty")
        if len(text) > longest:
            raise ValueError(f"can have {longest:,} characters")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError("has half a character") from error
        return text

    return clean


Name = Annotated[
    str, StringConstraints(pattern=f"^{NAME.pattern}$"), Field(examples=["message_of_thanks"])
]
BuiltinName = Annotated[
    str, AfterValidator(_builtin_name), Field(json_schema_extra={"enum": list(NAMES)})
]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"),
    Field(description="The language of the text (BCP 47), for screen readers.", examples=["de"]),
]
Subject = Annotated[
    Line, Field(max_length=200, examples=["Invoice {{ invoice.number }} from {{ firm.name }}"])
]
Text = Annotated[
    str,
    AfterValidator(_source(20_000)),
    Field(
        description="Jinja2; see docs/mail-templates.md for what can be used of it.",
        examples=["Dear {{ client.name }},\n\nHere is invoice {{ invoice.number }}.\n"],
    ),
]
Html = Annotated[
    str,
    AfterValidator(_source(40_000)),
    Field(
        description="What stands in the frame. null: it follows from the text.",
        examples=["<p>Dear {{ client.name }},</p>"],
    ),
]


class Wording(ApiModel):
    """What a template says. What is null or left out, the built-in one says."""

    subject: Subject | None = None
    text: Text | None = None
    html: Html | None = None
    language: Language | None = None


class NewTemplate(Wording):
    """An additional template. It takes the variables of the built-in one it is based on."""

    name: Name
    based_on: BuiltinName = Field(examples=["message"])


class TemplatePatch(Patch[Wording]):
    """A merge patch of a template: null goes back to the built-in one, of `html` to none."""


class Draft(Wording):
    """What to show instead of what is stored. With a text alone, the HTML follows from it."""


class TemplateRow(ApiModel):
    """A template as a list shows it. `customised`: the firm wrote it."""

    name: str = Field(examples=["invoice"])
    based_on: str = Field(examples=["invoice"])
    builtin: bool
    customised: bool
    subject: str
    updated_at: Timestamp | None


class TemplateVariable(ApiModel):
    """What a template can show. `optional`: at times it holds nothing."""

    name: str = Field(examples=["invoice.due_date"])
    about: str = Field(examples=["When it is due"])
    example: str = Field(examples=["2026-11-15"])
    optional: bool

    @staticmethod
    def of(variable: Variable) -> "TemplateVariable":
        sample = variable.sample
        shown = ", ".join(sample) if isinstance(sample, list) else str(sample)
        return TemplateVariable(
            name=variable.name, about=variable.about, example=shown, optional=variable.optional
        )


class Template(TemplateRow):
    """An e-mail template. Version 0: the built-in one, as it comes."""

    language: str = Field(examples=["en"])
    text: str
    html: str | None
    variables: list[TemplateVariable]
    version: int = Field(examples=[1])


class MailPreview(ApiModel):
    """What a mail would say, with sample data and the firm's real settings."""

    subject: str
    text: str
    html: str
