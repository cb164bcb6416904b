"""Where payment links lead: the page of the web app that asks GET /pay/{token}."""

import os

from tallybook.links.tokens import Named, token

_PAY_URL = os.environ["PAY_URL"].rstrip("/")


def url(named: Named) -> str:
    return f"{_PAY_URL}/{token(named)}"
