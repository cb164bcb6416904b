from typing import Any

import pytest
from pydantic import ValidationError

from tallybook import errors
from tallybook.clients.models import Change, NewClient
from tallybook.invoices.models import NewInvoice
from tallybook.mail.models import NewEmail
from tallybook.payments.models import NewPayment
from tallybook.problems import problem_of, problem_of_fields
from tallybook.settings.models import NewSettings


def messages(model: type[Any], document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(document)
    problem = problem_of_fields(refused.value.errors())
    return {error.field: error.message for error in problem.errors or []}


@pytest.mark.parametrize(
    ("model", "document", "field", "message"),
    [
        (NewClient, {}, "business_name", "This field is required."),
        (NewClient, {"business_name": 1}, "business_name", "This must be a string."),
        (NewClient, {"business_name": ""}, "business_name", "This must not be empty."),
        (NewClient, {"business_name": "a", "x": 1}, "x", "There is no such field."),
        (
            NewClient,
            {"business_name": "a" * 201},
            "business_name",
            "This must have at most 200 characters.",
        ),
        (NewEmail, {"body": "a" * 20_001}, "body", "This must have at most 20000 characters."),
        (NewEmail, {"to": ["a@b.example"] * 51}, "to", "This must have at most 50 items."),
        (
            NewClient,
            {"business_name": "a", "sla": {"jobs": {"low": 0}}},
            "sla.jobs.low",
            "This must be greater than or equal to 1.",
        ),
        (NewInvoice, {"issue_date": "2027-02-29"}, "issue_date", "There is no such day."),
        (NewInvoice, {"issue_date": "soon"}, "issue_date", "Must be a day such as 2026-11-22."),
        (
            NewClient,
            {"business_name": "a", "workflow_id": "x"},
            "workflow_id",
            "This must be an id such as 01JA2Y5B7Q8RZ4T9C1N6V3X0WD.",
        ),
        (
            NewClient,
            {"business_name": "a", "invoicing_method": "fax"},
            "invoicing_method",
            "This must be 'email' or 'print'.",
        ),
        (
            NewClient,
            {"business_name": "a", "emails": ["a@b.example", "x"]},
            "emails.1",
            "'x' is not an e-mail address: An email address must have an @-sign.",
        ),
        (
            Change,
            {"action": "delete", "client_ids": []},
            "client_ids",
            "This must have at least 1 item.",
        ),
        (
            NewSettings,
            {"tax_rates": [{"name": "VAT", "rate": "x"}]},
            "tax_rates.0.rate",
            "This must be a percentage from 0 to 100, such as 19 or 7.5.",
        ),
        (
            NewInvoice,
            {"lines": [{"unit_price": "1,50"}]},
            "lines.0.unit_price",
            "This must be a number such as 1250.00.",
        ),
        (
            NewPayment,
            {"amount": "-5", "method": "cash"},
            "amount",
            "This must be a number such as 1250.00, not below 0.",
        ),
    ],
)
def test_a_message_names_the_field_and_says_the_reason_in_plain_words(
    model: type[Any], document: dict[str, Any], field: str, message: str
):
    assert messages(model, document)[field] == message


@pytest.mark.parametrize(
    "error",
    [
        errors.NumberTaken("C-1"),
        errors.StaleVersion(),
        errors.MethodNotAllowed(["GET"]),
        errors.InvalidField("a.b", "no"),
        errors.Unavailable(),
    ],
)
def test_a_problem_says_what_rfc_9457_asks_for(error: errors.TallybookError):
    problem = problem_of(error)
    assert problem.status == error.status
    assert problem.code == error.code
    assert problem.title
    assert problem.detail


def test_a_field_that_is_wrong_in_one_way_is_named_once():
    twice = [{"type": "missing", "loc": ("body", "a"), "msg": ""}] * 2
    assert len(problem_of_fields(twice).errors or []) == 1
