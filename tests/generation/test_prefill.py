"""How many tokens of prompts a step takes while somebody reads, and who gets them."""

from __future__ import annotations

import pytest

from echo.generation.prefill import GAP_SECONDS, LEAST_TOKENS, PrefillPace, share_out
from echo.generation.scheduler import Scheduler
from echo.generation.sequence import Sequence, SequenceState

from .test_scheduler import admit_all, make


def prompts(*sizes: int) -> list[Sequence]:
    return [make("a", number, prompt=size) for number, size in enumerate(sizes)]


def shares(budget: int, *sizes: int) -> list[tuple[int, int]]:
    """Number and tokens of each chunk."""
    chunks = share_out(prompts(*sizes), budget)
    return [(chunk.sequence.number, chunk.end - chunk.start) for chunk in chunks]


def taught(most: int, step: float, token: float) -> PrefillPace:
    """A pace that has seen steps of a machine."""
    pace = PrefillPace(most)
    for _ in range(30):
        pace.learn(0, step)
        pace.learn(100, step + 100 * token)
    return pace


def test_nobody_reads_so_prompts_take_all() -> None:
    assert taught(512, 0.02, 0.002).budget(is_read=False) == 512


@pytest.mark.parametrize(
    ("token", "expected"),
    [(0.0001, 512), (0.001, int(GAP_SECONDS / 0.001)), (0.1, LEAST_TOKENS)],
    ids=["a quick machine", "an ordinary one", "a slow one"],
)
def test_whoever_reads_waits_no_longer_than_the_gap(token: float, expected: int) -> None:
    assert taught(512, 0.02, token).budget(is_read=True) == pytest.approx(expected, abs=1)


def test_what_a_step_costs_without_prompts_is_not_laid_on_their_tokens() -> None:
    """Else small chunks looked dear, and became smaller still."""
    pace = PrefillPace(512)
    for _ in range(30):
        pace.learn(0, 0.05)
    for _ in range(30):
        pace.learn(40, 0.05 + 40 * 0.001)
    assert pace.budget(is_read=True) == pytest.approx(120, abs=2)


def test_a_pace_that_has_seen_nothing_takes_what_it_may() -> None:
    assert PrefillPace(512).budget(is_read=True) == 512
    assert PrefillPace(16).budget(is_read=True) == 16


def test_a_long_first_prompt_leaves_room_for_short_ones() -> None:
    assert shares(512, 4000, 100, 60) == [(0, 352), (1, 100), (2, 60)]


def test_the_oldest_goes_on_however_many_short_ones_come() -> None:
    assert shares(100, 4000, *[50] * 5) == [(0, 25), (1, 50), (2, 25)]


@pytest.mark.parametrize("budget", [1, 7, 100, 512])
def test_never_more_than_the_budget_and_never_nothing(budget: int) -> None:
    given = shares(budget, 300, 20, 20, 1)
    assert sum(tokens for _, tokens in given) == min(budget, 341)
    assert all(tokens > 0 for _, tokens in given)
    assert shares(budget) == []


def test_all_prompts_are_read_to_their_ends() -> None:
    """A long one and a stream of short ones that never stops for a while."""
    scheduler = Scheduler(8, 64, 5.0)
    scheduler.add(make("long", 0, prompt=600))
    ended = []
    for turn in range(100):
        if turn < 20:
            scheduler.add(make(f"short{turn}", turn + 1, prompt=60))
        admit_all(scheduler)
        scheduler.advance(scheduler.plan(0.0), 0.0)
        for row in [one for one in scheduler.running if one.state is SequenceState.DECODING]:
            ended.append(row.number)
            scheduler.finish(row, SequenceState.FINISHED)
    assert sorted(ended) == list(range(21))
    assert ended.index(0) > 5
