"""Fixtures of the socket tests: one signed-in user with one tab, and fast or slow answers by word."""

from collections.abc import Callable

import pytest
from flask import Flask

from echo.generation import GenerationRequest, Script, ScriptedReply
from echo.models import RoleName, User
from tests.conftest import Tab

Requests = list[GenerationRequest]
SLOW_TEXT = "one two three four five six seven eight nine ten " * 20


@pytest.fixture
def script() -> Script:
    """ "slow" in the question makes the answer last for seconds; any other is answered at once."""
    return Script(
        replies=(ScriptedReply(match="slow", text=SLOW_TEXT, delay_ms=15, first_delay_ms=5),),
        default=ScriptedReply(text="A short answer.", delay_ms=0, first_delay_ms=0),
    )


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    """An analyst: the weakest role that may send every event."""
    return make_user("ada", role=RoleName.ANALYST)


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], ada: User) -> Tab:
    return open_tab(ada)


@pytest.fixture
def requests(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Requests:
    """What the engine is asked, in order."""
    engine = app.extensions["turns"].engine
    asked: Requests = []
    submit = engine.submit
    monkeypatch.setattr(engine, "submit", lambda request: asked.append(request) or submit(request))
    return asked
