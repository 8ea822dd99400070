"""Guessed tokens: the text is what it would be without them, in fewer steps."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from echo.generation import ChatMessage, Engine, EngineConfig, Finished, speculation
from echo.generation.native.quality import Quality
from echo.generation.runner import Chunk, StepPlan
from echo.generation.speculation import NEED_AFTER_MISS, NGRAM, Lookup

from .conftest import StartEngine
from .helpers import build_runner, config_for, request, save_model, tiny_config
from .test_native import SHAPE, row_of

SONG = "the quick brown fox jumps over the lazy dog. " * 3
TURN: dict[str, Any] = {"temperature": 0.0, "max_new_tokens": 60}
SETTINGS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0.0},
    "sampled": {"temperature": 0.7, "seed": 5},
    "hot": {"temperature": 1.4, "seed": 6, "top_k": 20, "top_p": 0.95},
    "penalised": {"temperature": 0.5, "seed": 7, "repetition_penalty": 1.2},
    "counted": {"temperature": 0.5, "seed": 8, "frequency_penalty": 0.3, "presence_penalty": 0.2},
    "likelihoods": {"temperature": 0.0, "logprobs": 3},
    "stopped": {"temperature": 0.0, "stop": ("e",)},
    "short": {"temperature": 0.0, "max_new_tokens": 7},
    "schema": {
        "temperature": 0.0,
        "json_schema": '{"type": "array", "items": {"enum": ["fox", "dog"]}, "minItems": 6}',
    },
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    folder = save_model(tmp_path_factory.mktemp("qwen"), tiny_config("qwen2", **SHAPE))
    kernels = tmp_path_factory.mktemp("kernels")
    return config_for(folder, quant="int8", native_folder=kernels, slots=8)


def everything(start_engine: StartEngine, config: EngineConfig) -> list[Any]:
    """What each kind of request is answered, one after the other."""
    engine, reader = start_engine(lambda wake: Engine.local(config, wake))
    answers = []
    for settings in SETTINGS.values():
        stream = engine.submit(request(SONG, **{"max_new_tokens": 80, **settings}))
        reader.read(stream)
        end = reader.end(stream)
        assert isinstance(end, Finished), end
        likelihoods = [one for event in reader.events[stream][:-1] for one in event.logprobs]
        answers.append((reader.text(stream), end.reason, end.usage.completion, likelihoods))
    return answers


class Oracle:
    """First listens to what is written without a guess, then guesses it; some guesses are spoilt."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._rows: list[list[int]] = []
        self._by = random.Random(3)
        self._patch = monkeypatch
        self.right: list[int] = []
        monkeypatch.setattr(Lookup, "guess", lambda _lookup, tokens, _most: self._listen(tokens))

    def tell(self) -> None:
        self._patch.setattr(Lookup, "guess", lambda _lookup, *asked: self._guess(*asked))
        self._patch.setattr(Lookup, "learn", lambda _lookup, count: self.right.append(count))

    def _listen(self, tokens: list[int]) -> list[int]:
        if not any(tokens is row for row in self._rows):
            self._rows.append(tokens)
        return []

    def _guess(self, tokens: list[int], most: int) -> list[int]:
        known = [row for row in self._rows if row[: len(tokens)] == tokens]
        if not known:
            return []
        guess = self._by.choice(known)[len(tokens) :][: self._by.randint(0, most)]
        spoilt = guess and self._by.random() < 0.3
        return [*guess[:-1], (guess[-1] + 1) % 400] if spoilt else guess


# what is guessed ---------------------------------------------------------------------------------


def test_what_followed_the_same_words_is_guessed() -> None:
    lookup = Lookup()
    assert lookup.guess([1, 2, 3, 4, 5, 6, 1, 2, 3], 2) == [4, 5]
    assert lookup.guess([1, 2, 3, 4, 5, 6, 1, 2, 3, 4], 9) == [5, 6, 1, 2, 3, 4]


def test_the_latest_place_counts() -> None:
    assert Lookup().guess([1, 2, 3, 4, 0, 1, 2, 3, 5, 0, 1, 2, 3], 1) == [5]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 9, 2, 3]])
def test_nothing_is_guessed_where_nothing_agrees(tokens: list[int]) -> None:
    assert Lookup().guess(tokens, 5) == []


def test_no_room_is_no_guess() -> None:
    assert Lookup().guess([1, 2, 3, 4, 1, 2, 3], 0) == []


