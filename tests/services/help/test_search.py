"""Questions about Echo find their entry, ordinary ones find none, always the same, and fast."""

from __future__ import annotations

import json
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.policies import RoleName
from echo.services.help import browse, entries, search
from tests.structure.layers import ROOT

QUESTIONS = json.loads((ROOT / "benchmarks" / "help_questions.json").read_text())
ASKED = {
    "How do I change my password?": "change-password",
    "where is dark mode": "theme",
    "I deleted a chat by mistake": "undo-delete",
    "Where do I sign out?": "sign-out",
    "how to export this chat": "export-chat",
    "What is Echo?": "what-echo-is",
    "Hi! I like this a lot. Is there some way to make the letters on it bigger?": "text-size",
    "can’t log in": "sign-in",
    "SHORTCUTS???": "keyboard",
    "Create a new account": "sign-up",
}
ORDINARY = (
    "write a poem about my password",
    "how do I delete a file in Python",
    "what is the capital of France",
    "Translate “How do I change my password?” into German",
    "Translate 'where are the settings' to French",
    "What does this do?\n```\nexport PASSWORD=change-me\nlog out\n```",
    "Explain `git rename` to me",
    "How do I change my password on Windows?",
    "How do I delete a conversation in WhatsApp?",
    "Tell me about the history of chat rooms",
    "Thank you!",
    "",
    "   ",
    "?",
    "ваш пароль",
    "💥",
)


def found(question: str, role: RoleName | None = RoleName.USER) -> list[str]:
    return [entry.id for entry in search.find(question, role)]


@pytest.mark.parametrize(("question", "wanted"), ASKED.items())
def test_a_question_about_echo_finds_its_entry(question: str, wanted: str) -> None:
    assert wanted in found(question)


@pytest.mark.parametrize("question", ORDINARY)
def test_an_ordinary_question_finds_nothing(question: str) -> None:
    assert found(question) == []


def test_the_measured_questions_find_what_was_measured() -> None:
    """The figures of benchmarks/help.py, as a floor: a change that loses some is seen here."""
    for half, asked, least in (("tuning", 120, 116), ("kept", 40, 34)):
        features = [q for q in QUESTIONS["features"] if q["half"] == half]
        right = [set(found(q["ask"], RoleName(q["who"]))) & set(q["entries"]) for q in features]
        assert len(features) == asked
        assert sum(map(bool, right)) >= least
    wrong = [q["ask"] for q in QUESTIONS["ordinary"] if found(q["ask"])]
    assert len(QUESTIONS["ordinary"]) == 40
    assert len(wrong) <= 1, wrong


def test_a_text_that_was_pasted_is_not_a_question() -> None:
    pasted = (
        "Then the user changed the password. The chat was deleted and the settings were lost. " * 20
    )
    assert found(pasted) == []
    assert found(pasted + "\nHow do I export this chat?") == ["export-chat"]


def test_entries_of_administrators_are_found_by_them_alone() -> None:
    question = "Where do I make an invitation link for my class?"
    assert "admin-invites" in found(question, RoleName.ADMIN)
    assert "admin-invites" not in found(question, RoleName.USER)
    assert "admin-invites" not in found(question, None)
    assert "admin-settings" not in found("close registration", RoleName.ADMIN)
    assert "admin-signup" in found("close registration", RoleName.SUPER_ADMIN)


def test_one_to_three_entries_at_most() -> None:
    for question in (
        "chat",
        "delete",
        "my account",
        "settings",
        "how do I delete or export or rename a chat",
    ):
        assert len(found(question)) <= search.MOST


@given(st.text(max_size=4_000))
def test_any_text_is_answered_the_same_each_time(text: str) -> None:
    first = found(text)
    search.forget()
    assert found(text) == first
    assert len(first) <= search.MOST


@given(
    st.lists(st.sampled_from([k for e in entries() for k in e.keywords]), max_size=40),
    st.text(max_size=9),
)
def test_any_jumble_of_keywords_is_answered(keywords: list[str], between: str) -> None:
    assert len(found(between.join(keywords))) <= search.MOST


def test_a_question_takes_less_than_a_millisecond() -> None:
    """Measured in the processor's time of this process; others may use the machine."""
    asked = [q["ask"] for part in QUESTIONS.values() for q in part]
    found(asked[0])  # the table is read once
    spent = []
    for question in asked:
        search.forget()
        start = time.process_time()
        found(question)
        spent.append(time.process_time() - start)
    assert statistics.median(spent) < 0.001


def test_a_long_message_takes_a_few_milliseconds_at_most() -> None:
    search.forget()
    start = time.process_time()
    found("How do I change my password? " * 600)
    assert time.process_time() - start < 0.05


# ── the page's search is generous ───────────────────────────────────────────────────────────


def browsed(query: str, role: RoleName | None = None) -> list[str]:
    return [entry.id for entry in browse(query, role)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("password", "change-password"),
        ("passw", "change-password"),
        ("dark", "theme"),
        ("exp", "export-chat"),
        ("authenticator", "two-factor"),
        ("midnight", "daily-limit"),
        ("remove photo", "picture"),
    ],
)
def test_the_page_finds_by_words_and_their_beginnings(query: str, wanted: str) -> None:
    assert wanted in browsed(query)[:6]


def test_what_an_entry_is_called_by_comes_first() -> None:
    """Not what has the word in its title among others: "Tables: filter, sort, export"."""
    assert browsed("export", RoleName.USER)[0] == "export-chat"
    assert "export-chat" in browsed("export", RoleName.SUPER_ADMIN)[:2]
    assert browsed("backup", RoleName.SUPER_ADMIN)[0] == "admin-downloads"


def test_the_page_shows_everything_that_one_may_see() -> None:
    assert len(browsed("", RoleName.SUPER_ADMIN)) == len(entries())
    assert not [
        name for name in browsed("", None) if name.startswith("admin-") and name != "admin-side"
    ]
    assert browsed("xylophone") == []


@given(st.text(max_size=200))
def test_the_page_takes_any_query(query: str) -> None:
    assert set(browsed(query, RoleName.USER)) <= {entry.id for entry in entries()}
