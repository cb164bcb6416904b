"""Calls of the running API as any HTTP client makes them."""

from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class Web:
    """The API, called with a token (or none)."""

    url: str
    token: str | None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> requests.Response:
        """One request; keyword `if_match` sends the header If-Match, and so on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, str):
            named.setdefault("Content-Type", "application/json")
            return requests.request(
                method, self.url + path, data=body.encode(), headers=named, timeout=30
            )
        return requests.request(
            method, self.url + path, json=body, params=query, headers=named, timeout=30
        )
