"""The forms of a page as a browser sees them. Knows no one form: what is shown is what is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask

from tests.security.world import World
from tests.web.browser import Browser

TYPED = ("text", "email", "password", "search", "number", "url", "tel", "hidden", "textarea")
KEPT = ("csrf_token",)


@dataclass
class Form:
    """Where a form is sent, and its fields with their present values by name."""

    page: str
    action: str
    values: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms = page, list[Form]()
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self._open = Form(self.page, given.get("action") or self.page)
            self.forms.append(self._open)
        elif self._open and tag in ("input", "textarea", "button"):
            self._field(self._open, tag, given)
        elif self._open and tag == "select":
            self._select = given.get("name", "")
        elif self._open and tag == "option" and self._select:
            if "selected" in given or self._select not in self._open.values:
                self._open.values[self._select] = given.get("value", "")

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text" if tag == "input" else tag)
        if not name or (kind in ("checkbox", "radio") and "checked" not in given):
            return
        form.values[name] = given.get("value", "")
        if kind in TYPED and name not in KEPT:
            form.typed.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""


def forms_of(browser: Browser, path: str) -> list[Form]:
    """Return the forms on a page that are sent by POST."""
    response = browser.get(path, buffered=True)
    if response.mimetype != "text/html" or response.status_code != 200:
        return []
    reader = _Reader(path)
    reader.feed(response.text)
    return reader.forms


def every_form(app: Flask, browser: Browser, world: World) -> Iterator[Form]:
    """Yield each form (by its action) of every page that this browser may open."""
    seen = set()
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        for form in forms_of(browser, world.path(app, rule)):
            if form.action not in seen and not form.action.startswith("/logout"):
                seen.add(form.action)
                yield form
