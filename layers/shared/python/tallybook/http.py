"""The path of a request: what every HTTP function does the same way.

`resolver` makes a function's router, `serve` its handler. Every error that reaches a function
leaves it as problem+json; what is no `TallybookError` is a fault of ours: logged whole, shown as a
request id.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Header
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

from tallybook import problems, startup
from tallybook.bodies import check_body, json_object
from tallybook.callers import Caller, PortalUser, caller_of, portal_user_of
from tallybook.dates import now
from tallybook.errors import (
    IdempotencyKeyReused,
    NotFound,
    TallybookError,
    UnsupportedMediaType,
)
from tallybook.idempotency import AlreadyAnswered, Answer, Once, once

_JSON = "application/json"

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
type Audience = Literal["staff", "portal", "public"]

logger = Logger()
metrics = Metrics()

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and body within 24 hours give the first answer.",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag that the change is meant for; 412 when it is stale.",
        examples=['"3"'],
    ),
]


def resolver(*, any_query: bool = False) -> APIGatewayHttpResolver:
    """A router whose every error is problem+json.

    Query parameters that a route does not know are errors, unless `any_query`.
    """
    app = APIGatewayHttpResolver(
        enable_validation=True,
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        serializer=_text,
        json_body_deserializer=json_object,
    )
    if not any_query:
        app.use([_known_query_parameters_only])
    app.exception_handler(NotFoundError)(lambda _: _problem(NotFound("There is no such path.")))
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(RequestUnsupportedContentType)(lambda _: _problem(UnsupportedMediaType()))
    app.exception_handler(AlreadyAnswered)(_replayed)
    app.exception_handler(TallybookError)(lambda error: _recalled(app) or _problem(error))
    app.exception_handler(Exception)(lambda error: _crashed(app, error))
    return app


def serve(app: APIGatewayHttpResolver, *, of: Audience = "staff") -> Handler:
    """The Lambda handler of a router: checks what concerns every request, then routes it.

    Whose requests they are (`of`) says which token they bring; the public brings none.
    """

    @metrics.log_metrics(raise_on_empty_metrics=False)
    @logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.append_keys(route=event.get("routeKey"))
        answer = _refused(event, of) or app.resolve(event, context)
        status = answer["statusCode"]
        logger.info("answered", extra={"status": status})
        metrics.add_metric("Requests", MetricUnit.Count, 1)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            metrics.add_metric("Failures", MetricUnit.Count, 1)
        return answer

    startup.is_over()
    return cast("Handler", handler)


def caller(app: APIGatewayHttpResolver) -> Caller:
    """The staff member who sent the request that `app` is routing."""
    return _caller(app.current_event.raw_event)


def portal_user(app: APIGatewayHttpResolver) -> PortalUser:
    """The portal user who sent the request that `app` is routing."""
    return portal_user_of(_claims(app.current_event.raw_event))


def claim(app: APIGatewayHttpResolver, key: str | None, answer: Callable[[Any], Answer]) -> Once:
    """The claim of the current request to be done once, and how its result is answered.

    The store puts it into the transaction of the change.
    """
    event = app.current_event
    claimed = once(
        key,
        caller=caller(app).staff_id,
        request=f"{event.http_method} {event.path}",
        body=event.decoded_body or "",
        at=now(),
        answer=answer,
    )
    app.context["claimed"] = claimed
    return claimed


def ok[T: BaseModel](body: T, etag: str | None = None) -> Response[T]:
    return Response(HTTPStatus.OK, _JSON, body, {"ETag": etag} if etag else {})


def created[T: BaseModel](body: T, etag: str, location: str) -> Response[T]:
    return Response(HTTPStatus.CREATED, _JSON, body, {"ETag": etag, "Location": location})


def accepted[T: BaseModel](body: T, location: str) -> Response[T]:
    """It will be done; `location` is where to see what became of it."""
    return Response(HTTPStatus.ACCEPTED, _JSON, body, {"Location": location})


def no_content(etag: str | None = None) -> Response[None]:
    return Response(HTTPStatus.NO_CONTENT, None, None, {"ETag": etag} if etag else {})


def _refused(event: dict[str, Any], of: Audience) -> dict[str, Any] | None:
    """The answer to a request that is refused before it is routed."""
    try:
        match of:
            case "staff":
                logger.append_keys(caller=_caller(event).staff_id)
            case "portal":
                logger.append_keys(caller=portal_user_of(_claims(event)).sub)
        check_body(event)
    except TallybookError as error:
        return _gateway_answer(problems.problem_of(error), error.headers)
    return None


def _caller(event: dict[str, Any]) -> Caller:
    return caller_of(_claims(event))


def _claims(event: dict[str, Any]) -> dict[str, Any]:
    """What the token says that the API's authorizer verified; {} without one."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    return (authorizer.get("jwt") or {}).get("claims") or {}


def _gateway_answer(problem: problems.Problem, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": problem.status,
        "headers": {"Content-Type": problems.CONTENT_TYPE, **headers},
        "body": problem.model_dump_json(exclude_none=True),
        "isBase64Encoded": False,
    }


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _response(problem: problems.Problem, headers: Mapping[str, str] | None = None) -> Response[Any]:
    body = problem.model_dump_json(exclude_none=True)
    return Response(problem.status, problems.CONTENT_TYPE, body, headers)


def _problem(error: TallybookError) -> Response[Any]:
    return _response(problems.problem_of(error), error.headers)


def _invalid(error: RequestValidationError) -> Response[Any]:
    return _response(problems.problem_of_fields(error.errors()))


def _recalled(app: APIGatewayHttpResolver) -> Response[Any] | None:
    """The first answer, when the request that was refused now had been done before."""
    claimed: Once | None = app.context.get("claimed")
    if claimed is None:
        return None
    try:
        claimed.recall()
    except AlreadyAnswered as answered:
        return _replayed(answered)
    except IdempotencyKeyReused as reused:
        return _problem(reused)
    except TallybookError:  # the table is throttling: what was to be answered still stands
        logger.warning("not recalled")
    return None


def _replayed(answered: AlreadyAnswered) -> Response[Any]:
    record = answered.record
    headers = {**json.loads(record.headers), "Idempotency-Replayed": "true"}
    return Response(int(record.status), None, record.body, headers)


def _crashed(app: APIGatewayHttpResolver, error: Exception) -> Response[Any]:
    request_id = app.lambda_context.aws_request_id
    logger.error("crashed", exc_info=error)
    return _response(problems.problem_of_crash(request_id))


def _known_query_parameters_only(app: APIGatewayHttpResolver, next_middleware: Any) -> Any:
    """A misspelt filter would silently list everything: it is an error, as in a body."""
    known: set[str] = set()
    for parameter in app.context["_route"].dependant.query_params:
        known |= getattr(parameter.type_, "model_fields", {parameter.alias: None}).keys()
    unknown = sorted(set(app.current_event.query_string_parameters or {}) - known)
    if unknown:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": ""} for name in unknown]
        )
    return next_middleware(app)
