"""A German that is English in white brackets: what stands outside of them on a page, no translator is given.

`pseudo_german` lets an application speak it; `leaks` finds what a page says without it. Knows no page.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from echo import languages

CODE: Final = "de"
GERMAN: Final = {"Accept-Language": CODE}
"""Headers of a browser that asks for it."""
LETTER: Final = re.compile(r"[^\W\d_]")
ATTRIBUTES: Final = ("aria-label", "title", "placeholder", "alt", "data-tip", "data-busy")
VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
UNREAD: Final = frozenset({"script", "style", "code", "kbd", "time"})
"""Elements whose text is no sentence: programs, names of keys, days (Babel says those)."""
NAMES: Final = (
    *("Echo", "Google", "Markdown", "JSON", "Ctrl Shift O", "Ctrl K"),
    *(language.name for language in languages.LANGUAGES.values()),
)
"""The same in every language: products, forms of files, keys before the script draws them, languages."""


def leaks(html: str, known: Collection[str] = ()) -> list[str]:
    """Return every text and attribute with letters outside of brackets; `known` are people's own words."""
    reader = _Reader([*known, *NAMES])
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Walks through a page, also through its templates and what is for browsers without scripts."""

    def __init__(self, known: Collection[str]) -> None:
        super().__init__()
        self.known = sorted(known, key=len, reverse=True)
        self.open: list[tuple[str, bool]] = []
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        unread = self._is_unread() or tag in UNREAD or _is_no_german(values)
        if not unread:
            for name in (*ATTRIBUTES, *(["content"] * (values.get("name") == "description"))):
                text, depth = _outside(values.get(name, ""), 0)
                self._judge(f"<{tag} {name}>", text if depth == 0 else values[name])
        if tag not in VOID:
            self.open.append((tag, unread))

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _ in self.open) and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._is_unread():
            text, self.depth = _outside(data, self.depth)
            self._judge(f"<{self.open[-1][0]}>" if self.open else "", text)

    def _is_unread(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def _judge(self, place: str, text: str) -> None:
        rest = text
        for each in self.known:
            rest = rest.replace(each, "")
        if LETTER.search(rest):
            self.found.append(f"{place} {' '.join(text.split())}")


def _is_no_german(values: dict[str, str]) -> bool:
    is_name = values.get("translate") == "no" or values.get("class") == "avatar"
    return is_name or values.get("lang", CODE) != CODE


def _outside(text: str, depth: int) -> tuple[str, int]:
    """Return what stands outside of brackets, and how many of them are open at the end."""
    kept = []
    for char in text:
        depth -= char == "⟧"
        if depth == 0 and char not in "⟦⟧":
            kept.append(char)
        depth += char == "⟦"
    return "".join(kept), depth


def bracketed(text: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Return a text, or every form of one, in brackets."""
    return f"⟦{text}⟧" if isinstance(text, str) else tuple(f"⟦{form}⟧" for form in text)


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of translations in which every text of the sources has one, in brackets."""
    from babel.messages import Catalog  # slow to import, and few tests need them
    from babel.messages.mofile import write_mo

    from scripts import translations

    catalogue = Catalog(locale=CODE, charset="utf-8")
    for message in translations.texts("messages"):
        if message.id:
            catalogue.add(message.id, bracketed(message.id))
    folder = tmp_path_factory.mktemp("pseudo")
    file = folder / CODE / "LC_MESSAGES" / "messages.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as out:
        write_mo(out, catalogue)
    return folder


@pytest.fixture
def pseudo_german(app: Flask, pseudo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, which says German texts in brackets."""
    from flask_babel import Domain

    domain = Domain([str(pseudo_folder)])  # one of its own: each keeps what it has read
    monkeypatch.setattr(languages.babel, "domain_instance", domain)
    return app
