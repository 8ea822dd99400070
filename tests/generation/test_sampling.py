"""Sampling against transformers' own logits processors, on the same logits."""

import collections
from typing import Any

import pytest
import torch
from transformers.generation import logits_process as theirs

from echo.generation import TokenStream
from echo.generation.sequence import Sequence
from echo.generation.torch_sampling import (
    BLOCK,
    kept_candidates,
    kept_of_all,
    likeliest_tokens,
)

from .conftest import MakeSampler
from .helpers import request

VOCABULARY = 300


def row(
    number: int = 0, slot: int = 0, tokens: list[int] | None = None, **sampling: Any
) -> Sequence:
    sequence = Sequence(request(**sampling), TokenStream("r"), number)
    sequence.slot, sequence.tokens = slot, tokens or [1, 2, 3]
    return sequence


def logits_for(rows: int, seed: int = 0, spread: float = 3.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, VOCABULARY, generator=generator) * spread


def reference(scores: torch.Tensor, tokens: list[int], **sampling: Any) -> torch.Tensor:
    """Probabilities [vocabulary] as generate() would draw from."""
    ids = torch.tensor([tokens])
    steps: list[Any] = []
    if (penalty := sampling.get("repetition_penalty", 1.0)) != 1.0:
        steps.append(theirs.RepetitionPenaltyLogitsProcessor(penalty))
    if (temperature := sampling.get("temperature", 1.0)) != 1.0:
        steps.append(theirs.TemperatureLogitsWarper(temperature))
    if top_k := sampling.get("top_k", 0):
        steps.append(theirs.TopKLogitsWarper(top_k))
    if (top_p := sampling.get("top_p", 1.0)) < 1.0:
        steps.append(theirs.TopPLogitsWarper(top_p))
    if min_p := sampling.get("min_p", 0.0):
        steps.append(theirs.MinPLogitsWarper(min_p))
    scores = scores[None].clone()
    for step in steps:
        scores = step(ids, scores)
    return scores.softmax(dim=-1)[0]


class Fixed:
    """A random stream of known numbers."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


def support(
    make_sampler: MakeSampler, scores: torch.Tensor, tokens: list[int], draws: int, **sampling: Any
) -> torch.Tensor:
    """The engine's probabilities [vocabulary], found by drawing with evenly spaced numbers."""
    counts = torch.zeros(scores.numel())
    rows = []
    for number in range(draws):
        one = row(number, slot=number, tokens=tokens, **sampling)
        rows.append(one)
    sampler = make_sampler(draws, scores.numel())
    for number, one in enumerate(rows):
        sampler.begin(one, 0)
        one.rng = Fixed((number + 0.5) / draws)  # type: ignore[assignment]
    for token in sampler.next_tokens(scores.expand(draws, -1), rows).tokens:
        assert token is not None
        counts[token] += 1
    return counts / draws


CASES = [
    {"temperature": 1.0, "top_p": 1.0},
    {"temperature": 0.7, "top_p": 0.9},
    {"temperature": 1.5, "top_p": 0.95, "top_k": 20},
    {"temperature": 1.0, "top_p": 1.0, "top_k": 5},
    {"temperature": 1.0, "top_p": 1.0, "top_k": 100},
    {"temperature": 1.3, "top_p": 1.0, "min_p": 0.05},
    {"temperature": 2.0, "top_p": 0.99, "top_k": 250, "min_p": 0.001},
    {"temperature": 0.8, "top_p": 0.5, "repetition_penalty": 1.7},
    {"temperature": 5.0, "top_p": 0.9},  # flat: more candidates than the first look
    {"temperature": 1.0, "top_p": 0.000001},
]


