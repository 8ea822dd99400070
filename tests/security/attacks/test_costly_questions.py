"""Questions of ordinary length that once held everybody up: each costs what its length is worth."""

from __future__ import annotations

import pytest

from echo import limits
from echo.services import tools
from echo.services.chats.titles import automatic_title, plain
from echo.services.documents import prompt
from echo.services.help import words
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
