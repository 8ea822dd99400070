"""A real model that calls the calculator, where it is installed: its words are an answer, and no call shows.

ECHO_TEST_MODELS names the folder of such models; without it they are looked for in this checkout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    Finished,
    GenerationRequest,
    SamplingParams,
    TextPiece,
)
from echo.services import tools
from echo.services.tools import functions
from echo.services.turns.calling import CallingStream
from echo.services.turns.toolbox import TOOLS
from tests.services.tools.test_functions import NOW

NAME = "qwen2.5-coder-0.5b"
QUESTION = "Use the calculator: what is 348 + 791 + 256?"
ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [os.environ.get("ECHO_TEST_MODELS"), ROOT / "instance" / "models"]

pytestmark = pytest.mark.timeout(3_600)


class Calculator:
    """Whoever has the tools: notes what is called, and what came out."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.steps: list[tools.Step] = []

    def answer(self, name: str, written: str) -> str:
        self.calls.append(name)
        step = functions.compute(name, functions.read(name, written, functions.BY_NAME), NOW)
        self.steps.append(step)
        return tools.said(step)

    def as_noted(self) -> tuple[ChatMessage, ...]:
        return (ChatMessage("user", tools.before(self.steps, 4_096) + QUESTION),)


@pytest.fixture(scope="module")
def bell() -> threading.Event:
    return threading.Event()


@pytest.fixture(scope="module")
def engine(bell: threading.Event) -> Iterator[Engine]:
    paths = [Path(folder) / NAME / "model.gguf" for folder in FOLDERS if folder]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        pytest.skip(f"{NAME} is not in $ECHO_TEST_MODELS or instance/models")
    started = Engine.local(EngineConfig(model=str(path), quant="auto", slots=1), bell.set)
    started.start()
    yield started
    started.stop(timeout=60)


def test_it_calls_the_calculator_and_says_what_came_out(
    engine: Engine, bell: threading.Event
) -> None:
    box = Calculator()
    request = GenerationRequest(
        (ChatMessage("user", QUESTION),),
        SamplingParams(max_new_tokens=120, temperature=0.0),
        request_id="r",
        tools=TOOLS,
        optional_tools=True,
        one_call=True,
    )
    stream = CallingStream(request, engine.submit, box)
    events = []
    while not any(isinstance(event, Finished) for event in events):
        bell.wait(60)
        bell.clear()
        engine.drain_ready()
        events += stream.take()
    text = "".join(event.text for event in events if isinstance(event, TextPiece))
    assert box.calls[:1] == ["calculator"]
    assert "1395" in text.replace(",", "")
    assert "tool_call" not in text
    assert "expression" not in text
