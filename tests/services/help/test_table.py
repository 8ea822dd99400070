"""The help table against what is really there: labels, keys, pages and settings, in both directions."""

from __future__ import annotations

import itertools
import re
import string

import pytest
from flask import Flask

from echo import policies
from echo.config import Settings
from echo.policies import Right, RoleName
from echo.services.help import entries, facts, search
from echo.services.help.table import AUDIENCES, Entry, pieces
from echo.services.site_settings import SiteSettings
from tests.services.help import interface

SLUG = re.compile(r"[a-z]+(?:-[a-z]+)*")
MOST_CHARS = 260
COMPOSER_KEYS = {"Enter", "Ctrl+Enter", "Shift+Enter"}
FOR_PROGRAMS = ("v1.", "v1_", "api_")
UNEXPLAINED_PAGES = {
    "static": "files, no page",
    "installing.manifest": "read by the browser",
    "installing.service_worker": "read by the browser",
    "health.healthz": "for programs that watch the server",
    "health.readyz": "for programs that watch the server",
    "metrics.text": "for programs that watch the server",
    "google_login.authorize": "Google leads there and Echo leads on: nobody stays",
    "settings_panels.own_account": "a piece of the settings, fetched by the chat page",
    "settings_panels.security": "a piece of the settings, fetched by the chat page",
    "personal.panel": "a piece of the settings, fetched by the chat page",
    "prompts.panel": "a piece of the settings, fetched by the chat page",
    "personas.panel": "a piece of the settings, fetched by the chat page",
    "prompts.listing": "asked by the message field after a slash",
    "second_factor.go_on": "leads on with what was ticked and typed: nobody stays",
    "conversations.row": "a piece of the list, fetched by the chat page",
    "chat_imports.state": "asked by one's own data while an import goes on",
    "admin_downloads.state": "asked by the page of downloads",
    "admin_downloads.fetch": "the file itself, behind a button of the page of downloads",
    "admin_devices.export": "the CSV that `admin-tables` tells of",
    "admin_prompts.export": "the CSV that `admin-tables` tells of",
    "admin_personas.export": "the CSV that `admin-tables` tells of",
    "admin_pictures.export": "the CSV that `admin-tables` tells of",
    "admin_invites.export": "the CSV that `admin-tables` tells of",
    "admin_ratings.export": "the CSV that `admin-tables` tells of",
    "admin_audit.export": "the CSV that `admin-tables` tells of",
    "admin_conversations.export": "the CSV that `admin-tables` tells of",
    "admin_messages.export": "the CSV that `admin-tables` tells of",
    "admin_shares.export": "the CSV that `admin-tables` tells of",
    "admin_guardrails.export": "the CSV that `admin-tables` tells of",
    "admin_guard_decisions.export": "the CSV that `admin-tables` tells of",
    "admin_feedback.export": "the CSV that `admin-tables` tells of",
}
UNEXPLAINED_LABELS = {
    "Cancel": "leaves a form, as everywhere",
    "Try again": "stands beside its reason",
    "Take back": "stands beside its reason",
    "Export this chat": "both of its buttons are told of by name",
}


def everything() -> Facts:
    return facts.of(Settings(_env_file=None), SiteSettings())


Facts = facts.Facts
ALL = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)


def marked(kind: str) -> set[str]:
    """Return every label or key that any entry names, in any state of the site."""
    return {
        piece.text
        for entry in entries()
        for text in entry.texts
        for piece in pieces(text)
        if piece.kind == kind
    }


def explained() -> set[str]:
    pages = {page for entry in entries() for page in (entry.link.partition("#")[0], *entry.pages)}
    return pages - {""}


# ── each entry by itself ────────────────────────────────────────────────────────────────────


@ALL
def test_entry_is_well_formed(entry: Entry) -> None:
    assert SLUG.fullmatch(entry.id)
    assert entry.who in AUDIENCES
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    assert set(entry.when) <= facts.STATES
    assert entry.keywords
    for text in entry.texts:
        filled = text.format_map(everything().words)
        assert len(entry.title) + len(filled) <= MOST_CHARS
        assert filled.endswith((".", "!", "FILE."))


@ALL
def test_placeholders_are_facts(entry: Entry) -> None:
    for text in entry.texts:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert names <= set(everything().words)


