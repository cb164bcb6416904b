"""The section on mail."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from tallybook.mail.pace import WORKERS
from tests.bench import import_workers, mail_rate, mail_units, mails
from tests.bench.mail_rate import Paced
from tests.bench.mail_units import Dispatched, Step
from tests.bench.mails import BATCH, Bench, Cpu
from tests.bench.prices import (
    GB_SECOND,
    HTTP_REQUEST,
    INVOCATION,
    READ_UNIT,
    SES_MAIL,
    SNS_REQUEST,
    SQS_REQUEST,
    WRITE_UNIT,
)
from tests.bench.tables import reached, table, verdict
from tests.support import local_table

RATE = 50  # of the many mails: what a machine of two cores, DynamoDB Local on it, keeps up with
_SMALL_RATE, _FEW = 14, 300
_SLOWER = 10  # what the mail service permits when the parameter says _SMALL_RATE
_OUTBOX_BATCHES = (10, 25)
_MOST = 1.3  # ms of a mail (PERFORMANCE.md), beside a floor of
_FLOOR = 1.12
_SHARE = 0.95
_MAILS = 10_000  # whose cost is told


@dataclass(frozen=True)
class Found:
    cpu: Cpu
    steps: dict[str, Step]
    outbox: list[Dispatched]
    many: Paced
    few: Paced
    refused: Paced


def measured(bench: Bench, *, count: int) -> Found:
    """Everything of the section; each measurement has a table to itself."""

    def fresh() -> AbstractContextManager[None]:
        return local_table.fresh_table(bench.place.dynamodb)

    with fresh():
        cpu = mails.measure_cpu(bench)
    with fresh():
        steps = mail_units.steps(bench)
    outbox = [mail_units.dispatch(bench, batch=batch) for batch in _OUTBOX_BATCHES]
    with fresh():
        many = mail_rate.send_all(bench, mails=count, rate=RATE)
    few = min(count, _FEW)
    with fresh():
        some = mail_rate.send_all(bench, mails=few, rate=_SMALL_RATE)
    with fresh():
        refused = mail_rate.send_all(bench, mails=few, rate=_SMALL_RATE, permitted=_SLOWER)
    return Found(cpu, steps, outbox, many, some, refused)


def section(found: Found) -> str:
    return f"""## Mail

Invoices of the built-in template, each to a client of its own, through the functions as they are
deployed. Each function is a process that can import its package and the layer, nothing else; SES,
SQS and the event bus are a small server, so botocore signs, sends and parses as it does with AWS.

{_cpu(found.cpu)}
{_units(found.steps)}
{_cost(found)}
{_rates(found)}
{_outbox(found)}"""


def _cpu(found: Cpu) -> str:
    rows = []
    ours, floor, uncached = range(3)
    for name, part in (
        ("rendering", "rendering"),
        ("SES call", "ses"),
        ("DynamoDB calls", "dynamodb"),
    ):
        rows.append((name, *(f"{found.of(side, part):.2f}" for side in (ours, floor, uncached))))
    rest = [
        found.of(side) - sum(found.of(side, part) for part in ("rendering", "ses", "dynamodb"))
        for side in (ours, floor, uncached)
    ]
    rows.append(("the rest", *(f"{each:.2f}" for each in rest)))
    rows.append(("in all", *(f"{found.of(side):.2f}" for side in (ours, floor, uncached))))
    given, least = (
        sum(found.of(side, part) for part in ("rendering", "ses")) for side in (ours, floor)
    )
    calls = ", ".join(f"{number} {kind}" for kind, number in sorted(found.requests.items()))
    return f"""### CPU of a mail

Batches of {BATCH}, as the queue gives them. The floor is a process with boto3 as it comes and
templates that Jinja compiled once: the very same mails, but for names and numbers finished
beforehand. Uncached: the worker when it keeps no compiled template. {len(found.rounds)} batches of
each in turn; medians.

{table(("CPU ms of a mail", "worker", "floor", "uncached"), rows)}

Rendering and SES call: {verdict(given, _MOST)} ms, to the floor's {least:.2f}:
{verdict(given / least, round(_MOST / _FLOOR, 2))}. Claim, evidence and text kept cost
{found.of(ours, "dynamodb"):.2f} ms on top: a batch makes {calls}.
At this CPU one worker could send {1000 / found.of(ours):,.0f} mails a second.
"""


def _units(steps: dict[str, Step]) -> str:
    rows = [
        (
            name,
            ", ".join(f"{number:g} {kind}" for kind, number in sorted(step.requests.items())),
            f"{step.reads:g}",
            f"{step.writes:g}",
        )
        for name, step in steps.items()
    ]
    requests, reads, writes = (
        sum(getattr(step, what) for step in steps.values())
        for what in ("in_all", "reads", "writes")
    )
    rows.append(("in all", f"{requests:g}", f"{reads:g}", f"{writes:g}"))
    return f"""### Requests and units

