"""What a history tells of."""

from typing import Literal

type Kind = Literal[
    "note", "email", "call", "sms", "task", "payment", "invoice", "estimate", "portal", "client"
]
