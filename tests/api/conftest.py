"""Fixtures of the API tests: programs that are signed in."""

from collections.abc import Callable

import pytest
from flask import Flask

from echo.generation import Script, ScriptedReply
from echo.models import User
from tests.web.browser import Browser

ANSWER = "Hello from the API, word by word."


@pytest.fixture
def script() -> Script:
    return Script(
        replies=(
            ScriptedReply(match="break", text="This will break.", fail_after=1),
            ScriptedReply(match="slow", text="tick " * 400, delay_ms=10, first_delay_ms=1),
            ScriptedReply(match="echo", text="{question}", delay_ms=0),
        ),
        default=ScriptedReply(text=ANSWER, delay_ms=1, first_delay_ms=1),
    )


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def client(app: Flask) -> Browser:
    return Browser(app, app.response_class, True)


@pytest.fixture
def program(client: Browser, ada: User, login: Callable[..., str]) -> Browser:
    """A program with Ada's session."""
    login(client, ada)
    return client