@pytest.mark.parametrize("case", CASES)
def test_distribution_equals_transformers(make_sampler: MakeSampler, case: dict[str, Any]) -> None:
    scores, tokens, draws = logits_for(1)[0], [3, 17, 200, 201], 2000
    wanted = reference(scores, tokens, **case)
    got = support(make_sampler, scores, tokens, draws, **case)
    assert (got - wanted).abs().max() <= 1.5 / draws
    assert not ((wanted == 0) & (got > 0)).any()


LARGE = [
    {"temperature": 0.7, "top_p": 0.9, "top_k": 40},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 3.0, "top_p": 0.7},
    {"temperature": 1.0, "top_p": 1.0, "top_k": 2_000},
    {"temperature": 0.5, "top_p": 1.0, "min_p": 0.02},
    {"temperature": 0.7, "top_p": 0.8, "top_k": 313, "min_p": 0.01, "repetition_penalty": 1.3},
]


def odd_logits(kind: str, size: int) -> torch.Tensor:
    """Logits [size] of an odd kind; `size` is no multiple of anything."""
    logits = 2 * torch.randn(size, generator=torch.Generator().manual_seed(size))
    if kind == "most forbidden":
        logits[torch.arange(size) % 700 != 0] = -torch.inf
    elif kind == "likely ones side by side":
        logits[130:330] += 9.0
    elif kind == "ties":
        logits = logits.round()
    return logits


@pytest.mark.parametrize("case", LARGE)
@pytest.mark.parametrize("kind", ["usual", "most forbidden", "likely ones side by side"])
def test_a_large_vocabulary_too(make_sampler: MakeSampler, case: dict[str, Any], kind: str) -> None:
    """Where most of it is never looked at token by token."""
    scores, tokens, draws = odd_logits(kind, 20_011), [3, 17, 200, 201], 500
    wanted = reference(scores, tokens, **case)
    got = support(make_sampler, scores, tokens, draws, **case)
    assert not ((wanted == 0) & (got > 0)).any()
    assert off(got, wanted) < 1.5 / draws


def off(got: torch.Tensor, wanted: torch.Tensor) -> float:
    """How far two distributions are apart, summed in the order of drawing: tokens, or the likeliest first."""
    orders = (torch.arange(len(got)), wanted.argsort(descending=True, stable=True))
    return min(float((got - wanted)[order].cumsum(0).abs().max()) for order in orders)


@pytest.mark.parametrize("case", [*CASES, *LARGE])
@pytest.mark.parametrize("number", [0.0, 1 - 2**-53])
def test_what_is_forbidden_is_never_drawn(
    make_sampler: MakeSampler, case: dict[str, Any], number: float
) -> None:
    """Nor by the least and the greatest number that can be drawn, which point to either end."""
    scores = odd_logits("usual", 500)
    scores[:100], scores[-100:] = -torch.inf, -torch.inf
    one = row(tokens=[3, 200], **case)
    sampler = make_sampler(1, len(scores))
    sampler.begin(one, 0)
    one.rng = Fixed(number)  # type: ignore[assignment]
    (token,) = sampler.next_tokens(scores[None], [one]).tokens
    assert token is not None
    assert reference(scores, [3, 200], **case)[token] > 0


@pytest.mark.parametrize("temperature", [1e-5, 1e-7, 1e-40, 5e-324])
@pytest.mark.parametrize("limits", [{}, {"top_k": 40}, {"top_p": 0.9}])
def test_next_to_no_temperature_only_the_likeliest_is_drawn(
    make_sampler: MakeSampler, temperature: float, limits: dict[str, Any]
) -> None:
    scores = odd_logits("usual", 500)
    case = {"temperature": temperature, "top_p": 1.0, **limits}
    got = support(make_sampler, scores, [1], 20, **case)
    assert got[scores.argmax()] == 1


