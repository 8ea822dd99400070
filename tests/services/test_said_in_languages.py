"""What services and edges refuse is said in the reader's language: in a German of English in brackets."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import pytest
from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain

from echo import errors, languages
from echo.config import ROOT
from echo.errors import EchoError
from echo.extensions import db
from echo.limits import MESSAGE_CHARS
from echo.models import Document, Message, User
from echo.remote import failures as remote_failures
from echo.services import storage
from echo.services.accounts import names, one_time_links, passwords, profile_pictures
from echo.services.chats import chat_settings, conversations, failures, folders, titles, wire
from echo.services.chats.imports.apart import taken_apart
from echo.services.documents import refusals, shelf
from echo.services.prompts import saved
from echo.services.sign_in import device_names, login_delays
from echo.services.turns import quotas, safety
from echo.sockets import payloads
from echo.text import message
from scripts import translations
from tests.conftest import Tab

GERMAN: Final = {"Accept-Language": "de"}


@cache
def gathered() -> frozenset[str]:
    texts: set[str] = set()
    for each in translations.texts("messages"):
        texts.update([each.id] if isinstance(each.id, str) else each.id)
    return frozenset(texts)


class Bracketed(NullTranslations):
    """Puts every text that was gathered in brackets; what was not stays bare."""

    def ugettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message in gathered() else message

    def ungettext(self, msgid1: str, msgid2: str, num: int) -> str:
        return self.ugettext(msgid1 if num == 1 else msgid2)


@pytest.fixture
def german(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within the request of somebody who reads German."""
    domain = Domain()
    domain.cache["de", "messages"] = Bracketed()
    monkeypatch.setattr(languages.babel, "domain_instance", domain)
    with app.test_request_context(headers=GERMAN):
        yield


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(EchoError) as caught:
        act()
    return caught.value.text


