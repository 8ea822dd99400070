"""The next token of each row from its logits. It does not know models, text or scheduling.

Each row draws one uniform number per token from its own random stream, so that a request's text does not
depend on its neighbours. Which token a number gives is the backend's matter: torch's or the own kernels'.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from .likelihood import Likelihood, likelihoods
from .sequence import Sequence


class SamplingBackend(Protocol):
    """Penalties, limits and the draw, for rows that stay the same for many steps."""

    def begin(self, sequence: Sequence) -> None:
        """A sequence takes its slot, with the tokens that it has."""

    def prepare(self, rows: list[Sequence]) -> Any:
        """Return what `choose` needs for these rows."""

    def choose(self, logits: Tensor, prepared: Any) -> Tensor:
        """logits [rows, vocabulary] → tokens [rows]; -1 where a row's logits are not numbers"""


@dataclass(frozen=True)
class _Settings:
    """What is known of one set of rows; kept until the set changes."""

    prepared: Any
    has_grammar: bool
    logprobs: dict[int, int]  # rows that ask for them: for how many of the likeliest tokens


class Sampled(NamedTuple):
    """What a step chose for its rows."""

    tokens: list[int | None]
    """None where the logits are not numbers."""
    likelihoods: dict[int, Likelihood]
    """By the number of the row, of those that asked for it."""


class Sampler:
    def __init__(self, backend: SamplingBackend) -> None:
        self._backend = backend
        self._key: tuple[tuple[int, int], ...] = ()
        self._settings: _Settings | None = None

    def begin(self, sequence: Sequence, seed: int | str | None) -> None:
        if sequence.rng is None:  # a preempted row goes on with its own stream
            sequence.rng = random.Random(seed)  # None: from the system's entropy
        self._backend.begin(sequence)

    def next_tokens(self, logits: Tensor, rows: list[Sequence]) -> Sampled:
        """logits [rows, vocabulary] → a token for each row"""
        settings = self._settings_for(rows)
        logits = logits.float()
        if settings.has_grammar:
            logits = _masked(logits, rows)
        chosen = self._backend.choose(logits, settings.prepared)
        tokens = chosen.tolist()
        for row, token in zip(rows, tokens, strict=True) if settings.has_grammar else ():
            if row.grammar is not None and token >= 0:
                row.grammar.accept(token)
        return Sampled(
            [token if token >= 0 else None for token in tokens],
            likelihoods(logits, chosen, settings.logprobs),
        )

    def _settings_for(self, rows: list[Sequence]) -> _Settings:
        key = tuple([(row.number, row.slot) for row in rows])  # a preempted row changes its slot
        if self._settings is None or key != self._key:
            has_grammar = any(row.grammar is not None for row in rows)
            prepared = self._backend.prepare(rows)
            self._key = key
            self._settings = _Settings(prepared, has_grammar, _asked_logprobs(rows))
        return self._settings


def _masked(logits: Tensor, rows: list[Sequence]) -> Tensor:
    """Rows with a grammar keep the logits of what may follow; -inf elsewhere."""
    logits = logits.clone()
    for number, row in enumerate(rows):
        if row.grammar is not None:
            logits[number].masked_fill_(~row.grammar.allowed().to(logits.device), -torch.inf)
    return logits


def _asked_logprobs(rows: list[Sequence]) -> dict[int, int]:
    counts = ((number, row.request.sampling.logprobs) for number, row in enumerate(rows))
    return {number: count for number, count in counts if count is not None}
