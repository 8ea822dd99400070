"""Long texts before guardrails: of calls and of people who know how rules read. Each in bounded time."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from flask import Flask

from echo import hub, limits
from echo.models import GuardAct, GuardKind, GuardPlace
from echo.services.guardrails import judging, matching, seen
from echo.services.guardrails.judging import BLOCK, Rule, judge
from echo.services.guardrails.matching import Text, matcher
from tests.security.attacks.costs import cheap
from tests.waiting import until

LOOKS = "a(?s:.)*b|a"


def rule(what: str, kind: GuardKind, act: GuardAct = GuardAct.MASK) -> Rule:
    return Rule("rule", "Rule", GuardPlace.BOTH, kind, what, None, act, "Because.")


def test_a_pattern_that_looks_far_ahead_at_each_place_ends_soon() -> None:
    """Each match alone is linear, but a text of 400,000 of them would take minutes."""
    text = "a" * 400_000
    with cheap("a pattern", 3 * matching._SECONDS):
        spans = list(matcher(GuardKind.PATTERN, LOOKS).spans(Text(text)))
    assert spans[0] == (0, 1)
    assert spans[-1][1] == len(text)  # what was not looked at any more passes for met
    assert sum(end - start for start, end in spans) == len(text)


def test_what_was_not_looked_at_any_more_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_SECONDS", -1.0)
    judged = judge("1 and a rest", [rule("[0-9]", GuardKind.PATTERN)], GuardPlace.QUESTION)
    assert judged.text == BLOCK * len("1 and a rest")
    assert judged.met


def test_a_question_as_long_as_may_be_is_looked_through_to_its_end() -> None:
    text = "a" * limits.MESSAGE_CHARS
    assert len(list(matcher(GuardKind.PATTERN, LOOKS).spans(Text(text)))) == limits.MESSAGE_CHARS


@pytest.mark.parametrize("unseen", ["\u200b", "\ufe0f", "\u034f"])
def test_a_letter_with_thousands_of_unseen_signs_and_marks_costs_little(unseen: str) -> None:
    text = "a" + (unseen * 1000 + "\u0301") * 100
    with cheap("marks", 0.4):
        assert len(seen.Seen(text).folded) < 40


def test_what_is_remembered_of_signs_is_small() -> None:
    seen._folded.cache_clear()
    for number in range(40):
        seen.Seen("a" + "\u200b" * (1000 + number) + "\u0301")
    assert seen._folded.cache_info().currsize == 1


def test_signs_that_become_many_take_little_room() -> None:
    read = seen.Seen("\ufdfa" * 1000)
    assert len(read.folded) == 18_000
    assert sys.getsizeof(read.starts) < 8 * len(read.folded)


@pytest.mark.parametrize("kind", [GuardKind.WORDS, GuardKind.PATTERN])
def test_others_have_their_turn_while_a_long_text_is_looked_through(
    kind: GuardKind, app: Flask
) -> None:
    turns = []

    def others() -> None:
        for _ in range(50):
            turns.append(None)
            hub.sleep()

    hub.spawn(others)
    judged = judge("é secret " * 20_000, [rule("secret", kind)], GuardPlace.QUESTION)
    assert len(turns) == 50
    assert "secret" not in judged.text


def test_one_very_long_text_is_looked_through_at_a_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a hundred megabytes; shorter ones do not wait for them."""
    now: list[str] = []
    most: list[int] = []

    def looks(work: object, text: str, rules: object) -> tuple[dict[str, str], str]:
        now.append(text)
        most.append(sum(len(each) > judging.LONG for each in now))
        hub.sleep(0.01)
        now.remove(text)
        return {}, text

    monkeypatch.setattr(judging, "hub", SimpleNamespace(run_native=looks))
    rules = [rule("secret", GuardKind.WORDS)]
    ended: list[str] = []

    def judged(text: str) -> None:
        ended.append(judge(text, rules, GuardPlace.QUESTION).text)

    for text in ("a" * (judging.LONG + 1), "b" * (judging.LONG + 2), "c" * judging.LONG):
        hub.spawn(judged, text)
    until(lambda: len(ended) == 3, "all were looked at")
    assert ended[0][0] + ended[1][0] + ended[2][0] == "acb"
    assert max(most) == 1
