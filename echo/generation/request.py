"""What is asked of the engine and how far it has come. It does not know tensors or tokenizers."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import InvalidRequest

if TYPE_CHECKING:
    from .detokenizer import TextAssembler
    from .stream import TokenStream

ROLES = ("system", "user", "assistant")
MAX_STOP_STRINGS = 16
MAX_STOP_LENGTH = 200


class FinishReason(StrEnum):
    STOP = "stop"  # the model ended its turn, or a stop string was written
    LENGTH = "length"
    CANCELLED = "cancelled"
    FAILED = "failed"


class SequenceState(StrEnum):
    WAITING = "waiting"
    PREFILLING = "prefilling"
    DECODING = "decoding"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class SamplingParams:
    max_new_tokens: int = 256
    temperature: float = 0.7  # 0 = always the most likely token
    top_p: float = 0.9
    top_k: int = 0  # 0 = off
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _whole("max_new_tokens", self.max_new_tokens, 1, 1_000_000)
        _number("temperature", self.temperature, 0.0, 5.0)
        _number("top_p", self.top_p, 1e-6, 1.0)
        _whole("top_k", self.top_k, 0, 10_000_000)
        _number("min_p", self.min_p, 0.0, 1.0)
        _number("repetition_penalty", self.repetition_penalty, 0.01, 10.0)
        if self.seed is not None:
            _whole("seed", self.seed, 0, 2**64 - 1)
        _stop_strings(self.stop)


@dataclass(frozen=True)
class ChatMessage:
    role: str
    content: str


@dataclass(frozen=True)
class GenerationRequest:
    messages: tuple[ChatMessage, ...]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    owner: str = ""  # opaque: waiting requests are served in turns of owners
    conversation: str | None = None  # opaque: the next turn finds its keys and values again
    prefix: str = ""  # text that the assistant has already written: it is continued
    request_id: str = ""

    def __post_init__(self) -> None:
        if not self.messages:
            raise InvalidRequest("messages", "there must be at least one message.")
        for number, message in enumerate(self.messages):
            _check_message(message, number)
        if self.messages[-1].role != "user":
            raise InvalidRequest("messages", "the last message must be from the user.")


class Sequence:
    """One request on its way through the engine; only the engine's thread writes to it."""

    __slots__ = (
        "_state", "budget", "cached", "completion", "computed", "first_text_at", "number",
        "prompt_length", "request", "rng", "slot", "stalled_since", "stamps", "stream", "text", "tokens",
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
        self.text: TextAssembler | None = None
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

    @property
    def remaining(self) -> int:
        """Tokens that are known but have no keys and values yet."""
        return len(self.tokens) - self.computed


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(name, "must be a whole number.")
    if not least <= value <= most:
        raise InvalidRequest(name, f"must be between {least} and {most}.")


def _number(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidRequest(name, "must be a number.")
    if not least <= value <= most:
        raise InvalidRequest(name, f"must be between {least:g} and {most:g}.")


def _stop_strings(stop: object) -> None:
    if not isinstance(stop, tuple) or not all(isinstance(text, str) for text in stop):
        raise InvalidRequest("stop", "must be a list of texts.")
    if len(stop) > MAX_STOP_STRINGS:
        raise InvalidRequest("stop", f"at most {MAX_STOP_STRINGS} stop strings are allowed.")
    if not all(0 < len(text) <= MAX_STOP_LENGTH for text in stop):
        raise InvalidRequest("stop", f"each must have 1 to {MAX_STOP_LENGTH} characters.")


def _check_message(message: object, number: int) -> None:
    if not isinstance(message, ChatMessage) or not isinstance(message.content, str):
        raise InvalidRequest("messages", "each message needs a role and a text.")
    if message.role not in ROLES:
        raise InvalidRequest("messages", f"a role must be one of {', '.join(ROLES)}.")
    if message.role == "system" and number > 0:
        raise InvalidRequest("messages", "a system message can only come first.")
