"""Processes that do what is measured of mail: the real functions, watched, and the floor."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench import import_workers
from tests.bench.builds import Build
from tests.bench.import_workers import CONTAINER, MEASURED, Place, Process

# The function as it is, whose calls note what CPU their thread spent. "uncached": each mail is
# rendered as if it were the container's first.
_WATCHED = (
    CONTAINER.rpartition("serve(work)")[0]
    + """
from tallybook import queues
from tallybook.mail import composing, rendering, ses
from time import thread_time
spent = []
def watched(name, do):
    def run(*given, **named):
        before = thread_time()
        try:
            return do(*given, **named)
        finally:
            spent.append((name, thread_time() - before))
    return run
render = composing.render
kept_things = [each for each in vars(rendering).values() if hasattr(each, "cache_clear")]
def forgetful(*given, **named):
    for each in kept_things:
        each.cache_clear()
    return render(*given, **named)
for name, client in (("dynamodb", dynamodb.client), ("ses", ses.client), ("sqs", queues.client)):
    client._make_api_call = watched(name, client._make_api_call)
    if client is not dynamodb.client:
        client.meta.events.register("before-call", note)
def work(asked):
    composing.render = watched("rendering", forgetful if asked["uncached"] else render)
    def invoke():
        spent.clear()
        failed = app.handler(asked["event"], context)["batchItemFailures"]
        parts = {}
        for name, seconds in spent:
            parts[name] = parts.get(name, 0) + seconds
        return {"failed": failed, "parts": parts}
    return invoke
serve(work)
"""
)
# The least that a mail takes: compiled templates with as much in them as the mails have, and boto3.
_FLOOR = (
    MEASURED
    + """
import boto3
from jinja2 import Environment
from time import thread_time
client = boto3.client("sesv2")
plain, markup = Environment(), Environment(autoescape=True)
texts = json.loads(sys.argv[1])
subject, text = (plain.from_string(texts[name]) for name in ("subject", "text"))
html = markup.from_string(texts["html"])
request = texts["request"]
def send(mail):
    begun = thread_time()
    made = [each.render(mail) for each in (subject, text, html)]
    rendered = thread_time()
    subject_, text_, html_ = ({"Data": each, "Charset": "UTF-8"} for each in made)
    content = {"Simple": {"Subject": subject_, "Body": {"Text": text_, "Html": html_},
                          "Headers": request["headers"]}}
    client.send_email(**request["call"], Content=content, Destination={"ToAddresses": [mail["to"]]},
                      EmailTags=[{"Name": "email_id", "Value": mail["email_id"]}])
    return rendered - begun, thread_time() - rendered
def work(mails):
    def all_of():
        pairs = [send(mail) for mail in mails]
        return {"parts": {"rendering": sum(p[0] for p in pairs), "ses": sum(p[1] for p in pairs)}}
    return all_of
serve(work)
"""
)


@contextmanager
def mailer(shipped: Build, place: Place) -> Iterator[Process]:
    """A container of `mailer` that says where its CPU went."""
    with import_workers.container("mailer", shipped, place, script=_WATCHED) as process:
        yield process


@contextmanager
def floor(texts: str, place: Place) -> Iterator[Process]:
    with import_workers.started(["-I", "-c", _FLOOR, texts], place) as process:
        yield process


def event(function_event: dict[str, Any], *, uncached: bool = False) -> dict[str, Any]:
    """What a watched container is asked."""
    return {"event": function_event, "keep": [], "uncached": uncached}
