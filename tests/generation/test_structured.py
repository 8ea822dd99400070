"""Replies that fit a schema, how likely their tokens were, and penalties by count: on a random model."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from llguidance import LLMatcher
from transformers import AutoModelForCausalLM, AutoTokenizer

from echo.generation import (
    Engine,
    Failed,
    FinishReason,
    InvalidRequest,
    TextPiece,
    TokenStream,
    grammar,
)
from echo.generation.sequence import Sequence

from .conftest import MakeSampler, StartEngine
from .helpers import Reader, config_for, request

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "kind": {"enum": ["cat", "dog"]},
    },
    "required": ["name", "age", "kind"],
    "additionalProperties": False,
}
NUMBERS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0, "maximum": 99},
    "minItems": 2,
    "maxItems": 3,
}


@pytest.fixture(scope="module")
def folder(tiny_qwen: Path) -> Path:
    return tiny_qwen


@pytest.fixture
def served(start_engine: StartEngine, folder: Path) -> tuple[Engine, Reader]:
    return start_engine(lambda wake: Engine.local(config_for(folder), wake))


def finished(reader: Reader, stream: TokenStream) -> FinishReason:
    end = reader.end(stream)
    assert not hasattr(end, "code"), end
    return end.reason  # type: ignore[union-attr]


# ── JSON of a schema ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_whatever_the_model_thinks_the_reply_fits(
    served: tuple[Engine, Reader], temperature: float
) -> None:
    """The model is random: without the grammar, its text is noise. Rows without one stay as they were."""
    engine, reader = served
    free = {"temperature": temperature, "seed": 5, "top_p": 1.0, "max_new_tokens": 30}
    alone = engine.submit(request("free", **free))
    reader.read(alone)
    streams = {
        engine.submit(
            request(f"ask {n}", temperature=temperature, top_p=1.0, seed=n, max_new_tokens=300,
                    json_schema=json.dumps(schema))
        ): schema
        for n, schema in enumerate([PERSON, NUMBERS, PERSON, NUMBERS, {"type": "boolean"}])
    }  # fmt: skip
    beside = engine.submit(request("free", **free))
    reader.read(*streams, beside)
    for stream, schema in streams.items():
        assert finished(reader, stream) is FinishReason.STOP
        jsonschema.validate(json.loads(reader.text(stream)), schema)
    assert reader.text(beside) == reader.text(alone)


def test_any_object_is_asked_for_without_properties(served: tuple[Engine, Reader]) -> None:
    engine, reader = served
    stream = engine.submit(
        request(
            temperature=0.0,
            max_new_tokens=400,
            json_schema='{"type": "object", "maxProperties": 0}',
        )
    )
    reader.read(stream)
    assert json.loads(reader.text(stream)) == {}


def test_a_budget_that_is_too_small_ends_by_length(served: tuple[Engine, Reader]) -> None:
    engine, reader = served
    stream = engine.submit(request(max_new_tokens=3, json_schema=json.dumps(PERSON)))
    reader.read(stream)
    assert finished(reader, stream) is FinishReason.LENGTH
    assert reader.text(stream).startswith("{")


@pytest.mark.parametrize(
    "schema",
    ["", "{", "[1]", "7", '{"type": "nonsense"}', '{"$ref": "#/nowhere"}', "{" * 5000,
     json.dumps({"enum": ["x" * 70_000]})],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused_at_once(
    served: tuple[Engine, Reader], schema: str
) -> None:
    engine, _ = served
    with pytest.raises(InvalidRequest) as caught:
        engine.submit(request(json_schema=schema))
    assert caught.value.field == "json_schema"


def loose(beginning: str) -> dict[str, Any]:
    return {"properties": {f"{beginning}{number}": {"type": "string"} for number in range(300)}}


TOO_LARGE_WITHIN = {
    "type": "object",
    "properties": {"a": {"type": "object", "anyOf": [loose("x"), loose("y")]}},
    "required": ["a"],
    "additionalProperties": False,
}
"""Its beginning can be written; where `a` begins, more may follow than llguidance keeps."""


@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0.0}, {"temperature": 1.5, "logprobs": 2}, {"repetition_penalty": 1.3}],
    ids=["greedy", "drawn", "penalised"],
)
def test_what_cannot_be_gone_on_with_fails_and_never_passes_for_whole(
    served: tuple[Engine, Reader], settings: dict[str, Any]
) -> None:
    engine, reader = served
    stream = engine.submit(request(json_schema=json.dumps(TOO_LARGE_WITHIN), **settings))
    fine = engine.submit(request(json_schema=json.dumps(PERSON), max_new_tokens=300))
    reader.read(stream, fine)
    end = reader.end(stream)
    assert isinstance(end, Failed), reader.text(stream)
    assert end.code == "engine_failed"
    assert end.text
    assert finished(reader, fine) is FinishReason.STOP
    jsonschema.validate(json.loads(reader.text(fine)), PERSON)


def test_a_schema_that_was_prepared_is_not_read_on_the_engines_thread(
    served: tuple[Engine, Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, reader = served
    reader.read(engine.submit(request(max_new_tokens=1)))  # the model is there
    threads = []

    def made(*args: Any, **options: Any) -> LLMatcher:
        threads.append(threading.current_thread().name)
        return LLMatcher(*args, **options)

    monkeypatch.setattr(grammar, "LLMatcher", made)
    for schema in (PERSON, NUMBERS):
        asked = request(json_schema=json.dumps(schema), max_new_tokens=300)
        engine.prepare(asked)
        streams = [engine.submit(asked), engine.submit(asked)]
        reader.read(*streams)
        for stream in streams:
            jsonschema.validate(json.loads(reader.text(stream)), schema)
    assert threads == [threading.current_thread().name] * 2
    unprepared = engine.submit(request(json_schema='{"type": "null"}'))
    reader.read(unprepared)
    assert reader.text(unprepared) == "null"
    assert threads[2:] == ["echo-engine"]


def test_a_reply_that_is_continued_has_no_schema() -> None:
    with pytest.raises(InvalidRequest, match="continued"):
        request(json_schema="{}", prefix="It has begun")


# ── how likely ───────────────────────────────────────────────────────────────────────────────


def test_logprobs_are_the_models_own(served: tuple[Engine, Reader], folder: Path) -> None:
    engine, reader = served
    stream = engine.submit(
        request("hello", temperature=0.0, max_new_tokens=12, logprobs=3, repetition_penalty=1.2)
    )
    reader.read(stream)
    found = [one for e in reader.events[stream] if isinstance(e, TextPiece) for one in e.logprobs]
    assert "".join(one.text for one in found).startswith(reader.text(stream)[:5])
    assert len(found) == reader.end(stream).usage.completion
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    chat = [{"role": "user", "content": "hello"}]
    ids = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, return_tensors="pt", return_dict=False
    )
    with torch.inference_mode():
        wanted = model(ids).logits[0, -1].log_softmax(-1)
    values, tokens = wanted.topk(3)
    assert [text for text, _ in found[0].top] == [tokenizer.decode([int(t)]) for t in tokens]
    for (_, logprob), value in zip(found[0].top, values.tolist(), strict=True):
        assert logprob == pytest.approx(value, abs=1e-3)
    assert all(one.logprob <= one.top[0][1] + 1e-6 for one in found)


def test_nobody_else_is_told(served: tuple[Engine, Reader]) -> None:
    engine, reader = served
    asked = engine.submit(request("a", max_new_tokens=8, logprobs=0))
    plain = engine.submit(request("b", max_new_tokens=8))
    reader.read(asked, plain)
    told = {
        stream: [
            one for e in reader.events[stream] if isinstance(e, TextPiece) for one in e.logprobs
        ]
        for stream in (asked, plain)
    }
    assert told[plain] == []
    assert len(told[asked]) == reader.end(asked).usage.completion > 0
    assert all(one.top == () for one in told[asked])


# ── penalties by count ───────────────────────────────────────────────────────────────────────


def test_each_token_costs_by_how_often_it_was_written(make_sampler: MakeSampler) -> None:
    """OpenAI's rule: logit - count × frequency - (count > 0) × presence, over the reply alone."""
    one = Sequence(
        request(temperature=0.0, frequency_penalty=0.5, presence_penalty=0.25), TokenStream("r"), 1
    )
    one.slot, one.tokens = 0, [3, 3, 3]  # the prompt does not count
    sampler, logits = (
        make_sampler(1, 6),
        torch.tensor([[0.0, 1.0, 1.6, 2.0, 0.1, 0.0]]),
    )
    sampler.begin(one, None)
    written: Counter[int] = Counter()
    for _ in range(12):
        lowered = [
            value - written[token] * 0.5 - (written[token] > 0) * 0.25
            for token, value in enumerate(logits[0].tolist())
        ]
        (token,) = sampler.next_tokens(logits, [one]).tokens
        assert token == max(range(6), key=lambda t: lowered[t])
        written[token] += 1
        one.tokens.append(token)
        one.completion += 1
    taken_back = Sequence(one.request, TokenStream("r"), 2)  # and goes on in another slot
    taken_back.slot, taken_back.tokens, taken_back.completion = 0, one.tokens, one.completion
    before = sampler.next_tokens(logits, [one]).tokens
    other = make_sampler(1, 6)
    other.begin(taken_back, None)
    assert other.next_tokens(logits, [taken_back]).tokens == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("frequency_penalty", 2.1), ("presence_penalty", -2.1), ("logprobs", 21), ("logprobs", -1),
     ("logprobs", True), ("frequency_penalty", float("nan"))],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request(**{name: value})
    assert caught.value.field == name