def test_after_a_miss_more_must_agree_until_one_is_right() -> None:
    lookup = Lookup()
    tokens = [*range(20), *range(NGRAM + NEED_AFTER_MISS - 1)]
    lookup.learn(0)
    assert lookup.guess(tokens, 1) == []
    tokens.append(tokens[-1] + 1)
    assert lookup.guess(tokens, 1) == [NGRAM + NEED_AFTER_MISS]
    lookup.learn(1)
    tokens += [50, *range(NGRAM)]
    assert lookup.guess(tokens, 1) == [NGRAM]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(0, 8))
def test_a_guess_has_stood_after_the_same_tokens(tokens: list[int], most: int) -> None:
    """Also when it is asked for again and again while the row grows."""
    lookup = Lookup()
    for length in range(len(tokens) + 1):
        row = tokens[:length]
        guess = lookup.guess(row, most)
        assert len(guess) <= most
        if guess:
            text = bytes(row)
            assert bytes(row[-NGRAM:]) + bytes(guess) in text


def test_many_rows_are_not_guessed_for() -> None:
    rows = [row_of([1, 2, 3, 4, 1, 2, 3], slot, slot) for slot in range(3)]
    assert speculation.guesses(rows) == {}
    found = speculation.guesses(rows[:2])
    assert found == {0: [4, 1, 2, 3], 1: [4, 1, 2, 3]}


def test_a_guess_ends_before_the_answer_must() -> None:
    row = row_of([1, 2, 3, 4, 5, 6, 1, 2, 3], 0)
    row.budget = 3
    assert speculation.guesses([row])[0] == [4, 5]
    row.completion = 2
    assert speculation.guesses([row]) == {}


# what is computed --------------------------------------------------------------------------------


@pytest.mark.parametrize("quant", ["int8", "4"])
@pytest.mark.parametrize("threads", [1, 2])
def test_logits_after_a_guess_are_the_bits_of_single_steps(
    config: EngineConfig, quant: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Quality, "problem", lambda self, kind: None)  # random weights
    folder = Path(config.model)
    own = config_for(
        folder, quant=quant, native_folder=config.native_folder, slots=4, threads=threads
    )
    compute = build_runner(own).backend.compute
    tokens = [5, 9, 13, 200, 77, 21, 9, 13]
    guess = [200, 77, 8, 30]
    compute(StepPlan([Chunk(row_of(tokens, 1), 0, len(tokens) - 1)]))
    row, other = row_of(tokens, 1, 1), row_of([3, 4, 5], 0, 2)
    compute(StepPlan([Chunk(other, 0, 2)]))
    rows, together = compute(StepPlan([], [row, other], {1: guess}))
    assert rows == [row, other]
    assert len(together) == 2 + len(guess)
    singles = []
    for token in [None, *guess]:
        row.tokens += [] if token is None else [token]
        singles.append(compute(StepPlan([], [row]))[1][0])
    assert torch.equal(together[0], singles[0])
    assert torch.equal(together[2:], torch.stack(singles[1:]))


def test_every_kind_of_request_is_answered_as_without(
    start_engine: StartEngine, config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guesses out of the answers that were given without any, some of them spoilt."""
    oracle = Oracle(monkeypatch)
    without = everything(start_engine, config)
    oracle.tell()
    for name, one, other in zip(SETTINGS, everything(start_engine, config), without, strict=True):
        assert one == other, name
    assert sum(oracle.right) > 150
    assert oracle.right.count(0) > 5


def test_the_next_turn_reuses_what_was_guessed(
    start_engine: StartEngine, config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and values of a guess that was right are those of the text; of a wrong one nothing is read."""
    oracle = Oracle(monkeypatch)
    engine, reader = start_engine(lambda wake: Engine.local(config, wake))

    def say(conversation: str | None, *said: str) -> tuple[str, int]:
        roles = ("user", "assistant", "user")
        messages = tuple(map(ChatMessage, roles, said))
        stream = engine.submit(request(messages=messages, conversation=conversation, **TURN))
        reader.read(stream)
        return reader.text(stream), reader.end(stream).usage.cached

    first, _ = say(None, SONG)
    alone, _ = say(None, SONG, first, "And then?")
    oracle.tell()
    assert say("c", SONG)[0] == first
    again, cached = say("c", SONG, first, "And then?")
    assert again == alone
    assert sum(oracle.right) > 20
    assert cached > 0
