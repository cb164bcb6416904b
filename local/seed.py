"""Fills an empty firm as people would: its client list by an import, the rest through the API.

Goes on where it was interrupted: a list that is imported again changes nothing.
"""

import csv
import io
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import Any

from local.api import Api, Json, Refused
from local.firm import CALLS, MAIL, NOTES, SETTINGS, SeedClient, clients
from local.problem import Problem
from local.seed_business import seed_business
from local.seed_time import seed_time

# The emulator runs the functions on this machine's own processors: more would only wait.
CALLS_AT_ONCE = 4
ATTEMPTS = 10
IMPORT_SECONDS = 600
OBJECT = "imports/clients of the demo firm.csv"


def seed(api: Api, s3: Any, bucket: str, specialist_id: str | None) -> None:
    firm = clients()
    api.call("PATCH", "/v1/settings", SETTINGS)
    ids = _imported(api, s3, bucket, firm)
    with _pool() as pool:
        completed = [
            pool.submit(_complete, api, number, client, ids[client.request["emails"][0]])
            for number, client in enumerate(_with_specialists(firm, specialist_id), start=1)
        ]
        for count, future in enumerate(as_completed(completed), start=1):
            future.result()
            _show(count, len(firm), "clients with contacts")
        print("Entering two years of business", flush=True)
        own = [(client, ids[client.request["emails"][0]]) for client in firm]
        done = seed_business(partial(_insist, api), pool, own)
        done += seed_time(partial(_insist, api), pool, own)
    print("  " + ", ".join(f"{count} {what}" for what, count in done.items()), flush=True)


def table_of(firm: list[SeedClient]) -> bytes:
    """The list as a German spreadsheet program would save it."""
    rows = [_row(client.request) for client in firm]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _row(request: Json) -> dict[str, str]:
    address = request["billing_address"]
    return {
        "Firma": request["business_name"],
        "Vorname": request["first_name"],
        "Nachname": request["last_name"],
        "E-Mail": "; ".join(request["emails"]),
        "Telefon": request["telephone"],
        "Straße": address["street1"],
        "PLZ": address["postal_code"],
        "Ort": address["city"],
        "Bundesland": address["state"] or "",
        "Land": address["country"],
        "Währung": request["currency"],
        "Schlagworte": ", ".join(request["tags"]),
    }


def _imported(api: Api, s3: Any, bucket: str, firm: list[SeedClient]) -> dict[str, str]:
    """Import the list by dropping it into the bucket; returns the clients' ids by address."""
    earlier = {each["import_id"] for each in api.call("GET", "/v1/imports?limit=100")["items"]}
    s3.put_object(Bucket=bucket, Key=OBJECT, Body=table_of(firm))
    deadline = time.monotonic() + IMPORT_SECONDS
    while True:
        found = api.call("GET", "/v1/imports?limit=100")["items"]
        new = [each for each in found if each["import_id"] not in earlier]
        if new and new[0]["status"] == "completed":
            break
        is_working = not new or new[0]["status"] in ("reading", "running")
        if time.monotonic() > deadline or not is_working:
            raise Problem(f"The demo firm's clients could not be imported: {new}")
        if new and (count := new[0]["counts"]["created"]):
            _show(count, len(firm), "clients")
        time.sleep(0.5)
    return dict(_addresses(api))


def _addresses(api: Api) -> Iterator[tuple[str, str]]:
    cursor = ""
    while True:
        page = api.call("GET", f"/v1/clients?limit=100{cursor}")
        for client in page["items"]:
            if client["email"]:
                yield client["email"], client["client_id"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _with_specialists(firm: list[SeedClient], specialist_id: str | None) -> list[SeedClient]:
    for client in firm:
        if client.has_specialist and specialist_id:
            client.request["ar_specialist"] = specialist_id
    return firm


def _complete(api: Api, number: int, client: SeedClient, client_id: str) -> None:
    """What a list cannot say. Every call may be made again: POSTs carry a key, others repeat."""
    path = f"/v1/clients/{client_id}"
    names = ("shipping_address", "invoicing_method", "ar_specialist")
    if rest := {name: client.request[name] for name in names if client.request.get(name)}:
        _insist(api, "PATCH", path, rest)
    for position, contact in enumerate(client.contacts):
        key = f"seed-{number}-contact-{position}"
        _insist(api, "POST", f"{path}/contacts", contact, key=key)
    if client.flag:
        _insist(api, "PUT", f"{path}/flag", {"reason": client.flag})
    if client.favourite:
        _insist(api, "PUT", f"{path}/favourite")
    _talk(api, number, client, path)
    if client.suspension:
        reason = {"reason": client.suspension}
        _insist(api, "POST", f"{path}/suspend", reason, key=f"seed-{number}-suspend")


def _talk(api: Api, number: int, client: SeedClient, path: str) -> None:
    """What was said and written to some of the clients, and who of them was invited."""
    said: list[tuple[str, Json]] = []
    if number % 5 == 0:
        said.append(("notes", {"body": NOTES[number % len(NOTES)]}))
    if number % 7 == 0:
        said.append(("calls", CALLS[number % len(CALLS)]))
    if number % 10 == 0:
        said.append(("emails", MAIL))
    if number % 12 == 0 and client.request.get("invoicing_method") != "print":
        said.append(("invitation", {}))
    for what, body in said:
        _insist(api, "POST", f"{path}/{what}", body, key=f"seed-{number}-{what}")


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


def _show(count: int, total: int, what: str) -> None:
    if sys.stdout.isatty():
        end = "\n" if count == total else ""
        print(f"\r  {count} of {total} {what}", end=end, flush=True)
    elif count % 50 == 0 or count == total:
        print(f"  {count} of {total} {what}", flush=True)
