"""The `openai` package and a real model: what only a model can do. One server, some seconds to load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from echo.generation.chat_template import ChatTemplate
from tests.live.programs import key_on
from tests.live.server import PATIENCE, ROOT, LiveServer

MODEL = ROOT / "weights" / "echo-mini"
QUESTION: list[Any] = [{"role": "user", "content": "What can you do?"}]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    server = LiveServer(
        tmp_path_factory.mktemp("model"),
        ECHO_ENGINE="local",
        ECHO_MODEL=str(MODEL),
        ECHO_QUANT="none",
    ).start()
    key = key_on(server, "programmer")
    with OpenAI(
        base_url=f"{server.url}/v1", api_key=key, timeout=PATIENCE, max_retries=0
    ) as client:
        yield client
    server.stop()


def ask(client: OpenAI, **how: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "echo-mini", "messages": QUESTION, "max_tokens": 24, **how}
    )


def test_a_seed_repeats_and_no_temperature_chooses_the_likeliest(client: OpenAI) -> None:
    def text(**how: Any) -> str:
        return str(ask(client, **how).choices[0].message.content)

    assert text(seed=7, temperature=1.5) == text(seed=7, temperature=1.5)
    assert len({text(seed=seed, temperature=2, top_p=1) for seed in range(4)}) > 1
    assert text(temperature=0, seed=1) == text(temperature=0, seed=2)


def test_logprobs_belong_to_the_tokens_of_the_text(client: OpenAI) -> None:
    choice = ask(client, temperature=0, logprobs=True, top_logprobs=3).choices[0]
    tokens = choice.logprobs.content
    assert "".join(one.token for one in tokens).startswith(choice.message.content)
    for one in tokens:
        assert one.logprob <= 0
        assert one.logprob == pytest.approx(max(each.logprob for each in one.top_logprobs))
        assert len(one.top_logprobs) == 3
        assert one.bytes is None or bytes(one.bytes).decode() == one.token
    plain = ask(client, temperature=0, logprobs=True).choices[0].logprobs.content
    assert [(one.token, one.top_logprobs) for one in plain] == [(one.token, []) for one in tokens]


def test_streamed_logprobs_and_text_are_those_of_the_whole(client: OpenAI) -> None:
    whole = ask(client, temperature=0, logprobs=True)
    stream = ask(client, temperature=0, logprobs=True, stream=True)
    choices = [chunk.choices[0] for chunk in stream if chunk.choices]
    assert "".join(c.delta.content or "" for c in choices) == whole.choices[0].message.content
    tokens = [one.token for c in choices if c.logprobs for one in c.logprobs.content]
    assert tokens == [one.token for one in whole.choices[0].logprobs.content]
    assert choices[-1].finish_reason == whole.choices[0].finish_reason


class Animal(BaseModel):
    """What the model must say, whatever it would like to."""

    name: Literal["walrus", "badger"]
    legs: Literal[0, 2, 4]
    tame: bool


def test_an_answer_fits_its_schema(client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}, "count": {"type": "integer"}},
        "required": ["colour", "count"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    choice = ask(client, response_format=wanted, max_tokens=100, seed=1).choices[0]
    if choice.finish_reason == "stop":
        found = json.loads(choice.message.content)
        assert (set(found), found["colour"] in ("red", "blue")) == ({"colour", "count"}, True)
    else:  # digits without end are of the schema too
        assert '"colour"' in choice.message.content
    parsed = client.chat.completions.parse(
        model="echo-mini", messages=QUESTION, response_format=Animal, max_tokens=200, seed=2
    )
    assert isinstance(parsed.choices[0].message.parsed, Animal)


def test_json_is_not_padded(client: OpenAI) -> None:
    """Small models would fill the whole answer with white space between its parts."""
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    text = ask(client, response_format=wanted, temperature=0).choices[0].message.content
    assert re.match(r'{ ?"a" ?: ?[12] ?[,}]', text), text


def test_any_object(client: OpenAI) -> None:
    choice = ask(client, response_format={"type": "json_object"}, max_tokens=200).choices[0]
    assert choice.message.content.startswith("{")
    if choice.finish_reason == "stop":
        assert isinstance(json.loads(choice.message.content), dict)


def test_a_penalty_changes_what_is_said(client: OpenAI) -> None:
    """So does a bias that the engine does not know: it is refused, not ignored."""
    usual = ask(client, temperature=0).choices[0].message.content
    other = ask(client, temperature=0, frequency_penalty=2, presence_penalty=2)
    strict = ask(client, temperature=0, extra_body={"repetition_penalty": 2.0})
    assert {other.choices[0].message.content, strict.choices[0].message.content} != {usual}
    with pytest.raises(openai.BadRequestError):
        ask(client, logit_bias={"5": 100})


def test_a_conversation_finds_its_beginning_in_the_cache(client: OpenAI) -> None:
    said = [*QUESTION, {"role": "assistant", "content": "Many things. " * 30}, *QUESTION]
    assert ask(client, messages=said).usage.prompt_tokens > 64
    again = [*said, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Ok?"}]
    assert ask(client, messages=again).usage.prompt_tokens_details.cached_tokens > 32


def test_what_does_not_fit_is_refused_with_its_length(client: OpenAI) -> None:
    (model,) = [one for one in client.models.list() if one.id == "echo-mini"]
    context = model.model_dump()["context"]
    with pytest.raises(openai.BadRequestError, match=f"reads {context:,}") as refusal:
        ask(client, messages=[*QUESTION, {"role": "user", "content": "walrus " * context}])
    assert refusal.value.code == "context_length_exceeded"
    long = ask(client, messages=[*QUESTION, {"role": "user", "content": "go on " * 60}])
    assert long.choices[0].finish_reason in ("stop", "length")


def test_a_raw_prompt_that_says_what_the_template_says_gets_the_same_answer(client: OpenAI) -> None:
    template = ChatTemplate((MODEL / "chat_template.jinja").read_text(), {})
    raw = client.completions.create(
        model="echo-mini",
        prompt=template.render(QUESTION),
        temperature=0,
        max_tokens=24,
        logprobs=2,
    ).choices[0]
    chat = ask(client, temperature=0, logprobs=True, top_logprobs=2).choices[0]
    assert (raw.text, raw.finish_reason) == (chat.message.content, chat.finish_reason)
    assert raw.logprobs is not None
    tokens, offsets = raw.logprobs.tokens or [], raw.logprobs.text_offset or []
    assert tokens == [one.token for one in chat.logprobs.content]
    assert [raw.text[at:].startswith(t) for at, t in zip(offsets, tokens, strict=True)][:-1] == [
        True
    ] * (len(tokens) - 1)
    other = client.completions.create(model="echo-mini", prompt="What can", temperature=0)
    assert other.usage is not None
    assert other.usage.prompt_tokens < 8  # no template around it
