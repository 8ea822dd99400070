"""Where a text is cut before it is spoken."""

from __future__ import annotations

import pytest

from echo.speaking.pieces import LONGEST, pieces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The fox sleeps. It dreams!  Why?", ["The fox sleeps.", "It dreams!", "Why?"]),
        ("Mr. Smith came, e.g. by train.", ["Mr. Smith came, e.g. by train."]),
        ("One line\nanother\n\nthe last", ["One line", "another", "the last"]),
        ("今日は。明日は？", ["今日は。", "明日は？"]),
        ("It costs 3.14 or 1.000.000 in all.", ["It costs 3.14 or 1.000.000 in all."]),
        ("*** \n — 🙂", []), ("   ", []), ("7", ["7"]),
    ],
)  # fmt: skip
def test_a_text_is_cut_behind_its_sentences(text: str, found: list[str]) -> None:
    assert pieces(text) == found


def test_no_piece_is_long_and_no_word_is_lost() -> None:
    text = f"{'word ' * 500}{'x' * 1000} {'字' * 700}"
    found = pieces(text)
    assert all(0 < len(piece) <= LONGEST for piece in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
