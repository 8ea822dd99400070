"""Who is taken in while somebody reads, without an engine's thread."""

from __future__ import annotations

import time
from typing import Any

from echo.generation import EngineConfig, Script, ScriptedReply
from echo.generation.inbox import Inbox
from echo.generation.model_spec import ModelSpec
from echo.generation.scripted_runner import ScriptedRunner
from echo.generation.sequence import Sequence, SequenceState
from echo.generation.served_model import ADMIT_SECONDS, ServedModel
from echo.generation.stream import TokenStream

from .helpers import request

SLOTS = 16
LONG = Script(default=ScriptedReply(text="word " * 500, delay_ms=0, first_delay_ms=0))


class Slow(ScriptedRunner):
    """Each request takes half of what may be taken in one turn."""

    def admit(self, sequence: Sequence) -> Any:
        time.sleep(ADMIT_SECONDS / 2)
        return super().admit(sequence)


def served() -> ServedModel:
    config = EngineConfig(slots=SLOTS)
    inbox = Inbox(lambda: None)
    for number in range(SLOTS):
        inbox.enter(str(number), SLOTS, 1)
    model = ServedModel("made", config, inbox)
    model.use(Slow(LONG, config))
    return model


def ask(model: ServedModel, numbers: range) -> list[Sequence]:
    spec = ModelSpec("made", "made")
    asked = [
        Sequence(request(owner=f"{n}", model="made"), TokenStream(f"{n}", 100), n) for n in numbers
    ]
    for one in asked:
        model.add(one, spec)
    return asked


def test_who_reads_does_not_wait_until_all_others_are_taken_in() -> None:
    model = served()
    [reader] = ask(model, range(1))
    while reader.state is not SequenceState.DECODING:
        model.step()
    ask(model, range(1, SLOTS))
    taken, words = [], []
    while len(model.scheduler.running) < SLOTS:
        before = len(model.scheduler.running), reader.completion
        model.step()
        taken.append(len(model.scheduler.running) - before[0])
        words.append(reader.completion - before[1])
    assert max(taken) <= 3
    assert min(taken) >= 1
    assert min(words) >= 1  # each turn writes on


def test_nobody_reads_so_all_are_taken_in_at_once() -> None:
    model = served()
    ask(model, range(SLOTS))
    model.step()
    assert len(model.scheduler.running) == SLOTS
