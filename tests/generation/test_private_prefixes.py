"""Somebody who guesses what another has asked learns nothing from what the engine remembered of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from echo.generation import ChatMessage, Engine

from .helpers import Reader, config_for, request

SYSTEM = "You are Echo, kind, short and precise, and you keep what you are told to yourself."
SECRET = "my password at the bank is ninety-four green horses and nobody shall know it"
PROBES = [SECRET[:end] for end in range(8, len(SECRET) + 1, 8)] + [SECRET]


@pytest.fixture(scope="module")
def engine(tiny_qwen: Path) -> Iterator[tuple[Engine, Reader]]:
    reader = Reader()
    engine = Engine.local(config_for(tiny_qwen), reader.wake)
    reader.engine = engine
    engine.start()
    yield engine, reader
    engine.stop(10)


def cached(
    engine: tuple[Engine, Reader], text: str, owner: str, system: str = SYSTEM, **more: Any
) -> int:
    """How many tokens of the prompt the engine says that it knew."""
    running, reader = engine
    messages = (ChatMessage("system", system), ChatMessage("user", text))
    asked = request(
        messages=messages, owner=owner, shared_chars=len(SYSTEM), max_new_tokens=1, **more
    )
    stream = running.submit(asked)
    reader.read(stream)
    return int(reader.end(stream).usage.cached)


def test_a_guess_is_told_from_no_other_guess(engine: tuple[Engine, Reader]) -> None:
    cached(engine, SECRET, "victim", conversation="theirs")
    known = {cached(engine, probe, "attacker") for probe in PROBES[:1]}
    assert {cached(engine, probe, f"attacker{n}") for n, probe in enumerate(PROBES)} == known
    assert known == {cached(engine, "something else altogether", "bystander")}


def test_the_conversation_of_another_opens_nothing(engine: tuple[Engine, Reader]) -> None:
    cached(engine, SECRET, "victim", conversation="theirs")
    assert cached(engine, SECRET, "thief", conversation="theirs") == cached(
        engine, "nothing that anybody knows", "thief2"
    )


def test_ones_own_question_is_remembered(engine: tuple[Engine, Reader]) -> None:
    cached(engine, SECRET, "owner", conversation="mine")
    again = cached(engine, SECRET, "owner", conversation="mine")
    assert again > cached(engine, SECRET, "somebody")


def test_an_own_system_message_is_as_private_as_a_question(engine: tuple[Engine, Reader]) -> None:
    own = f"{SYSTEM} The customer is called Ada and owes us ninety pounds."
    cached(engine, "Hi", "victim", own)
    assert cached(engine, "Hi", "attacker", own) == cached(engine, "Hi", "bystander", SYSTEM)
