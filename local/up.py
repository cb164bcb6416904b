"""Brings the local stack up and takes it down: what `make up` and `make down` do."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from local import emulator
from local.agenda import work_through
from local.api import Api, Refused
from local.aws import CREDENTIALS, client
from local.build import built
from local.deploy import deploy, outputs
from local.gateway import tell_address, wire
from local.place import REGION, ROOT, STACK_NAME, Place
from local.problem import Problem
from local.seed import seed
from local.staff import User, ensure_users

# A parameter in the emulator, so that it is kept or lost together with the clients.
SEEDED = "/tallybook-local/seeded"


def up(place: Place) -> None:
    # Python leaves Ctrl-C alone when it was started in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    detach, with_seed = _switch("DETACH", default=False), _switch("SEED", default=True)
    if _switch("FRESH", default=False):
        _start_over(place)
    started = not emulator.running(place)
    if started:
        emulator.need_port(place)
    try:
        if started:
            _step("Starting the emulator", lambda: emulator.start(place))
        _prepare(place, with_seed=with_seed)
        _introduce(place, stops_with_ctrl_c=started and not detach)
        if started and not detach:
            _watch(place)
    except BaseException as interruption:
        if started:
            print("\nStopping", flush=True)
            emulator.stop(place)
        if isinstance(interruption, KeyboardInterrupt):
            return
        raise


def _watch(place: Place) -> None:
    while emulator.running(place):
        time.sleep(1)
    raise Problem(f"The emulator has ended; {place.log_file} may say why.")


def down(place: Place) -> None:
    if emulator.stop(place):
        print("Stopped; `make up` goes on where it was.")
    else:
        print("Nothing is running here.")


def _prepare(place: Place, *, with_seed: bool) -> None:
    known: list[User] = place.read_stack().get("users", [])
    build = _step("Building", built)
    _step("Deploying", lambda: deploy(place, build))
    api_id = wire(place, STACK_NAME)
    output = outputs(place)
    api_url = f"{place.emulator_url}/_aws/execute-api/{api_id}"
    tell_address(place, api_url)
    pool_id, client_id = output["StaffPoolId"], output["StaffClientId"]
    users, as_owner = _step(
        "Making the staff",
        lambda: ensure_users(place, pool_id, client_id, known, lambda token: Api(api_url, token)),
    )
    place.write_stack(
        {
            "api_url": api_url,
            "emulator_url": place.emulator_url,
            "region": REGION,
            "stack_name": STACK_NAME,
            "table_name": output["TableName"],
            "import_bucket": output["ImportBucketName"],
            "documents_bucket": output["DocumentsBucketName"],
            "staff_pool_id": pool_id,
            "staff_client_id": client_id,
            "portal_pool_id": output["PortalPoolId"],
            "portal_client_id": output["PortalClientId"],
            "mail_bucket": output["MailBucketName"],
            "mail_events_topic": output["MailEventsTopicArn"],
            "inbound_sms_topic": output["InboundSmsTopicArn"],
            "event_bus": output["EventBusName"],
            "agenda_function": output["AgendaFunctionName"],
            "users": users,
        }
    )
    if with_seed:
        _seed_once(place, as_owner)
    # The schedule begins an hour after the start, and may have been missed for days before.
    _step("Sending what has fallen due to its workers", lambda: work_through(place))


def _seed_once(place: Place, as_owner: Api) -> None:
    parameters = client(place, "ssm")
    if parameters.get_parameters(Names=[SEEDED])["Parameters"]:
        return
    print("Entering the clients", flush=True)
    members = as_owner.call("GET", "/v1/staff?limit=100")["items"]
    specialists = [member["staff_id"] for member in members if member["role"] == "specialist"]
    bucket = place.read_stack()["import_bucket"]
    try:
        seed(as_owner, client(place, "s3"), bucket, specialists[0] if specialists else None)
    except Refused as refused:  # what is entered again on another day is not the same, say
        raise Problem(f"{refused}\n`make up FRESH=1` starts over.") from refused
    parameters.put_parameter(Name=SEEDED, Value="yes", Type="String", Overwrite=True)


def _start_over(place: Place) -> None:
    emulator.stop(place)
    shutil.rmtree(place.state, ignore_errors=True)
    place.stack_file.unlink(missing_ok=True)


def _introduce(place: Place, *, stops_with_ctrl_c: bool) -> None:
    stack = place.read_stack()
    owner = stack["users"][0]
    here = f" LOCAL_DIR={place.directory}" if place.directory != ROOT / ".local" else ""
    curl = f'curl -H "Authorization: Bearer $(make -s -C {ROOT} token{here})"'
    keys = " ".join(f"{name}={value}" for name, value in CREDENTIALS.items())
    drop = (
        f"{keys} AWS_DEFAULT_REGION={REGION} aws --endpoint-url {stack['emulator_url']}"
        f" s3 cp {ROOT / 'docs' / 'examples' / 'clients.csv'} s3://{stack['import_bucket']}/imports/"
    )
    body = '{"business_name": "Café Ñandú", "billing_address": {"country": "Österreich"}}'
    print(
        f"\nTallybook answers at  {stack['api_url']}\n"
        f"Sign in as            {owner['email']}\n"
        f"with the password     {owner['password']}\n"
        f"Everything else is in {place.stack_file}\n\n"
        "Try:\n"
        f"  {curl} '{stack['api_url']}/v1/clients?limit=3'\n"
        f"  {curl} '{stack['api_url']}/v1/clients?q=nord'\n"
        f"  {curl} -H 'Content-Type: application/json' -d '{body}'"
        f" '{stack['api_url']}/v1/clients'\n\n"
        "Import a list of clients, and see what became of it:\n"
        f"  {drop}\n"
        f"  {curl} '{stack['api_url']}/v1/imports?limit=1'\n"
        "Without the AWS CLI, say `uvx --from awscli aws` in its place.\n\n"
        "Mail is kept and not delivered (with SMTP_HOST=host:port it is relayed as well):\n"
        f"  curl -s {stack['emulator_url']}/_ministack/ses/messages\n",
        flush=True,
    )
    end = "Ctrl-C stops it." if stops_with_ctrl_c else "`make down` stops it."
    print(f"{end} What was entered is kept for the next `make up`.", flush=True)


def _step[Result](title: str, action: Callable[[], Result]) -> Result:
    print(f"{title} … ", end="", flush=True)
    begun = time.monotonic()
    try:
        result = action()
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - begun:.0f} s", flush=True)
    return result


def _switch(name: str, *, default: bool) -> bool:
    """A setting that is on at 1 and off at 0."""
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise Problem(f"{name}={value} says neither yes nor no: give 1 or 0.")
    return value == "1" if value else default


def _leave(signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal_number)
