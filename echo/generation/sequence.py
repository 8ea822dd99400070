"""One request on its way through the engine. It does not know tensors, tokenizers or threads."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from .detokenizer import TextAssembler
from .request import GenerationRequest
from .stream import TokenLogprob, TokenStream

if TYPE_CHECKING:  # torch is not needed to wait in a queue
    from .grammar import Grammar
    from .speculation import Lookup


class SequenceState(StrEnum):
    WAITING = "waiting"
    PREFILLING = "prefilling"
    DECODING = "decoding"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING = (SequenceState.PREFILLING, SequenceState.DECODING)


class Sequence:
    """One request on its way through the engine; only the engine's thread writes to it."""

    __slots__ = (
        "_state", "budget", "cached", "completion", "computed", "first_text_at", "grammar", "logprobs",
        "lookup", "number", "prompt_length", "request", "rng", "slot", "stalled_since", "stamps", "stream",
        "text", "tokens",
    )  # fmt: skip

    def __init__(self, request: GenerationRequest, stream: TokenStream, number: int = 0) -> None:
        self.request = request
        self.stream = stream
        self.number = number
        self.tokens: list[int] = []  # prompt, then reply
        self.prompt_length = 0
        self.computed = 0  # how many of them have keys and values in the cache
        self.cached = 0  # how many of those were found there
        self.completion = 0
        self.budget = request.sampling.max_new_tokens
        self.slot = -1
        self.rng: random.Random | None = None
        self.grammar: Grammar | None = None
        self.lookup: Lookup | None = None  # what its next tokens are guessed from
        self.text: TextAssembler | None = None
        self.logprobs: list[TokenLogprob] = []  # of tokens whose text has not left yet
        self.stalled_since: float | None = None
        self.first_text_at: float | None = None
        self.stamps: dict[SequenceState, float] = {}
        self.state = SequenceState.WAITING

    @property
    def state(self) -> SequenceState:
        return self._state

    @state.setter
    def state(self, new: SequenceState) -> None:
        self._state = new
        self.stamps.setdefault(new, time.monotonic())
