"""Questions of ordinary length that once held everybody up: each costs what its length is worth."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import insert

from echo import hub, limits
from echo.errors import InvalidInput
from echo.extensions import db
from echo.models import Conversation, Message, User
from echo.parsing.terms import _known, _of, terms
from echo.services import tools
from echo.services.chats import tags
from echo.services.chats.titles import automatic_title, plain
from echo.services.documents import prompt
from echo.services.help import words
from echo.services.turns import safety
from echo.services.turns.rows import history
from echo.text import untagged
from tests.security.attacks.costs import cheap

MOST = limits.MESSAGE_CHARS
BEFORE_MUCH = ("<", "<\n", "＜ /", "< /\t", "<h", "< / /")


@pytest.mark.parametrize("sign", BEFORE_MUCH)
@pytest.mark.parametrize("space", [" ", "\n", "\t", "\u3000", " \n"])
def test_a_tag_before_much_white_space_costs_little(sign: str, space: str) -> None:
    text = (sign + space * MOST)[:MOST]
    with cheap(f"{sign!r} before {space!r}", 0.1):
        assert untagged(text, "help") == tools.unmarked(text) == prompt.data(text) == text


@pytest.mark.parametrize("forged", ["<help>", "< help>", "</help>", "＜ /\n help>", "<\t/\thelp>"])
def test_a_forged_tag_is_taken_apart_however_it_is_spaced(forged: str) -> None:
    shown = untagged(forged, "help")
    assert shown in ("< help>", "< /help>")
    assert ("/" in shown) == ("/" in forged)


@pytest.mark.parametrize("line", ["(" + "`" * 498, "a" + "`" * 300 + "b" + "`" * 198, "`` ` " * 99])
def test_a_title_of_many_lines_of_backticks_costs_little(line: str) -> None:
    text = f"{line}\n" * (MOST // (len(line) + 1))
    with cheap(f"title of {line[:9]!r}", 0.3):
        assert len(automatic_title(text)) <= limits.TITLE_CHARS


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("use `a` here", "use a here"),
        ("use ``a ` b`` here", "use a ` b here"),
        ("`a` `b`", "a b"),
        ("`a` ``b`` `c`", "a b c"),
    ],
)
def test_spans_of_code_lose_their_marks_as_before(said: str, title: str) -> None:
    assert plain(said) == title


@pytest.mark.parametrize("marks", ["\u0f73", "\u0301\u0316", "\u0344"])
def test_the_help_reads_thousands_of_marks_at_once(marks: str) -> None:
    with cheap("marks", 0.1):
        words.said(words.plain("a" + marks * (MOST // len(marks))))


# ── distress in long texts of programs ──────────────────────────────────────────────────────


SAID = ("i want to die", "i took too many pills")
NOT_SAID = ("i want to diet", "skill myself", "i want to die on me")


@pytest.mark.parametrize("words", [*SAID, *NOT_SAID])
def test_a_long_text_means_the_same_wherever_a_stretch_of_it_ends(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safety, "STRETCH", 500)
    monkeypatch.setattr(safety, "OVERLAP", 150)
    for near in range(-len(words) - 60, 20):
        for border in (safety.STRETCH, safety.STRETCH - safety.OVERLAP):
            before = ("say " * 200)[: border + near - 1] + "."
            text = f"{before} {words} " + "and so on " * 60
            assert (safety.concern(text) is not None) == (words in SAID), near


def test_others_have_their_turn_while_a_long_text_is_searched_for_distress() -> None:
    turns: list[None] = []

    def others() -> None:
        for _ in range(20):
            turns.append(None)
            hub.sleep()

    hub.spawn(others)
    assert safety.concern("i am fine " * 20_000) is None
    assert len(turns) == 20


def test_many_tags_are_refused_before_each_is_looked_at(app: Flask) -> None:
    for wanted in ([str(number) for number in range(200_000)], ["a"] * 200_000):
        with cheap("tags", 0.1), pytest.raises(InvalidInput):
            tags.checked(wanted)
    assert tags.checked(["a", "A", *"bcdefghij", "J"]).keys() == set("abcdefghij")


@pytest.mark.parametrize("sign", ["字", "ก", "a", "é"])
def test_nothing_is_remembered_of_long_words_of_questions(sign: str) -> None:
    """A question in Chinese is one word of thousands of pairs."""
    _known.cache_clear()
    for length in range(1000, 1020):
        assert list(terms(sign * length))
    assert _known.cache_info().currsize == 0
    assert list(terms("running 猫が好き")) == ["run", *_of("猫が好き")]
    assert _known.cache_info().currsize == 2


def test_a_question_below_thousands_of_messages_costs_little(
    app: Flask, make_user: Callable[..., User]
) -> None:
    owner = make_user("ada")
    db.session.add(Conversation(id="c", user_id=owner.id, title="Long", settings={}))
    db.session.flush()
    rows = [
        {"id": f"m{n}", "conversation_id": "c", "user_id": owner.id, "role": role, "text": f"{n}",
         "parent_id": f"m{n - 1}" if n else None, "ordinal": n + 1}
        for n, role in enumerate(("user", "assistant") * 2_500)
    ]  # fmt: skip
    db.session.execute(insert(Message), rows)
    db.session.commit()
    with cheap("a long history"):  # a tenth of a second where nothing else runs
        told = history("m4999")
    assert [one.content for one in told] == [str(number) for number in range(5_000)]
