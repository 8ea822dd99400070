"""The next token of each row by one native call. It does not know models or grammars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..penalties import Penalties
from ..sequence import Sequence
from .build import Library
from .shapes import RowSampling


@dataclass(frozen=True)
class _Rows:
    sampled: list[tuple[Any, Sequence]]  # rows that draw, with what the kernels read of each
    settings: Any  # RowSampling[rows]


class NativeSampling:
    """As TorchSampling, by the rules of `sample.c`."""

    def __init__(self, slots: int, vocabulary: int, threads: int, code: Library) -> None:
        self._vocabulary = vocabulary
        self._threads = threads
        self._code = code
        self._penalties = Penalties(slots, vocabulary, torch.device("cpu"))

    def begin(self, sequence: Sequence) -> None:
        self._penalties.begin(sequence)

    def prepare(self, rows: list[Sequence]) -> _Rows:
        settings = (RowSampling * len(rows))(*map(self._settings, rows))
        drawn = [number for number, one in enumerate(settings) if one.temperature > 0]
        return _Rows([(settings[number], rows[number]) for number in drawn], settings)

    def choose(self, logits: Tensor, prepared: _Rows) -> Tensor:
        for one, row in prepared.sampled:
            one.draw = row.rng.random()  # type: ignore[union-attr]
        count = len(prepared.settings)
        tokens = torch.empty(count, dtype=torch.int32)
        self._code.sample(
            logits.data_ptr(), count, logits.stride(0), self._vocabulary, prepared.settings,
            self._threads, tokens.data_ptr(),
        )  # fmt: skip
        return tokens

    def _settings(self, row: Sequence) -> RowSampling:
        params = row.request.sampling
        factors, counts = self._penalties.tables(row)
        return RowSampling(
            factors=factors.data_ptr() if factors is not None else None,
            counts=counts.data_ptr() if counts is not None else None,
            repetition=params.repetition_penalty, frequency=params.frequency_penalty,
            presence=params.presence_penalty, temperature=params.temperature,
            top_p=params.top_p, min_p=params.min_p, top_k=min(params.top_k, self._vocabulary),
        )  # fmt: skip
