"""A process that reads one document: `python -m echo.parsing.worker`, and then it ends.

It reads one line of JSON, `{"path", "name", "key", "pages", "chars", "memory", "seconds"}`, and writes
`{"kind"}`, then `{"passages": […]}`, some in each line, then `{"end": {"pages", "chars"}}`, or `{"refused"}`.
Of a picture it tells `{"picture": {"width", "height"}}` and `{"bytes": "content" or "preview", "part"}`.
One process for one document: what a hostile file does to its reader ends with it, and no other document is
in its memory. The system ends it where it takes more memory or time than it may.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from echo.parsing import kinds, passages, pictures
from echo.parsing.pages import Limits, Page, Refused
from echo.parsing.pictures import Sizes

NICENESS: Final = 10  # whoever answers goes first
TOGETHER: Final = 10  # passages in a line: so many are written at once
NO_TEXT: Final = "There is no text in this file."
TOO_LARGE: Final = "This file takes more memory to read than it may."
UNREADABLE: Final = "This file is damaged, or made so that it cannot be read."


def main() -> int:
    """Read one document."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    asked = json.loads(sys.stdin.readline())
    _bound(asked["memory"], asked["seconds"])
    try:
        for said in _said(asked):
            sink.write(json.dumps(said) + "\n")
            sink.flush()
    except BrokenPipeError:
        os._exit(0)
    return 0


def _bound(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _said(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        yield from _read(asked)
    except Refused as why:
        yield {"refused": str(why)}
    except MemoryError:
        yield {"refused": TOO_LARGE}
    except Exception as failure:
        print(f"echo.parsing: {type(failure).__name__}", file=sys.stderr)
        yield {"refused": UNREADABLE}


def _read(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    raw = Path(asked["path"]).read_bytes()
    picture = pictures.kind_of(raw, asked["name"])
    if picture is not None:
        yield {"kind": picture}
        yield from pictures.told(raw, Sizes(**asked["picture"]))
        yield {"end": {"pages": None, "chars": 0}}
        return
    yield from _read_text(raw, asked)


def _read_text(raw: bytes, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    limits = Limits(asked["pages"], asked["chars"])
    kind, read = kinds.of(raw, asked["name"])
    yield {"kind": kind}
    seen = _Counting(read(raw, limits))
    last = None
    found = passages.cut(seen)
    while some := list(islice(found, TOGETHER)):
        last = some[-1]
        yield {"passages": [passages.told(one, asked["name"], asked["key"]) for one in some]}
    if last is None:
        raise Refused(NO_TEXT)
    yield {"end": {"pages": seen.last, "chars": last.end}}


class _Counting:
    """Pages as they go by; `last` is the number of the last one, None where there are no numbers."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self.last: int | None = None

    def __iter__(self) -> Iterator[Page]:
        for page in self._pages:
            self.last = page.number
            yield page


if __name__ == "__main__":
    sys.exit(main())
