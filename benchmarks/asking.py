"""An engine in this process and the way to ask it, for measurements that read answers. Compares nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    GenerationRequest,
    SamplingParams,
    TextPiece,
)


@dataclass
class Answer:
    """What the model said to one prompt; the seconds are those from the first words to the end."""

    text: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0
    ended: str = ""
    began: float = 0.0


class Asking:
    """An engine of its own, with the weights that are served."""

    def __init__(self, sampling: SamplingParams, **settings: Any) -> None:
        self._bell = threading.Event()
        config = EngineConfig(
            **{"quant": "auto", "max_queue": 1000, "max_queue_per_owner": 1000, **settings}
        )
        self._sampling = sampling
        self.engine = Engine.local(config, self._bell.set)
        self.engine.start()

    def wait(self) -> None:
        """Wait until there is news."""
        self._bell.wait(60)
        self._bell.clear()
        self.engine.drain_ready()

    def ask(self, prompts: list[tuple[ChatMessage, ...]]) -> list[Answer]:
        """Return the answers to prompts that are asked at the same moment."""
        given = [Answer() for _ in prompts]
        for number, prompt in enumerate(prompts):
            self.engine.submit(GenerationRequest(prompt, self._sampling, request_id=str(number)))
        left = len(prompts)
        while left:
            self._bell.wait(60)
            self._bell.clear()
            for stream in self.engine.drain_ready():
                for event in stream.take():
                    left -= _take(given[int(stream.request_id)], event)
        return given


def _take(answer: Answer, event: Any) -> bool:
    """Add an event to its answer; tell whether it was the last one."""
    if isinstance(event, TextPiece):
        answer.began = answer.began or time.perf_counter()
        answer.text += event.text
        return False
    answer.seconds = time.perf_counter() - answer.began
    answer.ended = str(getattr(event, "reason", "failed"))
    answer.prompt_tokens, answer.cached_tokens = event.usage.prompt, event.usage.cached
    answer.tokens = event.usage.completion
    return True
