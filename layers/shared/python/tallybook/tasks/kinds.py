"""What tasks are about."""

from typing import Literal

type TaskKind = Literal["task", "call", "print"]
"""Something to do, somebody to telephone, something to print and post."""
type TaskStatus = Literal["open", "done"]
