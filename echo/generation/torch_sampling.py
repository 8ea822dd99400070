"""The next token of each row by torch's operations, on any device. It does not know models or grammars.

The rules are those of transformers' logits processors, in their order: penalties, temperature, top-k,
top-p, min-p. `native/sample.c` does the same for rows on the processor.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .penalties import Penalised, Penalties
from .request import SamplingParams
from .sequence import Sequence

HALVINGS = 20  # of an interval of some octaves: to about 1e-5 of a probability
CANDIDATES = 64  # the most likely tokens looked at first; the whole vocabulary only when needed
COLD = 1e-6  # a temperature at which nothing but the likeliest is drawn, and below which floats end
BELOW_ONE = 1 - 2**-24  # the largest float32; a number nearer to 1 would be rounded to it
BLOCK = 128  # neighbours in the vocabulary of which the best one is looked at first


@dataclass(frozen=True)
class _Rows:
    """The settings of one set of rows as tensors."""

    rows: list[Sequence]
    sampled: torch.Tensor | None  # [rows that sample], index; None = all greedy
    plain: bool  # no top-k, top-p or min-p anywhere
    by_candidates: bool  # top-k leaves no more than the candidates everywhere
    temperature: torch.Tensor  # [sampled, 1]
    top_k: torch.Tensor  # [sampled, 1]; 0 = off
    top_p: torch.Tensor  # [sampled, 1]
    min_p: torch.Tensor  # [sampled, 1]
    penalised: Penalised


class TorchSampling:
    def __init__(self, slots: int, vocabulary: int, device: torch.device) -> None:
        self._vocabulary = vocabulary
        self._device = device
        self._penalties = Penalties(slots, vocabulary, device)

    def begin(self, sequence: Sequence) -> None:
        self._penalties.begin(sequence)

    def prepare(self, rows: list[Sequence]) -> _Rows:
        sampled = [number for number, row in enumerate(rows) if _samples(row)]
        params = [rows[number].request.sampling for number in sampled]
        return _Rows(
            rows=list(rows),
            sampled=self._index(sampled),
            plain=all(_is_plain(one) for one in params),
            by_candidates=all(0 < one.top_k < min(CANDIDATES, self._vocabulary) for one in params),
            temperature=self._column([max(one.temperature, COLD) for one in params]),
            top_k=self._column([float(min(one.top_k, self._vocabulary)) for one in params]),
            top_p=self._column([one.top_p for one in params]),
            min_p=self._column([one.min_p for one in params]),
            penalised=self._penalties.of(rows),
        )

    def choose(self, logits: torch.Tensor, prepared: _Rows) -> torch.Tensor:
        logits = self._penalties.apply(logits, prepared.penalised)
        best, tokens = logits.max(dim=-1)  # [rows]; NaN anywhere in a row makes its max NaN
        if prepared.sampled is not None:
            tokens = self._sample_rows(logits, best, tokens, prepared)
        self._penalties.remember(tokens, prepared.penalised)
        return torch.where(torch.isfinite(best), tokens, -1)

    def _sample_rows(
        self, logits: torch.Tensor, best: torch.Tensor, greedy: torch.Tensor, settings: _Rows
    ) -> torch.Tensor:
        index = settings.sampled
        assert index is not None
        whole = index.numel() == logits.shape[0]
        draws = [row.rng.random() for row in settings.rows if _samples(row)]  # type: ignore[union-attr]
        draw = torch.tensor(draws, dtype=torch.float32, device=self._device)[:, None]
        own = logits if whole else logits[index]
        if settings.plain:
            chosen = _draw(_scores(own, settings.temperature).softmax(dim=-1), draw)
        else:
            chosen = _filtered(own, draw, settings)
        return chosen if whole else greedy.index_copy(0, index, chosen)

    def _index(self, numbers: list[int]) -> torch.Tensor | None:
        return torch.tensor(numbers, device=self._device) if numbers else None

    def _column(self, values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)[:, None]


def _samples(row: Sequence) -> bool:
    return row.request.sampling.temperature > 0.0


def _is_plain(params: SamplingParams) -> bool:
    return params.top_k == 0 and params.top_p >= 1.0 and params.min_p == 0.0


def _scores(logits: torch.Tensor, temperature: torch.Tensor) -> torch.Tensor:
    """logits [rows, n], temperature [rows, 1]; what is no number becomes one, for its row fails anyway."""
    return torch.nan_to_num(logits / temperature, nan=0.0, posinf=0.0)


def _filtered(logits: torch.Tensor, draw: torch.Tensor, settings: _Rows) -> torch.Tensor:
    """logits [rows, vocabulary] → [rows]; looks at few candidates first, at all only where needed."""
    temperature, top_k = settings.temperature, settings.top_k
    top_p, min_p = settings.top_p, settings.min_p
    likeliest, ids = likeliest_tokens(logits, min(CANDIDATES, logits.shape[-1]))
    values = _scores(likeliest, temperature)
    total = values[:, :1]  # of the whole row, where it is asked for
    if not settings.by_candidates:
        total = torch.logsumexp(_scores(logits, temperature), dim=-1, keepdim=True)
    keep, probs, enough = kept_candidates(values, total, top_k, top_p, min_p)
    chosen = ids.gather(1, _draw(probs * keep, draw)[:, None])[:, 0]
    if bool(enough.all()):
        return chosen
    rest = (~enough).nonzero()[:, 0]
    scores = _scores(logits[rest], temperature[rest])
    probs = kept_of_all(scores, top_k[rest], top_p[rest], min_p[rest])
    return chosen.index_copy(0, rest, _draw(probs, draw[rest]))


def likeliest_tokens(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """logits [rows, vocabulary] → values and ids [rows, count], descending.

    As `topk`, which is slow for long rows: they lie in the `count` blocks whose best ones are largest.
    """
    blocks = logits.shape[-1] // BLOCK
    if blocks <= 2 * count:
        return torch.topk(logits, count, dim=-1)
    cut = blocks * BLOCK
    body = logits[:, :cut].reshape(-1, blocks, BLOCK)
    best = torch.topk(body.amax(dim=-1), count, dim=-1, sorted=False).indices[:, :, None]
    places = torch.arange(BLOCK, device=logits.device)
    ids = (best * BLOCK + places).flatten(1)  # [rows, count * BLOCK]
    tail = torch.arange(cut, logits.shape[-1], device=logits.device).expand(len(ids), -1)
    ids = torch.cat([ids, tail], dim=1)
    values, at = torch.topk(logits.gather(1, ids), count, dim=-1)
    return values, ids.gather(1, at)


def kept_candidates(
    values: torch.Tensor,
    total: torch.Tensor,
    top_k: torch.Tensor,
    top_p: torch.Tensor,
    min_p: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """values [rows, n] descending, total = logsumexp of the whole row [rows, 1]; it is not looked at
    where top_k leaves fewer than n.

    Returns which candidates stay [rows, n], their probabilities [rows, n], and for each row
    whether no token beyond these n could have stayed [rows].
    """
    count = values.shape[-1]
    last = (top_k.long() - 1).clamp(0, count - 1)
    in_top_k = (top_k == 0) | (values >= values.gather(1, last))  # equals stay, as in transformers
    covers_k = (top_k > 0) & (top_k < count)
    narrowed = values.masked_fill(~in_top_k, -torch.inf)
    mass = torch.where(covers_k, torch.logsumexp(narrowed, dim=-1, keepdim=True), total)
    probs = (narrowed - mass).exp()
    before = probs.cumsum(dim=-1) - probs  # the mass of all that are likelier
    in_top_p = before < top_p
    in_min_p = probs >= min_p * probs[:, :1]
    keep = in_top_k & in_top_p & in_min_p
    keep[:, 0] = True
    enough = covers_k[:, 0] | ~keep[:, -1]
    return keep, probs, enough


def kept_of_all(
    scores: torch.Tensor, top_k: torch.Tensor, top_p: torch.Tensor, min_p: torch.Tensor
) -> torch.Tensor:
    """scores [rows, vocabulary] → probabilities, 0 for tokens that may not be drawn.

    A flat distribution has thousands of candidates; sorting them would cost more than the model.
    """
    if bool((top_k > 0).any()):
        values = torch.topk(scores, int(top_k.max()), dim=-1).values
        least = values.gather(1, (top_k.long() - 1).clamp(min=0))  # [rows, 1]
        scores = scores.masked_fill((top_k > 0) & (scores < least), -torch.inf)
    probs = scores.softmax(dim=-1)
    most = probs.amax(dim=-1, keepdim=True)
    probs = probs * (probs > _top_p_bound(probs, most, top_p))
    return probs * (probs >= min_p * most)


def _top_p_bound(probs: torch.Tensor, most: torch.Tensor, top_p: torch.Tensor) -> torch.Tensor:
    """A number below the least likely token that stays [rows, 1].

    Halves the interval between its bounds as bit patterns: these are ordered like the floats.
    """
    # tokens below this have together less than 1 - top_p
    low = ((1 - top_p).clamp(min=0) / probs.shape[-1]).minimum(most / 2).view(torch.int32)
    high = most.contiguous().view(torch.int32)
    above = torch.empty_like(probs)
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        bound = middle.view(torch.float32)
        torch.gt(probs, bound, out=above)  # as 0.0 and 1.0: no conversion of booleans
        removable = torch.linalg.vecdot(above, probs)[:, None] >= top_p
        low, high = torch.where(removable, middle, low), torch.where(removable, high, middle)
    return low.view(torch.float32)


def _draw(probs: torch.Tensor, draw: torch.Tensor) -> torch.Tensor:
    """probs [rows, n], not normalised; draw [rows, 1] in [0, 1) → where their sum passes it [rows]."""
    sums = probs.cumsum(dim=-1)
    reached = draw.clamp(max=BELOW_ONE) * sums[:, -1:]
    return torch.searchsorted(sums, reached, right=True)[:, 0]  # right: nothing of no likelihood
