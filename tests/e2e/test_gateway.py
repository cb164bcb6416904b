"""What is refused on the running stack, by the gateway and by the functions behind it."""

import base64
import json
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Stack
from tests.e2e.web import Web


@pytest.fixture
def owner(stack: Stack) -> Web:
    return Web(stack.api_url, stack.token("owner"))


def altered(token: str, **claims: Any) -> str:
    """The token with other claims and the old signature."""
    head, payload, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "==")) | claims
    forged = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    return f"{head}.{forged}.{signature}"


def test_without_a_token_nothing_is_answered(stack: Stack):
    assert Web(stack.api_url, None).call("GET", "/v1/clients").status_code == 401


def test_an_expired_token_is_refused(stack: Stack):
    token = altered(stack.token("owner"), exp=1_700_000_000)
    assert Web(stack.api_url, token).call("GET", "/v1/clients").status_code == 401


def test_a_token_of_another_pool_is_refused(stack: Stack):
    pools = stack.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    try:
        client = pools.create_user_pool_client(
            UserPoolId=pool,
            ClientName="foreign",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        pools.admin_create_user(UserPoolId=pool, Username="eve@foreign.example")
        pools.admin_set_user_password(
            UserPoolId=pool,
            Username="eve@foreign.example",
            Password="Abcd-1234-Efgh",
            Permanent=True,
        )
        token = pools.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "eve@foreign.example", "PASSWORD": "Abcd-1234-Efgh"},
        )["AuthenticationResult"]["IdToken"]
        assert Web(stack.api_url, token).call("GET", "/v1/clients").status_code == 401
    finally:
        pools.delete_user_pool(UserPoolId=pool)


def test_an_access_token_is_refused(stack: Stack):
    email, password = next((u[0], u[1]) for u in stack.users if u[2] == "owner")
    token = stack.client("cognito-idp").initiate_auth(
        ClientId=stack.staff_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )["AuthenticationResult"]["AccessToken"]
    answer = Web(stack.api_url, token).call("GET", "/v1/clients")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("staff", "DELETE", "/v1/clients/01JA2Y5B7Q8RZ4T9C1N6V3X0WD", None),
        ("specialist", "DELETE", "/v1/clients/01JA2Y5B7Q8RZ4T9C1N6V3X0WD", None),
        ("staff", "POST", "/v1/clients/bulk", {"action": "delete", "client_ids": ["x"]}),
        ("specialist", "PATCH", "/v1/settings", {"name": "Mine"}),
        ("manager", "POST", "/v1/staff", {"email": "eve@firm.example", "name": "Eve"}),
        ("manager", "PATCH", "/v1/staff/x", {"role": "owner"}),
        ("manager", "POST", "/v1/staff/x/invitation", None),
    ],
)
def test_a_role_that_is_too_low_is_refused(
    stack: Stack, role: str, method: str, path: str, body: Any
):
    answer = Web(stack.api_url, stack.token(role)).call(method, path, body)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("PUT", "/v1/clients", 405, "method_not_allowed"),
        ("POST", "/v1/me", 405, "method_not_allowed"),
    ],
)
def test_what_no_route_takes_is_a_problem(
    owner: Web, method: str, path: str, status: int, code: str
):
    answer = owner.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "malformed_json"),
        ("[" * 50_000, "application/json", 400, "malformed_json"),
        ('{"business_name":"a","business_name":"b"}', "application/json", 400, "malformed_json"),
        ("[]", "application/json", 422, "validation_failed"),
        ('{"business_name":"\\ud800"}', "application/json", 422, "validation_failed"),
        ('{"business_name":"a\\u0000b"}', "application/json", 422, "validation_failed"),
        ('{"business_name":"a","x":1}', "application/json", 422, "validation_failed"),
        (json.dumps({"business_name": "a" * 1_000_000}), "application/json", 413, "body_too_large"),
        ("<x/>", "text/xml", 415, "unsupported_media_type"),
    ],
)
def test_a_bad_body_is_a_problem(owner: Web, body: str, content_type: str, status: int, code: str):
    answer = requests.post(
        f"{owner.url}/v1/clients",
        data=body.encode(),
        headers={"Authorization": f"Bearer {owner.token}", "Content-Type": content_type},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_page_of_an_allowed_origin_may_ask(stack: Stack):
    answer = requests.options(
        f"{stack.api_url}/v1/clients",
        headers={
            "Origin": "http://localhost:5173",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
        timeout=30,
    )
    assert answer.ok
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    exposed = answer.headers["Access-Control-Expose-Headers"].lower()
    assert {"etag", "idempotency-replayed"} <= set(exposed.replace(" ", "").split(","))
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(
        allowed.replace(" ", "").split(",")
    )
