"""The simulated queues behave as queueing theory says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.queues import ENGINES, Rates, Work, simulate
from benchmarks.scaling import Habits, enough

STEADY = Rates("steady", 1000.0, ((1, 100.0), (4, 100.0)), 4)
"""However many answers are open, 100 tokens a second in all."""


def test_alone_one_waits_for_the_reading_and_writes_at_full_speed() -> None:
    waits = simulate(STEADY, 1, Work(0.001, prompt_tokens=500), 1e6, seed=1)
    assert waits.first_p50 == pytest.approx(0.5 * 0.693, rel=0.1)  # the median of an exponential
    assert waits.speed_p50 == pytest.approx(100, rel=0.01)


def test_an_engine_is_as_busy_as_what_comes() -> None:
    work = Work(0.3, prompt_tokens=100, answer_tokens=200, longest_answer=10**6)
    waits = simulate(STEADY, 1, work, 40_000, seed=2)
    assert waits.busy == pytest.approx(0.3 * (0.1 + 2.0), rel=0.05)
    assert waits.questions == pytest.approx(0.8 * 0.3 * 40_000, rel=0.05)


def test_beyond_what_it_can_do_the_wait_grows_with_the_time() -> None:
    work = Work(1.0)
    short, long = (simulate(STEADY, 1, work, seconds, seed=3) for seconds in (1000, 4000))
    assert long.first_p95 > 3 * short.first_p95 > 300
    assert short.busy > 0.98


def test_ten_engines_for_ten_times_as_many_wait_less() -> None:
    alone = simulate(STEADY, 1, Work(0.35), 20_000, seed=4)
    together = simulate(STEADY, 10, Work(3.5), 2_000, seed=4)
    assert together.first_p95 < alone.first_p95 / 2


def test_speeds_lie_on_the_measured_points_and_between_them() -> None:
    small = ENGINES[1]
    assert [small.per_second(open_) for open_ in (1, 8, 20)] == [22, 68, 68]
    assert 22 < small.per_second(4) < 68


def test_enough_is_enough_and_one_less_is_not() -> None:
    rates = replace(STEADY, slots=8)
    number, waits = enough(rates, 2.0, 600, seed=5)
    assert 4 <= number <= 8  # two seconds' work a question, and a half for the reading
    assert waits.busy < 1
    assert Habits().questions_per_second(10_000) == pytest.approx(1.25)
