"""What every refusal has in common."""

from tests.support.api import Answer


def assert_problem(answer: Answer, status: int, code: str, *fields: str) -> None:
    """The answer is problem details (RFC 9457) with this status and code, about these fields."""
    assert (answer.status, answer.body.get("code")) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"]
    assert answer.body["title"]
    assert answer.body["status"] == status
    assert answer.body["detail"]
    if status == 422:
        assert set(answer.fields) == set(fields), answer.fields
        assert all(answer.fields.values())
    else:
        assert "errors" not in answer.body
