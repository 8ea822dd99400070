"""Fixtures of the tests of what is measured: `/metrics` as a program of this machine reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families as families

from echo.forms import spam_trap
from echo.generation import Failed, Finished, Script, ScriptedReply, TokenStream, Usage
from echo.models import RoleName, User
from tests.conftest import Tab
from tests.web.browser import Browser

Read = Callable[..., float]


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers end as those of a server elsewhere that does not tell what they took."""
    end = TokenStream.end

    def without_figures(stream: TokenStream, event: Finished | Failed) -> bool:
        return end(stream, replace(event, usage=Usage(None, None, event.usage.completion)))

    monkeypatch.setattr(TokenStream, "end", without_figures)


@pytest.fixture
def script() -> Script:
    slow = "one two three four five six seven eight nine ten " * 20
    return Script(
        replies=(
            ScriptedReply(match="slow", text=slow, delay_ms=15, first_delay_ms=5),
            ScriptedReply(match="silent", text="At last.", first_delay_ms=60_000),
            ScriptedReply(match="break", text="This will break soon.", fail_after=2),
            ScriptedReply(match="crash", text="Never.", crash_after=0, crash_times=1),
        ),
        default=ScriptedReply(text="A short answer of six words.", delay_ms=4, first_delay_ms=20),
    )


@pytest.fixture
def client(app: Flask) -> Browser:
    app.test_client_class = Browser
    return Browser(app, app.response_class, True)


@pytest.fixture
def read(client: Browser) -> Read:
    """Return the value of a sample as `/metrics` shows it now; 0 for one that is not there."""

    def value(name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in families(client.get("/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    return value


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada", role=RoleName.ANALYST)


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], ada: User) -> Tab:
    return open_tab(ada)


@pytest.fixture
def form_time(app: Flask) -> Callable[[], str]:
    """What the hidden field of a form that is shown now holds."""
    return spam_trap.new_time
