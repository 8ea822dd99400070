"""The number of the request, or socket event, in whose name something is done; every line of log has it.

Edges begin one; work that outlives its request is given it along. Knows no request and no socket.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any, Final

from structlog.contextvars import bind_contextvars, get_contextvars

HEADER: Final = "X-Request-ID"
FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")
"""What is taken from a proxy: nothing that could begin another line of a log, or another field."""


def begin(given: str | None = None) -> str:
    """Give this green thread a number: the one of its proxy where that has the form, else a new one."""
    number = given if given and FORM.fullmatch(given) else secrets.token_hex(8)
    bind_contextvars(request_id=number)
    return number


def current() -> str:
    """Return the number of what is being done; empty where nobody has asked for it."""
    number: str = get_contextvars().get("request_id", "")
    return number


def carried(work: Callable[..., object]) -> Callable[..., object]:
    """Return `work` for a green thread of its own, which has this one's number."""
    number = current()

    def run(*args: Any) -> object:
        if number:
            bind_contextvars(request_id=number)
        return work(*args)

    return run