@pytest.mark.parametrize("top_k", [1, 3, 40, 5_000])
def test_equals_stay(make_sampler: MakeSampler, top_k: int) -> None:
    scores = odd_logits("ties", 20_011)
    case = {"temperature": 4.0, "top_p": 1.0, "top_k": top_k}
    allowed = reference(scores, [1], **case) > 0
    got = support(make_sampler, scores, [1], 300, **case) > 0
    assert not (got & ~allowed).any()
    assert got.sum() > min(allowed.sum() // 2, 100)


@pytest.mark.parametrize("case", CASES[1:])
@pytest.mark.parametrize("seed", range(5))
def test_exactly_the_same_tokens_stay(case: dict[str, Any], seed: int) -> None:
    scores = logits_for(1, seed)[0] / case["temperature"]
    case = {key: value for key, value in case.items() if key != "repetition_penalty"}
    wanted = reference(scores * case["temperature"], [1], **case) > 0
    values, ids = torch.sort(scores[None], descending=True)
    column = lambda name, off: torch.tensor([[float(case.get(name, off))]])  # noqa: E731
    limits = (column("top_k", 0), column("top_p", 1.0), column("min_p", 0.0))
    keep, _, _ = kept_candidates(values, torch.logsumexp(values, -1, keepdim=True), *limits)
    got = torch.zeros(VOCABULARY, dtype=torch.bool)
    got[ids[0][keep[0]]] = True
    assert torch.equal(got, wanted)
    assert torch.equal(kept_of_all(scores[None], *limits)[0] > 0, wanted)


def test_repetition_penalty_equals_transformers_when_greedy(make_sampler: MakeSampler) -> None:
    rows = [
        row(n, n, [n, n + 5, n + 9], temperature=0.0, repetition_penalty=1 + n / 4)
        for n in range(8)
    ]
    sampler = make_sampler(8, VOCABULARY)
    for one in rows:
        sampler.begin(one, None)
    for step in range(30):
        logits = logits_for(8, step)
        wanted = []
        for index, one in enumerate(rows):
            processor = theirs.RepetitionPenaltyLogitsProcessor(1 + index / 4)
            scores = processor(torch.tensor([one.tokens]), logits[index][None].clone())
            wanted.append(int(scores.argmax()))
        got = sampler.next_tokens(logits, rows).tokens
        assert got == wanted
        for one, token in zip(rows, got, strict=True):
            assert token is not None
            one.tokens.append(token)


def test_a_slot_given_to_another_request_forgets_its_penalties(make_sampler: MakeSampler) -> None:
    sampler = make_sampler(1, VOCABULARY)
    sampler.begin(row(0, 0, [5], repetition_penalty=2.0), None)
    logits = torch.zeros(1, VOCABULARY)
    logits[0, 5], logits[0, 6] = 2.0, 1.5
    fresh = row(1, 0, [9], temperature=0.0, repetition_penalty=2.0)
    sampler.begin(fresh, None)
    assert sampler.next_tokens(logits, [fresh]).tokens == [5]


def draw_tokens(
    make_sampler: MakeSampler, neighbours: list[dict[str, Any]], place: int, steps: int = 40
) -> list[int | None]:
    """What the row with seed 11 draws, beside these neighbours."""
    rows = [row(10 + n, n, **sampling) for n, sampling in enumerate(neighbours)]
    mine = row(99, len(rows), temperature=1.2, top_p=0.95, seed=11, repetition_penalty=1.1)
    rows.insert(place, mine)
    sampler = make_sampler(len(rows), VOCABULARY)
    for one in rows:
        sampler.begin(one, one.request.sampling.seed)
    drawn = []
    for step in range(steps):
        logits = logits_for(len(rows), 1000 + step)
        logits[place] = logits_for(1, step)[0]
        token = sampler.next_tokens(logits, rows).tokens[place]
        drawn.append(token)
    return drawn


def test_a_seed_gives_the_same_text_whoever_else_is_served(make_sampler: MakeSampler) -> None:
    alone = draw_tokens(make_sampler, [], 0)
    beside = draw_tokens(
        make_sampler, [{"temperature": 0.0}, {"seed": 3}, {"top_k": 4}, {"seed": 11}], 2
    )
    assert alone == beside
    assert len(set(alone)) > 5


def test_without_a_seed_two_rows_differ(make_sampler: MakeSampler) -> None:
    rows = [row(n, n, temperature=3.0, top_p=1.0) for n in range(2)]
    sampler = make_sampler(2, VOCABULARY)
    for one in rows:
        sampler.begin(one, None)
    logits = torch.zeros(2, VOCABULARY)
    drawn = [sampler.next_tokens(logits, rows).tokens for _ in range(20)]
    assert len({pair[0] for pair in drawn} | {pair[1] for pair in drawn}) > 10
    assert any(pair[0] != pair[1] for pair in drawn)


@pytest.mark.parametrize("temperature", [0.0, 0.9])
@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_spoil_one_row_only(
    make_sampler: MakeSampler, temperature: float, poison: float
) -> None:
    rows = [row(n, n, temperature=temperature, seed=n, logprobs=2) for n in range(3)]
    sampler = make_sampler(3, VOCABULARY)
    for one in rows:
        sampler.begin(one, one.request.sampling.seed)
    logits = logits_for(3)
    logits[1, 7] = poison
    tokens = sampler.next_tokens(logits, rows).tokens
    assert tokens[1] is None
    assert tokens[0] is not None
    assert tokens[2] is not None
    logits[1] = -torch.inf
    assert sampler.next_tokens(logits, rows).tokens[1] is None


def test_greedy_and_sampled_rows_share_a_step(make_sampler: MakeSampler) -> None:
    rows = [row(0, 0, temperature=0.0), row(1, 1, temperature=1.0, top_p=1.0, seed=1)]
    sampler = make_sampler(2, VOCABULARY)
    for one in rows:
        sampler.begin(one, one.request.sampling.seed)
    logits = logits_for(2)
    seen = collections.Counter(tuple(sampler.next_tokens(logits, rows).tokens) for _ in range(50))
    assert {pair[0] for pair in seen} == {int(logits[0].argmax())}
    assert len({pair[1] for pair in seen}) > 3


@pytest.mark.parametrize("size", [50, 64 * BLOCK, 300 * BLOCK, 300 * BLOCK + 5])
def test_the_likeliest_tokens_are_those_of_topk(size: int) -> None:
    """Also in the last, shorter block, where many lie in one block, and where most are forbidden."""
    torch.manual_seed(size)
    logits = torch.randn(5, size)
    logits[1, -3:] = 9.0
    logits[2, : size // 2] += 20.0
    logits[3, 10:] = -torch.inf
    logits[4, 20:60] = torch.linspace(30, 31, 60)[20 : min(60, size)]
    count = min(64, size)
    values, ids = likeliest_tokens(logits, count)
    assert torch.equal(values, torch.topk(logits, count).values)
    assert torch.equal(logits.gather(1, ids), values)
    assert all(len(set(row.tolist())) == count for row in ids)


def test_what_a_row_draws_does_not_depend_on_how_many_tokens_its_neighbours_look_at(
    make_sampler: MakeSampler,
) -> None:
    """One looks at candidates alone, one at the mass of all, one at every token (it is flat)."""
    torch.manual_seed(3)
    logits = 3 * torch.randn(3, 300 * BLOCK)
    kinds: list[dict[str, Any]] = [
        {"top_k": 40}, {"top_k": 0, "top_p": 0.9}, {"temperature": 5.0, "top_p": 0.9},
    ]  # fmt: skip

    def draw(numbers: list[int]) -> list[int | None]:
        sampler = make_sampler(3, logits.shape[1])
        rows = [row(number, slot=number, **kinds[number]) for number in numbers]
        for one in rows:
            sampler.begin(one, one.number)
        return sampler.next_tokens(logits[numbers], rows).tokens

    assert draw([0, 1, 2]) == [draw([number])[0] for number in range(3)]
