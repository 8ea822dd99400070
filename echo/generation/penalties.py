"""What a row has written lowers (or raises) what it writes again. It does not know drawing, text or models.

Repetition penalty: Keskar et al. 2019, arXiv 1909.05858, with transformers' rule for signs; prompt and reply
count. Frequency and presence penalty: those of OpenAI's API; the reply alone counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .request import SamplingParams
from .sequence import Sequence


@dataclass(frozen=True)
class Penalised:
    """Which rows of a step have penalties, and how large they are; kept until the rows change."""

    repeated: Tensor | None  # [rows with a repetition penalty], index; None: there is none
    repeated_slots: Tensor
    repetition: Tensor
    counted: Tensor | None  # [rows with one of the other two], index
    counted_slots: Tensor
    frequency: Tensor  # [counted, 1]
    presence: Tensor  # [counted, 1]


class Penalties:
    """Tables [slots, vocabulary] of what each row has seen; each is made when it is first needed."""

    def __init__(self, slots: int, vocabulary: int, device: torch.device) -> None:
        self._shape = (slots, vocabulary)
        self._device = device
        self._factor_table: Tensor | None = None  # the penalty where a token has been seen, else 1
        self._count_table: Tensor | None = None

    def begin(self, sequence: Sequence) -> None:
        """A sequence takes its slot, with the tokens that it has."""
        params = sequence.request.sampling
        if params.repetition_penalty != 1.0:
            factors = self._factors[sequence.slot]
            factors.fill_(1.0)
            factors[self._ids(sequence.tokens)] = params.repetition_penalty
        if _is_counted(params):
            written = sequence.tokens[len(sequence.tokens) - sequence.completion :]
            ids = self._ids(written)
            counts = self._counts[sequence.slot]
            counts.zero_().index_add_(0, ids, self._values([1.0] * len(written)))

    def of(self, rows: list[Sequence]) -> Penalised:
        """What `apply` and `remember` need for these rows."""
        repeated = _where(rows, lambda params: params.repetition_penalty != 1.0)
        counted = _where(rows, _is_counted)
        params = [rows[number].request.sampling for number in counted]
        return Penalised(
            repeated=self._ids(repeated) if repeated else None,
            repeated_slots=self._ids([rows[number].slot for number in repeated]),
            repetition=self._values(
                [rows[number].request.sampling.repetition_penalty for number in repeated]
            ),
            counted=self._ids(counted) if counted else None,
            counted_slots=self._ids([rows[number].slot for number in counted]),
            frequency=self._values([one.frequency_penalty for one in params])[:, None],
            presence=self._values([one.presence_penalty for one in params])[:, None],
        )

    def tables(self, row: Sequence) -> tuple[Tensor | None, Tensor | None]:
        """Return what a row has seen and written [vocabulary], where it has penalties of that kind."""
        params = row.request.sampling
        repeated = params.repetition_penalty != 1.0
        return (
            self._factors[row.slot] if repeated else None,
            self._counts[row.slot] if _is_counted(params) else None,
        )

    def apply(self, logits: Tensor, rows: Penalised) -> Tensor:
        """logits [rows, vocabulary] → the same, lowered"""
        if rows.repeated is not None:
            factors = self._factors[rows.repeated_slots]
            logits = _changed(
                logits,
                rows.repeated,
                lambda part: torch.where(part < 0, part * factors, part / factors),
            )
        if rows.counted is not None:
            counts = self._counts[rows.counted_slots]
            lower = counts * rows.frequency + (counts > 0) * rows.presence
            logits = _changed(logits, rows.counted, lambda part: part - lower)
        return logits

    def remember(self, tokens: Tensor, rows: Penalised) -> None:
        """tokens [rows]: what was chosen"""
        if rows.repeated is not None:
            self._factors[rows.repeated_slots, tokens[rows.repeated]] = rows.repetition
        if rows.counted is not None:
            self._counts[rows.counted_slots, tokens[rows.counted]] += 1

    @property
    def _factors(self) -> Tensor:
        if self._factor_table is None:
            self._factor_table = torch.ones(self._shape, dtype=torch.float32, device=self._device)
        return self._factor_table

    @property
    def _counts(self) -> Tensor:
        if self._count_table is None:
            self._count_table = torch.zeros(self._shape, dtype=torch.float32, device=self._device)
        return self._count_table

    def _ids(self, numbers: list[int]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=self._device)

    def _values(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)


def _is_counted(params: SamplingParams) -> bool:
    return params.frequency_penalty != 0.0 or params.presence_penalty != 0.0


def _where(rows: list[Sequence], wanted: Callable[[SamplingParams], bool]) -> list[int]:
    return [number for number, row in enumerate(rows) if wanted(row.request.sampling)]


def _changed(logits: Tensor, index: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    if index.numel() == logits.shape[0]:
        return change(logits)
    return logits.index_copy(0, index, change(logits[index]))
