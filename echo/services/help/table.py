"""The help table: what Echo can do and where, read once from `entries.toml`. Knows no page and no model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from echo.policies import Right, RoleName, allows
from echo.services.help.facts import Facts

FILE: Final = Path(__file__).with_name("entries.toml")
AUDIENCES: Final = {
    "everybody": Right.ANYONE,
    "analysts": Right.CHARTS,
    "admins": Right.PEOPLE,
    "super_admins": Right.SYSTEM,
}


MARKUP: Final = re.compile(r"\*\*(?P<label>.+?)\*\*|`(?P<key>.+?)`")


class Piece(NamedTuple):
    """A stretch of an entry's text: plain words, a label of the page ("label") or a key ("key")."""

    kind: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One thing that Echo can do: in people's words, and where it is done."""

    id: str
    group: str
    title: str
    text: str
    keywords: tuple[str, ...]
    place: str = ""
    link: str = ""
    """Where it leads, if anywhere: an endpoint, perhaps with a fragment ("home.index#settings-data")."""
    who: str = "everybody"
    pages: tuple[str, ...] = ()
    when: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> Right:
        return AUDIENCES[self.who]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that the entry may have, in whatever state the site is."""
        return (self.text, *self.when.values())

    def is_for(self, role: RoleName | None) -> bool:
        return allows(role, self.right)

    def pieces(self, facts: Facts) -> list[Piece]:
        """Return the text as it holds here: the first one whose state holds, with its words filled in."""
        text = next((self.when[state] for state in self.when if state in facts.states), self.text)
        return list(pieces(text.format_map(facts.words)))

    def said(self, facts: Facts) -> str:
        """Return the text as it holds here, in plain words."""
        return "".join(piece.text for piece in self.pieces(facts))


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text of the table where its markup begins and ends."""
    at = 0
    for found in MARKUP.finditer(text):
        if found.start() > at:
            yield Piece("plain", text[at : found.start()])
        kind = str(found.lastgroup)
        yield Piece(kind, found[kind])
        at = found.end()
    if at < len(text):
        yield Piece("plain", text[at:])


@cache
def entries() -> tuple[Entry, ...]:
    """Return the whole table, in the file's order."""
    return tuple(_entry(row) for row in tomllib.loads(FILE.read_text("utf-8"))["entry"])


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**row | {name: tuple(row.get(name, ())) for name in ("keywords", "pages")})
