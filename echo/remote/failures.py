"""What can go wrong at a server elsewhere: for the person who asked, for the log, and for the next try.

Knows no sockets; docs/engines.md has the same table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Final

from echo.clock import utc_now

REST_SECONDS: Final = 1.0
LONGEST_REST_SECONDS: Final = 60.0
LONGEST_TOLD_REST_SECONDS: Final = 600.0
DETAIL_CHARS: Final = 200
LENGTH_CODES: Final = ("context_length_exceeded", "exceed_context_size_error")
LENGTH_WORDS: Final = re.compile(
    r"context (length|size|window)|maximum model length|longer than the .*(context|model)|too many tokens",
    re.IGNORECASE,
)

UNKNOWN_WORDS: Final = re.compile(
    r"unrecogni|unsupported|not support|unknown|unexpected|not permitted|extra_forbidden|not allowed",
    re.IGNORECASE,
)
"""A refusal of a field itself, not of its value."""

AWAY: Final = "The model's server cannot be reached. Please try again shortly."
SILENT: Final = "The model's server did not begin to answer in time. Please try again."
STUCK: Final = "The model's server fell silent in the middle of the answer."
CUT: Final = "The connection to the model's server broke before the answer was complete."
ENDLESS: Final = "The model's server sent something without an end."
GARBAGE: Final = (
    "What the model's server sent is not an answer. An administrator has to look at it."
)
REFUSED_KEY: Final = (
    "The model's server does not let Echo in. An administrator has to look at its key."
)
UNKNOWN_MODEL: Final = "The model's server does not know this model. Please choose another one."
BROKEN: Final = "The model's server failed. Please try again."
REFUSED: Final = "The model's server refused the request."
TOO_LONG: Final = (
    "The conversation is longer than the model reads. Please shorten it, or begin a new one."
)
CROWDED: Final = "The model's server has too much to do just now. Please try again in a moment."


class Again(Enum):
    """Where the same request may still go through."""

    LATER = auto()  # or at another server
    ELSEWHERE = auto()
    NOWHERE = auto()


class RemoteFailure(Exception):
    """One try has failed.

    `text` is for the person, `detail` for log and administrators. `rest`: seconds for which this server had
    better not be asked; 0: it is not at fault, None: longer after each failure. `unknown`: words that
    name what of the request the server does not know.
    """

    def __init__(
        self,
        text: str,
        detail: str,
        *,
        code: str = "engine_failed",
        again: Again = Again.LATER,
        rest: float | None = None,
        unknown: str = "",
    ) -> None:
        super().__init__(detail)
        self.text = text
        self.detail = detail[:DETAIL_CHARS]
        self.code = code
        self.again = again
        self.rest = rest
        self.unknown = unknown


@dataclass(frozen=True)
class Told:
    """What the body of a refusal says."""

    message: str
    code: str = ""
    param: str = ""


def of_status(status: int, headers: Mapping[str, str], body: bytes) -> RemoteFailure:
    """Return the failure that an answer of this status means."""
    told = read_error(body)
    detail = f"status {status}: {told.message}"
    if status in (401, 403):
        detail = f"status {status}: it refuses the key (ECHO_ENGINE_KEY)"
        return RemoteFailure(REFUSED_KEY, detail, again=Again.ELSEWHERE)
    if status in (429, 503):
        rest = retry_after(headers) or None  # 0 would mean that the server is not at fault
        return RemoteFailure(CROWDED, detail, rest=rest)
    if status in (400, 413, 422):
        return _of_refusal(told, detail)
    if status == 404:
        return RemoteFailure(UNKNOWN_MODEL, detail, again=Again.ELSEWHERE, rest=0)
    if status in (408, 409, 425) or status >= 500:
        return RemoteFailure(BROKEN, detail)
    return RemoteFailure(GARBAGE, detail, again=Again.ELSEWHERE)


def of_event(error: Any) -> RemoteFailure:
    """Return the failure that an error in a stream means."""
    told = _told(error)
    if _is_too_long(told):
        return RemoteFailure(TOO_LONG, told.message, code="too_long", again=Again.NOWHERE, rest=0)
    return RemoteFailure(BROKEN, f"in its stream: {told.message}")


def _of_refusal(told: Told, detail: str) -> RemoteFailure:
    if _is_too_long(told):
        return RemoteFailure(TOO_LONG, detail, code="too_long", again=Again.NOWHERE, rest=0)
    words = f"{told.param} {told.message}"
    return RemoteFailure(
        REFUSED,
        detail,
        code="bad_request",
        again=Again.NOWHERE,
        rest=0,
        unknown=words if UNKNOWN_WORDS.search(f"{told.code} {words}") else "",
    )


def _is_too_long(told: Told) -> bool:
    return told.code in LENGTH_CODES or bool(LENGTH_WORDS.search(told.message))


def read_error(body: bytes) -> Told:
    """Return what an error's body says; of a page of HTML only that it is one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Told("a page of HTML" if b"<html" in body[:1000].lower() else "no JSON")
    if isinstance(found, dict):
        return _told(found.get("error", found.get("detail", found)))
    return _told(found)


def _told(error: Any) -> Told:
    if not isinstance(error, dict):
        return Told(str(error)[:DETAIL_CHARS])
    kinds = [str(error.get(name) or "") for name in ("code", "type")]
    code = next((kind for kind in kinds if kind in LENGTH_CODES), kinds[0])
    message = str(error.get("message") or error)[:DETAIL_CHARS]
    return Told(message, code, str(error.get("param") or ""))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks for, by number or date; None where it does not."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = (
            float(value) if value[:1].isdigit()
            else (parsedate_to_datetime(value) - utc_now()).total_seconds()
        )  # fmt: skip
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_TOLD_REST_SECONDS)
