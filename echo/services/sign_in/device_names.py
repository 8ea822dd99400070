"""A browser's own long name in two words that people know. Knows no devices and no pages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from echo.languages import gettext, mark

BRIEF: Final = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
UNKNOWN: Final = mark("A program")
PHONES: Final = ("iOS", "Android")
FIRST_WORD_MAX: Final = 24


class DeviceName(NamedTuple):
    """Its parts as far as they are known, and which picture fits: "screen", "phone" or "program"."""

    name: str
    system: str
    kind: str

    @property
    def title(self) -> str:
        """What to call it, in the reader's language."""
        if self.system:
            return gettext("%(browser)s on %(system)s", browser=self.name, system=self.system)
        if self.name:
            return gettext("A program (%(name)s)", name=self.name)
        return gettext(UNKNOWN)


@lru_cache(maxsize=512)
def readable(user_agent: str) -> DeviceName:
    """Return Firefox and Windows for a browser; for anything else the first word of what it calls itself.

    Pure, and slow at first use (it reads a thousand patterns): call it by `hub.run_native`.
    """
    from ua_parser import parse  # when the first list is shown, not at the start

    found = parse(user_agent)
    if found.user_agent is None or found.os is None:
        return DeviceName(_first_word(user_agent), "", "program")
    browser = found.user_agent.family.removesuffix(" Mobile").removeprefix("Mobile ")
    system = BRIEF.get(found.os.family, found.os.family)
    return DeviceName(browser, system, "phone" if system in PHONES else "screen")


def readable_all(user_agents: list[str]) -> list[DeviceName]:
    """Return the name of each."""
    return [readable(each) for each in user_agents]


def _first_word(user_agent: str) -> str:
    word = re.match(r"[\w.\-]+", user_agent)
    return word[0][:FIRST_WORD_MAX] if word else ""
