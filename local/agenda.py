"""Works the agenda of the local stack through now: its own schedule does it once an hour."""

import json

from botocore.exceptions import EndpointConnectionError

from local.aws import client
from local.place import Place
from local.problem import Problem


def main() -> None:
    """Say what was sent to its worker; the workers go on in the background."""
    print(json.dumps(work_through(Place.from_environment())))


def work_through(place: Place) -> object:
    """What the function answers."""
    function = place.read_stack().get("agenda_function")
    if function is None:
        raise Problem("No local stack has been up here: `make up` first.")
    try:
        answer = client(place, "lambda").invoke(FunctionName=function, Payload=b"{}")
    except EndpointConnectionError as error:
        raise Problem("The local stack is not running: `make up` first.") from error
    said = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise Problem(f"The agenda could not be worked through: {said}")
    return json.loads(said)
