"""What may be written, and that it is stored as it was written."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from echo.extensions import db
from echo.limits import MESSAGE_CHARS
from echo.models import Message
from echo.text import is_blank, one_newline, storable
from tests.conftest import Tab

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</textarea><svg/onload=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "'; DROP TABLE messages; --",
    "Ünïcödé 你好 שלום 👩‍👩‍👧‍👦 \u202e reversed",
    "line one\nline two\ttabbed   ",
)


def stored_question(tab: Tab, text: str) -> str:
    answer = tab.ask("send_message", {"text": text})
    assert answer["ok"], answer
    opened = tab.ask("open_conversation", {"conversation_id": answer["conversation_id"]})
    shown = str(opened["messages"][0]["text"])
    assert answer["message"]["text"] == shown
    tab.wait_for("message_finished", answer["reply"]["id"])
    return shown


@pytest.mark.parametrize("text", ["", " ", "\n\t \u00a0\u2003", "\r\n"])
def test_empty_text_is_refused(tab: Tab, text: str) -> None:
    for payload in (text, {"client_id": "c1", "text": text}):
        error = tab.ask("send_message", payload)["error"]
        assert (error["code"], error["field"]) == ("bad_payload", "text")
    assert not db.session.scalar(select(func.count()).select_from(Message))


def test_16_000_characters_are_taken_and_16_001_are_not(tab: Tab) -> None:
    assert len(stored_question(tab, "x" * MESSAGE_CHARS)) == 16_000
    error = tab.ask("send_message", {"client_id": "c2", "text": "x" * (MESSAGE_CHARS + 1)})["error"]
    assert (error["code"], error["field"]) == ("too_long", "text")
    assert "16,001" in error["text"]
    assert tab.ask("send_message", "x" * (MESSAGE_CHARS + 1))["error"]["code"] == "too_long"


@pytest.mark.parametrize("text", SCRIPTS)
def test_markup_is_stored_verbatim(tab: Tab, text: str) -> None:
    assert stored_question(tab, text) == text


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\0b", "a\ufffdb"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff end", "\ufffd end"),
        ("pair \U0001f600 stays", "pair \U0001f600 stays"),
    ],
)
def test_what_databases_cannot_hold_is_replaced(tab: Tab, text: str, stored: str) -> None:
    assert stored_question(tab, text) == stored


def test_any_text_comes_back_as_it_was(tab: Tab) -> None:
    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=200))
    def same(text: str) -> None:
        if not is_blank(text):
            assert stored_question(tab, text) == storable(one_newline(text))

    same()
