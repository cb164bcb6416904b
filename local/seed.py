"""Fills an empty firm through the API, as people would; goes on where it was interrupted."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from local.api import Api, Json, Refused
from local.firm import SeedClient, clients

# The emulator runs the functions on this machine's own processors: more would only wait.
CALLS_AT_ONCE = 4
ATTEMPTS = 10


def seed(api: Api, specialist_id: str | None) -> None:
    firm = clients()
    with _pool() as pool:
        done = [
            pool.submit(_add, api, number, client, specialist_id)
            for number, client in enumerate(firm, start=1)
        ]
        for count, future in enumerate(as_completed(done), start=1):
            future.result()
            _show(count, len(firm))


def _add(api: Api, number: int, client: SeedClient, specialist_id: str | None) -> None:
    """Every call may be made again: POSTs carry a key that is always the same, PUTs repeat."""
    request = client.request
    if client.has_specialist and specialist_id:
        request = request | {"ar_specialist": specialist_id}
    made = _insist(api, "POST", "/v1/clients", request, key=f"seed-{number}")
    path = f"/v1/clients/{made['client_id']}"
    for position, contact in enumerate(client.contacts):
        key = f"seed-{number}-contact-{position}"
        _insist(api, "POST", f"{path}/contacts", contact, key=key)
    if client.flag:
        _insist(api, "PUT", f"{path}/flag", {"reason": client.flag})
    if client.favourite:
        _insist(api, "PUT", f"{path}/favourite")
    if client.suspension:
        reason = {"reason": client.suspension}
        _insist(api, "POST", f"{path}/suspend", reason, key=f"seed-{number}-suspend")


def _insist(api: Api, method: str, path: str, body: Json | None = None, *, key: str = "") -> Json:
    """Calls, and calls again while the API says that others were in the way."""
    for attempt in range(1, ATTEMPTS):
        try:
            return api.call(method, path, body, key=key)
        except Refused as refused:
            if refused.code != "try_again":
                raise
        time.sleep(0.1 * attempt)
    return api.call(method, path, body, key=key)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """A pool that drops what has not begun when something fails or Ctrl-C comes."""
    pool = ThreadPoolExecutor(CALLS_AT_ONCE)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _show(count: int, total: int) -> None:
    if sys.stdout.isatty():
        end = "\n" if count == total else ""
        print(f"\r  {count} of {total} clients", end=end, flush=True)
    elif count % 50 == 0 or count == total:
        print(f"  {count} of {total} clients", flush=True)
