"""Every text of the administrators' pages comes from the catalogue: read in a language made for this test."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any

import flask_babel
import pytest
from babel.support import NullTranslations
from flask import Flask
from flask.testing import FlaskClient

from echo import logs
from echo.extensions import db
from echo.models import (
    Feedback,
    GuardAct,
    GuardDecision,
    GuardKind,
    GuardPlace,
    GuardRule,
    Message,
    MessageRating,
    Persona,
    Role,
    RoleName,
    SharedPrompt,
    User,
    Visibility,
)
from echo.services import audit
from echo.services.audit import Act
from echo.services.chats import failures
from echo.services.people import invites
from echo.services.sharing import Wish, shares
from scripts import translations
from tests.services.people import conversation_of

SAID = ("aria-label", "title", "placeholder", "data-tip", "data-label")
"""No `alt`: the only pictures with one are charts, and what is told of them comes with the picture."""
SILENT = {"script", "style", "code", "svg", "time", "noscript"}
SILENT_CLASSES = {
    "id",  # keys, hashes, and what acts of the trail were about
    "chart-words",  # as `alt`
}
STORED = {"what"}  # a column of what the log says
VOID = {"br", "hr", "img", "input", "link", "meta", "source"}
PAIR = re.compile("⟦[^⟦⟧]*⟧")
ALLOWED = re.compile(
    r"""
    Echo|CSV|PNG|PDF|Google            # names of things
    |the_\w+(@example\.org)?|t|walrus\s.*|marmot\s.*|bird\s.*  # people, and what they wrote
    |echo-\w+|scripted|test            # models, and the tests' browser
    |UTC|([\d.]+\s)?(ms|kB|[MG]B|s)    # units
    |You\sare\sEcho|a\sfriendly\sassistant.*  # the prompt, which models are told in English
    |[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64}  # keys and hashes of rows
    """,
    re.VERBOSE,
)


@cache
def gathered() -> set[str]:
    """Return every text that translators are given."""
    found: set[str] = set()
    for message in translations.texts("messages"):
        found.update((message.id,) if isinstance(message.id, str) else message.id)
    return found


class Bracketed(NullTranslations):
    """A language in which every gathered text stands in brackets, and no other one."""

    def ugettext(self, text: str) -> str:
        assert text, "nobody asks for the translation of nothing: gettext answers with its header"
        return f"⟦{text}⟧" if text in gathered() else text

    def ungettext(self, one: str, many: str, number: int) -> str:
        return self.ugettext(one if number == 1 else many)

    def upgettext(self, _context: str, text: str) -> str:
        return self.ugettext(text)


class Leftover(HTMLParser):
    """Gathers what is said outside of brackets; a translation may have elements inside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []  # whether each element around is silent
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        silent = tag in SILENT or not SILENT_CLASSES.isdisjoint(has.get("class", "").split())
        silent = silent or has.get("data-column") in STORED or self._is_silent
        for name in SAID:
            if not silent:
                self._tell(bare(has.get(name, "")), name)
        if tag not in VOID:
            self._open.append(silent)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        said = []
        for letter in data:
            self._depth += letter == "⟦"
            if not self._depth and not self._is_silent:
                said.append(letter)
            self._depth -= letter == "⟧"
        self._tell("".join(said), "text")

    @property
    def _is_silent(self) -> bool:
        return bool(self._open) and self._open[-1]

    def _tell(self, text: str, where: str) -> None:
        for piece in pieces(text):
            if not ALLOWED.fullmatch(piece):
                self.found.append(f"{where}: {piece}")


def pieces(text: str) -> list[str]:
    """Return the parts of a text that hold words, without the signs between them."""
    parts = (part.strip(" .-\n") for part in re.split(r"[^\w@.\-\s]", text))
    return [part for part in parts if re.search(r"[^\W\d_]{2}", part)]


def bare(text: str) -> str:
    """Return what stands outside of brackets, which may stand in each other."""
    while (rest := PAIR.sub("", text)) != text:
        text = rest
    return text


def left_in(page: str) -> list[str]:
    """Return the texts of an admin page that no translator has seen, without the frame of all pages."""
    reader = Leftover()
    reader.feed(page[page.index('<div class="admin">') :].partition("</main>")[0])
    return reader.found


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flask_babel.Domain, "get_translations", lambda _self: Bracketed())


