"""What the engine asks of whatever computes tokens. It does not know torch, threads or streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .detokenizer import Detokenizer
from .request import GenerationRequest, SamplingParams
from .sequence import Sequence
from .stream import TokenLogprob

CHARS_PER_TOKEN = 16  # a text with more of them per token of room is not even counted


class RowError(Exception):
    """One request cannot be served; its neighbours can."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def too_long(tokens: int, context: int, of_tools: int = 0) -> RowError:
    """A request that must be read whole does not fit; `of_tools` of its tokens describe functions."""
    text = f"The messages have about {tokens:,} tokens; the model reads {context:,}, its answer among them."
    if of_tools:
        text += (
            f" {of_tools:,} of them describe the functions that it may call: offer fewer, or none."
        )
    return RowError("too_long", text)


@dataclass(frozen=True)
class ModelFacts:
    device: str
    dtype: str
    context_length: int
    slots: int
    defaults: SamplingParams
    way: str = ""  # how steps are computed, in words
    weight_bytes: int = 0
    cache_bytes: int = 0


@dataclass(frozen=True)
class Chunk:
    """A part of a prompt: tokens[start:end] of the sequence."""

    sequence: Sequence
    start: int
    end: int


@dataclass(frozen=True)
class StepPlan:
    chunks: list[Chunk] = field(default_factory=list)
    decode: list[Sequence] = field(default_factory=list)
    guesses: dict[int, list[int]] = field(default_factory=dict)
    """By the number of a row in `decode`: what may come after its last token."""

    def __bool__(self) -> bool:
        return bool(self.chunks or self.decode)


@dataclass(slots=True)
class RowOutput:
    sequence: Sequence
    token: int = -1
    ended: bool = False  # the model ended its turn: the token is not text
    logprob: TokenLogprob | None = None
    error: str | None = None


@dataclass(slots=True)
class StepOutcome:
    rows: list[RowOutput]
    pause: float = 0.0  # nothing will come for so many seconds (scripted replies only)


@dataclass(frozen=True)
class Admission:
    """A sequence made ready: its prompt as tokens, and how many of them are in the cache."""

    tokens: list[int]
    cached: int
    budget: int
    detokenizer: Detokenizer
    stop: tuple[str, ...] = ()


class ModelRunner(Protocol):
    @property
    def facts(self) -> ModelFacts: ...

    def prepare(self, request: GenerationRequest) -> None:
        """Do before a request waits what would hold `admit` up; raises InvalidRequest. Callable from any
        thread."""

    def admit(self, sequence: Sequence) -> Admission:
        """Tokens, slot and reusable prefix; raises RowError. Called when a slot is free."""

    def step(self, plan: StepPlan) -> StepOutcome:
        """One forward pass over everything in the plan; whatever it raises ends all rows."""

    def release(self, sequence: Sequence, failed: bool) -> None:
        """The row is over; its keys and values may be kept for the next turn."""

    def add_adapter(self, name: str, folder: str) -> None:
        """Serve requests for this name with an adapter over these weights; raises ModelLoadError."""

    def drop_adapter(self, name: str) -> None:
        """Forget an adapter; no row uses it."""

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text's tokens, without any that begin or end a prompt; callable from any thread."""

    def prompt_limit(self, max_new_tokens: int) -> int:
        """The most tokens that a prompt may have, so that the reply still fits."""

    def count_prompt(self, text: str, system_prompt: str, most: int) -> int:
        """Tokens of the shortest prompt for this message, about how many where that is more than `most`.

        Callable from any thread."""

    @property
    def slots_used(self) -> int: ...

    @property
    def cache_tokens(self) -> int:
        """Tokens whose keys and values are held; callable from any thread."""

    def close(self) -> None: ...
