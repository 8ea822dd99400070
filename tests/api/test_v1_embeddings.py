"""`/v1/embeddings`: vectors as transformers computes them, by a process of its own."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.generation import counting
from echo.generation import embedding as direct
from echo.models import User
from echo.services.library import embedding
from echo.services.serving.embedder import Embedder
from echo.services.turns import quotas
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, error_of
from tests.library.made_embedding import made_bert, reference
from tests.waiting import until
from tests.web.browser import Browser

TEXTS = ["A puffin is a bird.", "Birds of the sea", "x", "a b c d e f g h i j k l m n o p q r s t"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def process() -> Iterator[Embedder]:
    """One process for all tests of this file: it takes seconds to start."""
    embedder = Embedder()
    yield embedder
    embedder.stop()


@pytest.fixture
def ask(app: Flask, ada: User) -> Any:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))
    return lambda **body: browser.post("/v1/embeddings", json=body, headers=key)


@pytest.fixture
def installed(app: Flask, folder: Path, process: Embedder) -> None:
    home = embedding.MODEL.home(app.extensions["library"].folder)
    home.parent.mkdir(parents=True)
    home.symlink_to(folder)
    app.extensions["embedder"] = process


def test_vectors_are_those_of_transformers(
    ask: Any, installed: None, folder: Path, ada: User
) -> None:
    answer = ask(input=TEXTS, model=embedding.MODEL.name).get_json()
    wanted, tokens = reference(folder, TEXTS)
    assert (answer["object"], answer["model"]) == ("list", "all-minilm-l6-v2")
    assert [(one["object"], one["index"]) for one in answer["data"]] == [
        ("embedding", number) for number in range(len(TEXTS))
    ]
    for one, vector in zip(answer["data"], wanted, strict=True):
        assert one["embedding"] == pytest.approx(vector, abs=1e-5)
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    (call,) = calls()
    assert (call.route, call.prompt_tokens, call.completion_tokens) == ("embeddings", tokens, 0)
    used = quotas.status(ada.id)
    assert (used.messages.used, used.tokens.used) == (0, tokens)  # no message of anybody's


def test_a_text_alone_and_bytes(ask: Any, installed: None, folder: Path) -> None:
    answer = ask(input=TEXTS[0], encoding_format="base64", dimensions=384).get_json()
    (one,) = answer["data"]
    numbers = struct.unpack("<384f", base64.b64decode(one["embedding"]))
    assert numbers == pytest.approx(reference(folder, TEXTS[:1])[0][0], abs=1e-5)
    assert sum(number**2 for number in numbers) == pytest.approx(1.0, abs=1e-4)


def test_a_text_that_is_too_long_is_refused_by_its_number(ask: Any, installed: None) -> None:
    refused = ask(input=["short", "a " * 200])
    assert error_of(refused) == (400, "context_length_exceeded", "input")
    assert "Text 1" in refused.get_json()["error"]["message"]
    assert calls() == []


def test_a_text_that_is_far_too_long_is_read_no_further_than_that_tells(folder: Path) -> None:
    embedder = direct.Embedder(folder)
    read: list[int] = []
    count = embedder._count
    embedder._count = lambda text: read.append(len(text)) or count(text)  # type: ignore[method-assign, func-returns-value]
    found, vectors = embedder.answer(["short", "i " * 500_000])
    assert (found["error"], found["index"], vectors) == ("too_long", 1, [])
    assert found["tokens"] > 100_000
    assert read == [counting.PIECE_CHARS]


def test_the_process_is_replaced_when_it_dies(ask: Any, installed: None, process: Embedder) -> None:
    assert ask(input="one").status_code == 200
    assert process._process is not None
    process._process.kill()
    process._process.wait()
    assert ask(input="two").status_code == 200


def test_a_folder_that_is_no_model_fails_and_says_so(app: Flask, ask: Any, tmp_path: Path) -> None:
    embedding.MODEL.home(app.extensions["library"].folder).mkdir(parents=True)
    assert error_of(ask(input="x"))[:2] == (503, "engine_failed")


def test_without_a_model_it_says_how_to_have_one(ask: Any) -> None:
    refused = ask(input="x")
    assert error_of(refused) == (404, "model_not_found", "model")
    words = refused.get_json()["error"]["message"]
    assert "python run.py models add all-minilm-l6-v2" in words


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"), ({"input": []}, "input"), ({"input": ""}, "input[0]"), ({"input": [1, 2]}, "input"),
        ({"input": [[1]]}, "input"), ({"input": {"a": 1}}, "input"), ({"input": ["a", None]}, "input[1]"),
        ({"input": ["a"] * 2_049}, "input"), ({"input": "a", "dimensions": 7}, "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    body: dict[str, Any], param: str, ask: Any, installed: None
) -> None:
    assert error_of(ask(**body)) == (400, "invalid_value", param)


def test_another_model_embeds_nothing(ask: Any, installed: None) -> None:
    for name in ("text-embedding-3-small", "scripted"):
        assert error_of(ask(input="a", model=name)) == (404, "model_not_found", "model")


def test_a_days_tokens_bound_it(ask: Any, installed: None, ada: User) -> None:
    ada.role.daily_tokens = 1
    db.session.commit()
    assert ask(input="one two three").status_code == 200
    assert error_of(ask(input="x"))[:2] == (429, "insufficient_quota")


def test_the_process_ends_while_nobody_asks_and_comes_again(app: Flask, folder: Path) -> None:
    embedder = Embedder(idle=0.2)
    try:
        first = embedder.embed(folder, ["a bird"], "float")
        process = embedder._process
        assert process is not None
        until(lambda: process.poll() is not None, "it has ended")
        assert embedder.embed(folder, ["a bird"], "float") == first
    finally:
        embedder.stop()