@pytest.fixture
def rows(app: Flask, people: dict[str, User]) -> dict[str, Any]:
    """One row of each table at least, and its key."""
    root, user = people["super_admin"], people["user"]
    chat = conversation_of(user)
    reply = db.session.query(Message).filter_by(role="assistant").first()
    assert reply is not None
    reply.error_text = failures.LOST
    opinion = Feedback(user_id=user.id, opinion="bird opinion", category="idea", rating=3)
    prompt = SharedPrompt(name="bird prompt", text="bird text", least_role="user")
    persona = Persona(name="bird persona", emoji="🐦", system_prompt="bird song", least_role="user")
    rule = GuardRule(
        name="bird rule", place=GuardPlace.BOTH, kind=GuardKind.WORDS, what="bird song", act=GuardAct.FLAG,
        reason="bird reason", is_on=True,
    )  # fmt: skip
    decision = GuardDecision(
        user_id=user.id, rule_id=None, rule_name="bird rule", place=GuardPlace.QUESTION,
        act=GuardAct.FLAG, reason="bird reason", excerpt="bird song", objection="bird objection",
        awaits=True, message_id=reply.id,
    )  # fmt: skip
    db.session.add_all([opinion, prompt, persona, rule, decision])
    db.session.add(
        MessageRating(message_id=reply.id, user_id=user.id, rating=-1, reasons=["other"])
    )
    db.session.commit()
    invites.make(root, note="", max_uses=2, days=3)
    shared = shares.share(user.id, chat.id, Wish(Visibility.PUBLIC)).row
    for act in Act:
        audit.record(act, root, subject_id=user.id, target="messages", role="super_admin")
    audit.record(Act.SETTINGS_CHANGED, None, help=["on", "off"], top_k=[None, 3])
    role = db.session.query(Role).filter_by(name=RoleName.ANALYST).one()
    return {
        "chat": chat.id, "message": reply.id, "opinion": opinion.id, "prompt": prompt.id,
        "share": shared.id, "user": user.id, "role": role.id, "persona": persona.id,
        "rule": rule.id, "decision": decision.id,
    }  # fmt: skip


FILES = {"export", "chart_file", "report", "fetch", "state"}  # no pages
ELSEWHERE = {"admin_models.add", "admin_models.edit", "admin_models.remove"}
"""Looked at in test_translated_models.py, with models."""
PAGES = (
    "", "?days=7", "?from=2026-03-02&to=2026-03-01",
    "charts/signups?days=365", "charts/hours", "charts/retention?days=90", "charts/endings",
    "users/", "users/?search=nobody-at-all", "users/?id=x", "users/new/",
    "users/details/?id={user}", "users/edit/?id={user}", "users/delete/?id={user}",
    "devices/", "pictures/", "pictures/new/", "invites/", "invites/new/",
    "roles/", "roles/edit/?id={role}", "use/", "use/?role=user",
    "conversations/", "conversations/details/?id={chat}", "messages/", "messages/details/?id={message}",
    "shares/", "shares/details/?id={share}", "ratings/",
    "feedback/", "feedback/details/?id={opinion}", "feedback/answer/?id={opinion}",
    "prompts/", "prompts/new/", "prompts/details/?id={prompt}", "prompts/edit/?id={prompt}",
    "prompts/delete/?id={prompt}",
    "personas/", "personas/new/", "personas/details/?id={persona}", "personas/edit/?id={persona}",
    "personas/delete/?id={persona}",
    "guardrails/", "guardrails/new/", "guardrails/details/?id={rule}", "guardrails/edit/?id={rule}",
    "guardrails/delete/?id={rule}",
    "guard_decisions/", "guard_decisions/details/?id={decision}",
    "guard_decisions/answer/?id={decision}",
    "audit/", "audit/?sort=0", "health/", "models/", "settings/", "downloads/",
)  # fmt: skip


def test_every_page_is_among_them(app: Flask) -> None:
    addresses = app.url_map.bind("localhost")
    looked_at = {addresses.match(f"/admin/{path.partition('?')[0]}")[0] for path in PAGES}
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin/") and "GET" in (rule.methods or ())
    }
    files = {each for each in pages if each.rpartition(".")[2] in FILES}
    assert pages - files - looked_at - ELSEWHERE == set()


@pytest.mark.usefixtures("bracketed")
def test_no_page_says_what_no_translator_has_seen(
    as_role: Callable[[str], FlaskClient], rows: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "echo.admin.health.logged_errors", logs.LastErrors()
    )  # other tests leave theirs
    root = as_role("super_admin")
    found = {}
    for path in PAGES:
        answer = root.get(f"/admin/{path.format(**rows)}", headers={"Accept-Language": "de"})
        assert answer.status_code in (200, 400), (path, answer.status_code)
        if left := left_in(answer.text):
            found[path] = left
    assert not found, "\n".join(f"{path}: {left}" for path, left in found.items())


@pytest.mark.usefixtures("bracketed")
def test_acts_are_asked_about_and_told_in_the_readers_language(
    as_role: Callable[[str], FlaskClient], rows: dict[str, Any]
) -> None:
    root = as_role("super_admin")
    asked = {"action": "sign_out", "rowid": str(rows["user"])}
    for path, data in (
        ("users/action/", asked),
        ("users/action/", {**asked, "confirmed": "yes"}),
        ("users/reset-link/?id={user}", {}),
        ("users/unlock/?id={user}", {}),
        ("audit/verify/", {}),
        ("feedback/open/?id={opinion}", {}),
        ("settings/reset/", {"name": "help"}),
    ):
        answer = root.post(
            f"/admin/{path.format(**rows)}", data=data, follow_redirects=True,
            headers={"Accept-Language": "de"},
        )  # fmt: skip
        assert answer.status_code == 200, path
        assert not left_in(answer.text), path


def test_the_reader_of_pages_finds_what_is_left() -> None:
    page = (
        '<div class="admin"><p title="Hidden">⟦Said <b>well⟧</b> not so</p><code>code</code></div>'
    )
    assert left_in(page) == ["title: Hidden", "text: not so"]