Of one mail that a member of staff sends, as one of {BATCH} in a batch; with its note in the
client's history, and what SES tells of it.

{table(("a mail is", "requests to DynamoDB", "read units", "write units"), rows)}
"""


def _cost(found: Found) -> str:
    steps = found.steps
    writes = _MAILS * sum(step.writes for step in steps.values())
    reads = _MAILS * sum(step.reads for step in steps.values())
    told = 2 * _MAILS  # events of the mail service
    batches = {"mailer": _MAILS / BATCH, "outbox": _MAILS / BATCH, "mail_events": told / BATCH}
    seconds = {
        "emails": _MAILS * steps["queued (POST)"].seconds,
        "outbox": found.outbox[0].cpu * _MAILS / 1000,
        "mailer": found.few.elapsed * _MAILS / found.few.mails,
        "mail_events": told
        * (steps["its event Send"].seconds + steps["its event Delivery"].seconds)
        / 2,
    }
    gigabytes = sum(
        each * import_workers.memory_size(name) / 1024 for name, each in seconds.items()
    )
    invocations = _MAILS + sum(batches.values())
    # A message is sent, received and deleted: in batches of ten, but for those that SNS sends.
    queue = 3 * batches["mailer"] + told + 2 * batches["mail_events"]
    parts = [
        ("DynamoDB, write units", writes, WRITE_UNIT),
        ("DynamoDB, read units", reads, READ_UNIT),
        ("SES, mails", _MAILS, SES_MAIL),
        ("SNS, events", told, SNS_REQUEST),
        ("SQS, requests", queue, SQS_REQUEST),
        ("HTTP API, requests", _MAILS, HTTP_REQUEST),
        ("Lambda, invocations", invocations, INVOCATION),
        ("Lambda, GB-seconds", gigabytes, GB_SECOND),
    ]
    rows = [(name, f"{number:,.0f}", f"{number * price:.4f}") for name, number, price in parts]
    total = sum(number * price for _, number, price in parts)
    return f"""### Cost of {_MAILS:,} mails

Dollars at list prices: as above, SES $0.10 for 1,000 mails, SNS $0.50 a million events; SQS brings
them one by one. The table's stream costs nothing to Lambda. GB-seconds are CPU times, and for the
mailer the elapsed time at {_SMALL_RATE} mails a second: it is paid for while it waits its turn.

{table(("part", "number", "dollars"), [*rows, ("in all", "", f"{total:.4f}")])}
"""


def _rates(found: Found) -> str:
    runs = {
        f"{found.many.rate:g} a second": found.many,
        f"{found.few.rate:g} a second": found.few,
        f"{found.refused.rate:g}, the parameter says {found.few.rate:g}": found.refused,
    }
    rows = [
        (
            name,
            f"{run.mails:,}",
            f"{run.left:,}",
            run.mails - run.left,
            run.doubled,
            f"{run.refused:,}",
            run.deliveries - run.mails,
            f"{(run.left - 1) / run.seconds:.1f}",
            f"{run.share:.1%}",
        )
        for name, run in runs.items()
    ]
    head = (
        *("SES permits", "mails", "left", "lost", "doubled", "refused and tried again"),
        *("delivered again", "mails a second", "of the permitted"),
    )
    shown = {", ".join(run.statuses) for run in runs.values()}
    return f"""### At the rate of SES

The parameter MailRate says what SES permits. The stub refuses what is faster
(TooManyRequestsException, by a bucket of tokens that holds a second's worth and is empty at first)
and takes {mail_rate.ANSWER:g} seconds to answer. {WORKERS} workers get batches of {BATCH}; what
fails comes back when SQS would show it again. The stub counts mails by their tag `email_id`.

{table(head, rows)}

Of the permitted rate: {found.many.rate:g} a second: {reached(found.many.share, _SHARE)},
{found.few.rate:g} a second: {reached(found.few.share, _SHARE)}. In the table in the end, all of
them: {", ".join(sorted(shown))}.
"""


def _outbox(found: Found) -> str:
    rows = [
        (each.batch, f"{each.cpu * 1000:.0f}", each.invocations, each.sent) for each in found.outbox
    ]
    head = ("records in a batch", "CPU ms", "invocations", "requests to SQS")
    return f"""### Outbox

For 1,000 mails that were queued. It asks nothing of the table.

{table(head, rows)}
"""
