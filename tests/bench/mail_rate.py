"""Many mails at a mail service that refuses what comes faster than its rate."""

import heapq
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tallybook.mail.pace import WORKERS
from tallybook.table import TABLE_NAME
from tests.bench import mail_workers
from tests.bench.import_workers import Process, Run
from tests.bench.mails import BATCH, Bench, Message, placed, queued, sqs_event

ANSWER = 0.1  # seconds that the mail service takes for an answer
_VISIBILITY = 360  # seconds


class Queue:
    """SQS with Lambda's pollers: batches of ten; what failed comes back when it is visible."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._waiting = [(0.0, number, message, 1) for number, message in enumerate(messages)]
        self._left = len(messages)
        self._lock = threading.Lock()
        self.deliveries = 0

    def take(self) -> list[tuple[Message, int]]:
        """Up to ten messages as soon as there are any; none when all are done."""
        while self._left:
            with self._lock:
                taken: list[tuple[Message, int]] = []
                while self._waiting and len(taken) < BATCH:
                    if self._waiting[0][0] > time.monotonic():
                        break
                    _, _, message, received = heapq.heappop(self._waiting)
                    taken.append((message, received))
                self.deliveries += len(taken)
            if taken:
                return taken
            time.sleep(0.01)
        return []

    def settle(
        self, taken: Sequence[tuple[Message, int]], failed: set[str], visible_in: dict[str, int]
    ) -> None:
        with self._lock:
            for message, received in taken:
                name = message["email_id"]
                if name not in failed:
                    self._left -= 1
                    continue
                seconds = visible_in.get(f"{name} {received}", _VISIBILITY)
                place = (time.monotonic() + seconds, len(self._waiting), message, received + 1)
                heapq.heappush(self._waiting, place)


@dataclass(frozen=True)
class Paced:
    """So many mails at a mail service that refuses what is faster than its rate."""

    mails: int
    rate: float
    left: int  # different mails that the mail service took
    doubled: int
    refused: int  # by the mail service, and tried again
    deliveries: int  # of messages
    seconds: float  # between the first mail and the last
    statuses: Counter[str]
    cpu: float  # of all workers, seconds
    elapsed: float  # of all workers, seconds

    @property
    def share(self) -> float:
        """Of the mails that the rate permits."""
        return (self.left - 1) / (self.seconds * self.rate)


def send_all(bench: Bench, *, mails: int, rate: float, permitted: float | None = None) -> Paced:
    """Needs a table to itself. `permitted` is the mail service's rate when it is another one."""
    messages = queued(bench, mails)
    waiting = Queue(messages)
    bench.behave(rate=permitted or rate, seconds=ANSWER)
    place = placed(bench.place.dynamodb, bench.place.edge, rate=rate)
    runs: list[Run] = []

    def work(worker: Process) -> None:
        while taken := waiting.take():
            run = worker.do(mail_workers.event(sqs_event(taken)))
            failed = {each["itemIdentifier"] for each in run.answer["failed"]}
            visible_in = bench.seen["visible_in"] if failed else {}
            waiting.settle(taken, failed, visible_in)
            runs.append(run)

    with ExitStack() as stack:
        workers = [
            stack.enter_context(mail_workers.mailer(bench.shipped, place)) for _ in range(WORKERS)
        ]
        threads = [threading.Thread(target=work, args=[worker]) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen = bench.seen
    return Paced(
        mails=mails,
        rate=permitted or rate,
        left=seen["mails"],
        doubled=len(seen["doubled"]),
        refused=seen["refused"],
        deliveries=waiting.deliveries,
        seconds=seen["seconds"],
        statuses=_statuses(bench),
        cpu=sum(run.cpu for run in runs),
        elapsed=sum(run.elapsed for run in runs),
    )


def _statuses(bench: Bench) -> Counter[str]:
    pages = bench.admin.get_paginator("scan").paginate(
        TableName=TABLE_NAME,
        FilterExpression="begins_with(sk, :mail)",
        ExpressionAttributeValues={":mail": {"S": "EMAIL#"}},
    )
    return Counter(item["row"]["M"]["status"]["S"] for page in pages for item in page["Items"])
