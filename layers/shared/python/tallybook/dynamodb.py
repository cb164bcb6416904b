"""The one DynamoDB client of a function, made while the function initialises.

Short time-outs, because an API caller waits; adaptive retries, because a throttled table needs
fewer calls, not more. Answers are taken as DynamoDB sends them ({"S": "text"}): botocore would
walk every value through its service model, which is most of the cost of reading a page of items
(PERFORMANCE.md) and changes nothing for a table without binary attributes.
"""

from typing import Any, cast

import botocore.session
from botocore.config import Config
from botocore.model import Shape
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory


class _AsSent(JSONParser):
    def _handle_json_body(self, raw_body: bytes, shape: Shape) -> Any:  # noqa: ARG002
        return self._parse_body_as_json(raw_body)  # type: ignore[attr-defined]


class _Parsers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:  # noqa: ARG002
        return cast("ResponseParser", _AsSent())


def _new_client() -> Any:
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _Parsers())
    return session.create_client(
        "dynamodb",
        config=Config(
            connect_timeout=1,
            read_timeout=5,
            retries={"mode": "adaptive", "total_max_attempts": 4},
            max_pool_connections=16,
            parameter_validation=False,
            tcp_keepalive=True,
        ),
    )


client = _new_client()