@ALL
def test_place_can_be_reached_by_those_who_see_the_entry(entry: Entry, app: Flask) -> None:
    endpoint = entry.link.partition("#")[0]
    weakest = policies.LEAST_ROLE.get(entry.right, RoleName.USER)
    assert bool(endpoint) is bool(entry.place)
    if endpoint:
        assert "GET" in {m for rule in app.url_map.iter_rules(endpoint) for m in rule.methods or ()}
    for page in filter(None, (endpoint, *entry.pages)):
        assert policies.allows(weakest, policies.of_route(page)), page


@ALL
def test_each_keyword_and_the_title_find_the_entry(entry: Entry) -> None:
    lost = [
        text
        for text in (entry.title, *entry.keywords)
        if entry not in search.find(text, RoleName.SUPER_ADMIN)
    ]
    assert lost == []


def test_entries_are_named_once_and_groups_stand_together() -> None:
    ids = [entry.id for entry in entries()]
    assert len(set(ids)) == len(ids)
    groups = [entry.group for entry in entries()]
    changes = sum(one != other for one, other in itertools.pairwise(groups))
    assert changes == len(set(groups)) - 1


# ── what entries name is there ──────────────────────────────────────────────────────────────


def test_every_label_that_is_named_stands_on_a_page() -> None:
    assert marked("label") - interface.labels() == set()


def test_every_key_that_is_named_does_something() -> None:
    assert marked("key") - set(interface.shortcuts()) - COMPOSER_KEYS == set()
    composer = (interface.ROOT / "static" / "js" / "composer.js").read_text()
    assert 'event.key === "Enter" && !event.shiftKey' in composer
    assert '"ctrl-enter"' in composer


def test_dialogs_that_links_open_are_there() -> None:
    """`/#settings-data` is opened by static/js/page_controls.js."""
    dialogs = (interface.ROOT / "templates" / "partials" / "dialogs.html").read_text()
    opened = {"feedback", "search"} | {
        f"settings-{name}" for name in re.findall(r'id="panel-(\w+)"', dialogs)
    }
    fragments = {
        fragment
        for endpoint, _, fragment in (entry.link.partition("#") for entry in entries())
        if fragment and endpoint == "home.index"
    }
    assert fragments <= opened
    assert opened - fragments == set()


def test_settings_of_the_server_that_are_named_exist() -> None:
    named = {
        word
        for entry in entries()
        for text in entry.texts
        for word in re.findall(r"\b(?:ECHO_[A-Z_]+|[A-Z]+_URL)\b", text)
    }
    assert named <= {str(field.alias) for field in Settings.model_fields.values()}


# ── what is there is named ──────────────────────────────────────────────────────────────────


def test_every_page_is_explained(app: Flask) -> None:
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(FOR_PROGRAMS)
    }
    assert pages - explained() - set(UNEXPLAINED_PAGES) == set()
    assert set(UNEXPLAINED_PAGES) - pages == set(), "an exception for a page that is gone"
    assert set(UNEXPLAINED_PAGES) & explained() == set(), "an exception that is none"


def test_every_shortcut_is_explained() -> None:
    assert len(interface.shortcuts()) > 10
    assert set(interface.shortcuts()) - marked("key") == set()


@pytest.mark.parametrize(
    ("found", "least"),
    [
        (interface.settings_controls, 14),
        (interface.site_settings_controls, 10),
        (interface.menu_items, 11),
        (interface.message_buttons, 10),
    ],
)
def test_every_control_is_explained(found: object, least: int) -> None:
    controls = found()  # type: ignore[operator]
    assert len(controls) >= least, controls
    assert controls - marked("label") - set(UNEXPLAINED_LABELS) == set()


def test_exceptions_are_still_needed() -> None:
    controls = (
        interface.settings_controls()
        | interface.site_settings_controls()
        | interface.menu_items()
        | interface.message_buttons()
    )
    assert set(UNEXPLAINED_LABELS) <= controls
    assert set(UNEXPLAINED_LABELS) & marked("label") == set()


def test_every_page_of_the_administrators_menu_is_named(app: Flask) -> None:
    names = {item.name for item in app.extensions["admin"][0].menu()}
    assert names - marked("label") - {"Dashboard"} == set()
    assert any("Dashboard" in entry.title for entry in entries())


def test_nobody_reads_of_what_is_not_theirs() -> None:
    """An entry for everybody leads to no page of the administrators."""
    for entry in entries():
        if entry.right is Right.ANYONE:
            assert not entry.link.startswith("admin"), entry.id
