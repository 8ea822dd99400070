"""A browser's own long name in two words that people know. Knows no devices and no pages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

BRIEF: Final = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
PHONES: Final = ("iOS", "Android")
UNKNOWN: Final = "A program"
FIRST_WORD_MAX: Final = 24


class DeviceName(NamedTuple):
    """What to call it, and which picture fits: "screen", "phone" or "program"."""

    title: str
    kind: str


@lru_cache(maxsize=512)
def readable(user_agent: str) -> DeviceName:
    """Return "Firefox on Windows" for a browser; for anything else "A program" with its first word.

    Pure, and slow at first use (it reads a thousand patterns): call it by `hub.run_native`.
    """
    from ua_parser import parse  # when the first list is shown, not at the start

    found = parse(user_agent)
    if found.user_agent is None or found.os is None:
        return DeviceName(_program(user_agent), "program")
    browser = found.user_agent.family.removesuffix(" Mobile").removeprefix("Mobile ")
    system = BRIEF.get(found.os.family, found.os.family)
    return DeviceName(f"{browser} on {system}", "phone" if system in PHONES else "screen")


def readable_all(user_agents: list[str]) -> list[DeviceName]:
    """Return the name of each."""
    return [readable(each) for each in user_agents]


def _program(user_agent: str) -> str:
    word = re.match(r"[\w.\-]+", user_agent)
    return f"{UNKNOWN} ({word[0][:FIRST_WORD_MAX]})" if word else UNKNOWN
