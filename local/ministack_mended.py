"""Runs MiniStack 1.5.33 with what it gets wrong mended; the emulator's own Python runs this."""

from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import (  # type: ignore[import-not-found]
    apigateway,
    dynamodb,
    lambda_svc,
)

type State = dict[str, Any]

# AWS takes a function's answer whose body is null, as of a 204; MiniStack fails on it.
invoke = apigateway._invoke_lambda_proxy


async def invoke_with_body(*args: Any, **options: Any) -> tuple[int, dict[str, Any], bytes]:
    status, headers, body = await invoke(*args, **options)
    return status, headers, body or b""


# MiniStack keeps over a restart how far a function has read a table's stream, but not the
# stream: what is written after the restart would seem to have been read already.
STREAMS = ("_stream_records", "_stream_trimmed")
get_state = dynamodb.get_state
load_persisted_state = dynamodb.load_persisted_state


def get_state_with_streams() -> State:
    state: State = get_state()
    return state | {name: getattr(dynamodb, name) for name in STREAMS}


def load_state_with_streams(state: State) -> None:
    load_persisted_state(state)
    for name in STREAMS:
        if name in state:
            getattr(dynamodb, name)._data.update(state[name]._data)


# AWS takes {"exists": false} as true below what is missing; MiniStack stops at what is missing.
match = lambda_svc._match_esm_filter


def match_below_what_is_missing(record: State, pattern: State) -> bool:
    missing: State = {
        name: {}
        for name, part in pattern.items()
        if isinstance(part, dict) and record.get(name) is None
    }
    matches: bool = match(record | missing, pattern)
    return matches


if __name__ == "__main__":
    apigateway._invoke_lambda_proxy = invoke_with_body
    lambda_svc._match_esm_filter = match_below_what_is_missing
    dynamodb.get_state = get_state_with_streams
    dynamodb.load_persisted_state = load_state_with_streams
    main()
