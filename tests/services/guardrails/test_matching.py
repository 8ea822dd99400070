"""What rules find in texts: words as people see them, patterns, and answers that come in pieces."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.errors import InvalidInput
from echo.models import GuardAct, GuardKind, GuardPlace
from echo.services.guardrails.answer_filter import AnswerFilter
from echo.services.guardrails.judging import BLOCK, Rule, judge
from echo.services.guardrails.matching import Text, check, matcher
from echo.services.guardrails.width import UNBOUNDED, widest

UNSEEN = "\u034f\u115f\u1160\u17b4\u180b\u200d\u2064\u3164\ufe0e\ufe0f\U000e0061\U000e0100"
"""Marks, letters and controls that show nothing."""


def rule(what: str, act: GuardAct = GuardAct.MASK, kind: GuardKind = GuardKind.WORDS) -> Rule:
    return Rule("r" + what, "Rule", GuardPlace.BOTH, kind, what, None, act, "Because.")


def pattern(what: str, act: GuardAct = GuardAct.MASK) -> Rule:
    return rule(what, act, GuardKind.PATTERN)


def found(what: str, text: str, kind: GuardKind = GuardKind.WORDS) -> list[str]:
    return [text[a:b] for a, b in matcher(kind, what).spans(Text(text))]


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("cat", "A cat, a CAT and concatenated cats.", ["cat", "CAT"]),
        ("cat, dog\nbig bird", "The dog sees a big \n bird.", ["dog", "big \n bird"]),
        ("new york, new york city", "In New York City", ["New York City"]),
        ("naïve", "nai\u0308ve", ["nai\u0308ve"]),
        ("straße", "STRASSE", ["STRASSE"]),
        ("secret", "se\u200bcr\u00adet", ["se\u200bcr\u00adet"]),
        ("secret", "ｓｅｃｒｅｔ", ["ｓｅｃｒｅｔ"]),
        *(("secret", f"se{sign}cret", [f"se{sign}cret"]) for sign in UNSEEN),
        ("café", "cafe\u200b\u0301", ["cafe\u200b\u0301"]),
        ("c++", "I like C++!", ["C++"]),
        ("秘密", "这是秘密吗", ["秘密"]),
        ("a b, a", "a bc", ["a"]),
        ("secret", "secret_", []),
        ("e", "e\u0301", []),
        ("secret", "", []),
    ],
)
def test_words_are_met_as_people_see_them(what: str, text: str, expected: list[str]) -> None:
    assert found(what, text) == expected


def test_patterns_are_looked_for_in_what_is_written() -> None:
    assert found(r"\b\d{3}-\d{4}\b", "é 555-1234, 5555-1234", GuardKind.PATTERN) == ["555-1234"]
    assert found("(?i)key=[a-z]+", "KEY=abc \ud800 key=é", GuardKind.PATTERN) == ["KEY=abc"]


def test_a_hostile_pattern_takes_no_longer_than_another() -> None:
    assert found("(a+)+$", "a" * 30_000 + "b", GuardKind.PATTERN) == []


@pytest.mark.parametrize(
    ("what", "width"),
    [
        ("abc", 3), ("a|bcd|", 3), ("(ab){2,3}c?", 7), (r"\d{3}[^]x]\pL\x{41}", 6), ("a*", UNBOUNDED),
        ("(?:a+b)?", UNBOUNDED), (r"\Qa*b\E", 3), ("(?i)(?P<n>x)[[:alpha:]]", 2), ("a{2,}", UNBOUNDED),
        (r"^\bfoo\b$", 3), ("a{2}{3}", 6), ("a{", 2), ("(?:)*", 0), ("", 0),
    ],
)  # fmt: skip
def test_the_longest_match_of_a_pattern_is_known(what: str, width: float) -> None:
    assert widest(what) == width


ATOMS = st.sampled_from(["a", "b", "[ab]", r"\w", "(?:ab|b)", "(a|bc)", r"\b", ".", r"\x61", "é"])
TIMES = st.sampled_from(["", "", "?", "{2}", "{0,3}", "+", "*?", "{1,2}?"])
PATTERNS = st.lists(st.tuples(ATOMS, TIMES).map("".join), min_size=1, max_size=4).map("".join)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.text("abcé ", max_size=40))
def test_no_match_is_longer_than_it_is_said_to_be(what: str, text: str) -> None:
    for each in re2.compile(what).finditer(text):
        assert each.end() - each.start() <= widest(what)


LETTERS = st.text("abc Bé\u0301\u200b\ufe0f\n1-", max_size=60)
WORDS = st.sampled_from(["ab", "ab, abc", "a b, b", "é", "ba\nbab", "a"])
BOUNDED = PATTERNS.filter(lambda what: widest(what) < 30)
RULES = st.lists(st.one_of(WORDS.map(rule), BOUNDED.map(pattern)), min_size=1, max_size=3)


def cut(text: str, places: list[int]) -> list[str]:
    marks = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(marks)]


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(LETTERS, RULES, st.lists(st.integers(0, 100), max_size=20))
def test_an_answer_in_pieces_is_masked_as_the_whole_of_it(
    text: str, rules: list[Rule], places: list[int]
) -> None:
    whole = judge(text, rules, GuardPlace.ANSWER)
    looking = AnswerFilter(rules)
    shown = ""
    for piece in cut(text, places):
        shown += looking.feed(piece)
        assert whole.text.startswith(shown)
    shown += looking.end()
    assert shown == whole.text
    assert {met.rule.id for met in looking.met} == {met.rule.id for met in whole.met}


@settings(max_examples=500, deadline=None)
@given(LETTERS, st.lists(st.integers(0, 100), max_size=20))
def test_nothing_of_a_refused_word_and_nothing_after_it_is_shown(
    text: str, places: list[int]
) -> None:
    rules = [rule("ab", GuardAct.REFUSE), rule("c")]
    first = next(iter(rules[0].matcher.spans(Text(text))), (len(text), 0))[0]
    looking = AnswerFilter(rules)
    shown = "".join(map(looking.feed, cut(text, places))) + looking.end()
    assert shown == judge(text, rules[1:], GuardPlace.ANSWER).text[:first]


def test_only_as_much_waits_as_a_match_may_have() -> None:
    looking = AnswerFilter([rule("secret")])
    shown = looking.feed("a long and harmless sentence")
    assert shown == "a long and harmless sentence"[: -len("secret") - 1]


def test_an_answer_that_goes_on_shows_no_match_across_the_border() -> None:
    looking = AnswerFilter([rule("secret")], before="This is sec")
    assert looking.feed("ret.") + looking.end() == BLOCK * 3 + "."
    assert looking.met


@pytest.mark.parametrize(
    ("before", "rest"),
    [("This is s\u200be" + "\u200b" * 40 + "c", "ret"), ("A big" + " \n" * 40, "bird")],
)
def test_it_looks_as_far_back_as_people_see_not_as_many_signs(before: str, rest: str) -> None:
    looking = AnswerFilter([rule("secret, big bird")], before=before)
    assert looking.feed(rest + ".") + looking.end() == BLOCK * len(rest) + "."


def test_what_was_shown_of_an_answer_is_not_found_again() -> None:
    looking = AnswerFilter([rule("cat", GuardAct.REFUSE)], before="A cat sat there for hours. It")
    assert looking.feed(" slept.") + looking.end() == " slept."
    assert looking.met == []


def test_what_cannot_be_looked_for_is_refused_with_the_reason() -> None:
    for kind, what in (
        (GuardKind.PATTERN, "a(b"),
        (GuardKind.PATTERN, "a*"),
        (GuardKind.WORDS, " ,\n"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check(kind, what, GuardPlace.QUESTION, GuardAct.FLAG)
        assert refused.value.field == "what"
    with pytest.raises(InvalidInput, match=re.escape("missing ): a(b")):
        check(GuardKind.PATTERN, "a(b", GuardPlace.QUESTION, GuardAct.FLAG)


def test_a_rule_is_met_also_where_its_words_show_nothing() -> None:
    judged = judge("a\tb", [pattern(r"\t", GuardAct.REFUSE)], GuardPlace.QUESTION)
    assert judged.refusal is not None
    assert judged.refusal.excerpt == ""


def test_what_is_hidden_in_answers_must_have_an_end() -> None:
    check(GuardKind.PATTERN, "a.*b", GuardPlace.ANSWER, GuardAct.FLAG)
    check(GuardKind.PATTERN, "a.*b", GuardPlace.QUESTION, GuardAct.MASK)
    for act in (GuardAct.MASK, GuardAct.REFUSE):
        with pytest.raises(InvalidInput, match="200 characters"):
            check(GuardKind.PATTERN, "a.*b", GuardPlace.BOTH, act)
