"""`/v1/tokenize`: a text's tokens, by a model that is loaded first where it is not in memory."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from echo.generation import Script
from echo.models import User
from echo.services.serving import Models
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, error_of
from tests.web.browser import Browser


@pytest.fixture
def script() -> Script:
    return Script(models=("scripted", "late", "broken"), broken=("broken",), load_ms=60)


@pytest.fixture
def ask(app: Flask, ada: User) -> Any:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))
    return lambda **body: browser.post("/v1/tokenize", json=body, headers=key)


def test_tokens_are_told_and_counted(ask: Any) -> None:
    assert ask(text="12345").get_json() == {"model": "scripted", "tokens": [0, 1], "count": 2}
    assert ask(text="").get_json()["tokens"] == []
    assert calls() == []  # nobody has answered


def test_a_model_that_is_not_in_memory_is_loaded_first(ask: Any, app: Flask) -> None:
    states = {one.name: one.state for one in Models.of(app).engine.models()}
    assert states["late"] == "installed"
    assert ask(text="12345", model="late").get_json()["count"] == 2
    assert error_of(ask(text="x", model="broken"))[:2] == (503, "engine_failed")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_value", "text")), ({"text": None}, (400, "invalid_value", "text")),
        ({"text": ["a"]}, (400, "invalid_value", "text")), ({"text": 7}, (400, "invalid_value", "text")),
        ({"text": "a", "model": 7}, (400, "invalid_value", "model")),
        ({"text": "a", "model": "gpt-9"}, (404, "model_not_found", "model")),
        ({"text": "x" * 200_001}, (400, "invalid_value", "text")),
        ({"text": "x" * 2_100_000}, (413, None, None)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: dict[str, Any], expected: Any, ask: Any) -> None:
    assert error_of(ask(**body)) == expected