REFUSALS: Final[dict[str, tuple[Callable[[], object], str]]] = {
    "numbers": (
        lambda: message("x" * (MESSAGE_CHARS + 1), "text"),
        f"⟦A message has at most {MESSAGE_CHARS:,} characters; this one has {MESSAGE_CHARS + 1:,}.⟧",
    ),
    "names": (
        lambda: chat_settings.checked({"warmth": 1}),
        "⟦There is no setting called “warmth”.⟧",
    ),
    "ranges": (
        lambda: chat_settings.checked({"temperature": 9}),
        "⟦temperature is a number from 0.0 to 2.0.⟧",
    ),
    "a thing in a sentence": (
        lambda: conversations.checked_title(""),
        "⟦⟦A title⟧ has 1 to 120 characters.⟧",
    ),
    "a constant": (
        lambda: one_time_links.check("x", one_time_links.Purpose.UNLOCK),
        f"⟦{one_time_links.GONE}⟧",
    ),
    "advice of a library": (
        lambda: passwords.judge("qwertyuiop", []),
        "⟦⟦This is a top-100 common password⟧. A few unrelated words make a good one.⟧",
    ),
    "a native thread": (
        lambda: profile_pictures.prepare(b"no picture"),
        f"⟦{profile_pictures.NOT_READABLE}⟧",
    ),
    "by field": (lambda: saved.checked("", "text"), "⟦A prompt needs a name.⟧"),
    "an event": (lambda: payloads.message_id({}), "⟦The field message_id is missing.⟧"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_said_with_its_numbers_and_names(german: None, kind: str) -> None:
    act, text = REFUSALS[kind]
    assert refusal_of(act) == re.sub(r"(?<=\d),(?=\d{3})", ".", text)


def test_outside_of_requests_english_is_said(app: Flask) -> None:
    with app.app_context():
        assert refusal_of(lambda: message("", "text")) == "Write something first."
    with pytest.raises(errors.TooLong, match=f"this one has {MESSAGE_CHARS + 1:,}"):
        message("x" * (MESSAGE_CHARS + 1), "text")


def test_plurals(german: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, wait in ((1, "a minute"), (61, "2 minutes")):
        monkeypatch.setattr(login_delays, "_seconds_left", lambda _key, left=seconds: left)
        text = refusal_of(lambda: login_delays.refuse_blocked("key", "password"))
        assert text == f"⟦Too many tries for this account. Please wait {wait}.⟧"


def test_rows(german: None, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = refusal_of(lambda: names.refuse_taken("ADA", "new@example.org"))
    assert taken == f"⟦{names.TAKEN}⟧"
    ada.role.daily_messages = 0
    assert refusal_of(lambda: quotas.refuse_spent(ada.id)).startswith("⟦Today's 0 messages are")
    monkeypatch.setattr(folders, "FOLDERS_MAX", 0)
    full = refusal_of(lambda: folders.create(ada.id, "Birds"))
    assert full == "⟦One has at most 0 folders. Delete one that is not needed.⟧"


def test_an_account_reads_its_own_language_by_socket(
    german: None, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    ada.language = "de"
    db.session.commit()
    tab = open_tab(ada)
    assert tab.ask("open_conversation", {"conversation_id": "x"})["error"]["text"] == (
        f"⟦{conversations.NOT_FOUND}⟧"
    )
    assert tab.ask("sing")["error"]["text"] == "⟦There is no event called “sing”.⟧"


def test_an_answers_failure_stands_in_english_and_is_said_to_whoever_reads_it(german: None) -> None:
    row = Message(error_code="engine_failed", error_text=failures.LOST)
    assert wire.failure(row) == f"⟦{failures.LOST}⟧"
    row.error_text = "The message has about 9,999 tokens; we made that up."
    assert wire.failure(row) == row.error_text
    row.error_text = (
        "The messages have about 12,480 tokens; the model reads 2,048, its answer among them."
    )
    assert wire.failure(row) == (
        "⟦The messages have about 12.480 tokens; the model reads 2.048, its answer among them.⟧"
    )


def test_a_document_that_failed_says_why(german: None, ada: User) -> None:
    row = Document(
        id="d",
        user_id=ada.id,
        name="birds.pdf",
        error="It has 12,000 pages; at most 1,000 are read.",
        created_at=ada.created_at,
    )
    assert shelf.wire(row)["error"] == "⟦It has 12.000 pages; at most 1.000 are read.⟧"
    row.error = None
    assert shelf.wire(row)["error"] is None


def test_an_import_says_why_from_its_own_process(german: None) -> None:
    def read(told: Any) -> list[Any]:
        with taken_apart(io.BytesIO(json.dumps(told).encode())) as found:
            return list(found)

    assert refusal_of(lambda: read([])).startswith("⟦This is no export that Echo knows.")
    good = {"title": "", "mapping": []}
    (skipped,) = read([good])
    assert skipped.title == "⟦Chat 1⟧"
    assert skipped.reason == "⟦Its messages are not in the form of ChatGPT's export.⟧"


@pytest.mark.parametrize("name", safety.TEXTS)
def test_distress_is_answered_in_the_readers_language(german: None, name: str) -> None:
    said = safety.answer(name, "")
    assert said.startswith("⟦")
    assert f"⟦{safety.USUAL_HELP_LINES}⟧" in said
    assert safety.answer(name, "Call 1.").endswith("Call 1.⟧")


def test_titles_and_devices(german: None) -> None:
    assert titles.automatic_title(" ") == "⟦New chat⟧"
    device = device_names.DeviceName("Firefox", "Linux", "screen")
    assert device.title == "⟦Firefox on Linux⟧"
    assert device_names.DeviceName("", "", "program").title == "⟦A program⟧"


# ── islands that speak English alone: their texts stand in our lists ─────────────────────────


def _texts_of(folder: str) -> set[str]:
    """Every sentence of a folder's code that is no docstring, with 7 for what is put in."""
    found = set()
    for file in sorted((ROOT / folder).glob("*.py")):
        tree = ast.parse(file.read_text())
        silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                silent.update(id(part) for part in node.values)
        for node in ast.walk(tree):
            if id(node) not in silent:
                found.add(_words_of(node))
    return {text for text in found if re.fullmatch(r"[A-Z][^<]* .*\.", text)}


def _words_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_words_of(part) or "7" for part in node.values)
    value = node.value if isinstance(node, ast.Constant) else ""
    return value if isinstance(value, str) else ""


def _is_known(text: str, known: tuple[str, ...]) -> bool:
    return any(languages._filled(each).fullmatch(text) for each in known)


def test_every_text_of_the_process_that_parses_is_listed() -> None:
    texts = _texts_of("echo/parsing")
    assert len(texts) > 10
    assert [text for text in texts if not _is_known(text, refusals.TEXTS)] == []


def test_every_failure_of_a_server_elsewhere_is_listed() -> None:
    texts = [
        value
        for name, value in vars(remote_failures).items()
        if name.isupper() and isinstance(value, str)
    ]
    assert len(texts) > 10
    assert [text for text in texts if text not in failures.TEXTS] == []


def test_storage_and_limits_are_gathered() -> None:
    assert {storage.AWAY, storage.DISK_FULL, *refusals.TEXTS, *failures.TEXTS} <= gathered()
