"""An application with a library of models over the scripted engine, and a place that gives a model slowly."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo import engines
from echo.config import ROOT
from echo.errors import SourceFailed
from echo.generation import Script, ScriptedReply
from echo.services.library import Plan, Step
from echo.services.library.progress import Work
from echo.services.library.records import Record
from echo.services.serving import Models
from tests.waiting import until

MINI = ROOT / "weights" / "echo-mini"
SIZE = 100


@pytest.fixture
def script_with_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted engine serves whatever the library holds."""
    monkeypatch.setattr(
        engines, "models_of", lambda app, engine, _s: Models(engine, app.extensions["library"])
    )


@pytest.fixture
def script(script_with_files: None) -> Script:
    return Script(
        default=ScriptedReply(text="word " * 500, delay_ms=5),
        models=("a", "b", "bad"),
        broken=("bad",),
        megabytes=7,
    )


@pytest.fixture
def offered(app: Flask) -> Models:
    """The models on offer: the script's and the library's."""
    found: Models = app.extensions["models"]
    found.refresh()
    eventually(lambda: found.view("a").status.state == "ready")
    return found


class SlowPlace:
    """Gives echo-mini under another name: 40 of 100 bytes are there at once, the rest when it is told to."""

    where = "a slow place"
    source_text = "hub:them/slow"

    def __init__(self) -> None:
        self.goes_on = False
        self.failure = ""
        self.calls = 0

    def fetch(self, work: Work) -> Path:
        self.calls += 1
        work.pieces.mkdir(parents=True, exist_ok=True)
        (work.pieces / "first.part").write_bytes(b"x" * 40)
        work.progress(Step(40, SIZE, "package 1 of 2"))
        while not self.goes_on:
            work.refuse_if_stopped()
            time.sleep(0.002)
        if self.failure:
            raise SourceFailed(self.failure)
        shutil.copytree(MINI, work.home, dirs_exist_ok=True)
        return work.home


@pytest.fixture
def slow_place(offered: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowPlace]:
    """The library finds "them/slow" in this place."""
    library, place = offered.library, SlowPlace()
    assert library is not None
    plan = library.plan

    def planned(source: str, *more: Any) -> Plan:
        if source not in ("them/slow", "slow"):
            return plan(source, *more)
        record = Record(name="slow", kind="hub", source=place.source_text, licence="MIT")
        return Plan(record, (place,), download=SIZE, disk=SIZE)

    monkeypatch.setattr(library, "plan", planned)
    yield place
    place.goes_on, place.failure = True, "the test is over"
    if offered.adder is not None:
        eventually(lambda: offered.adder.current is None)  # type: ignore[union-attr]


def eventually(condition: Callable[[], bool]) -> None:
    """Let green threads run until this is so."""
    until(condition, "what this test waits for")
