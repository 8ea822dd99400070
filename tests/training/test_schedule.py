"""The learning rate warms up, stays and falls; a budget counts minutes or steps."""

from dataclasses import replace

from training.config import Phase
from training.schedule import Budget, learning_share, snapshot_number


def test_warm_up_stable_decay(phase: Phase) -> None:
    shaped = replace(phase, warmup=0.1, decay=0.5, end_share=0.01)
    assert learning_share(shaped, 0.05) == 0.5
    assert learning_share(shaped, 0.3) == 1.0
    assert learning_share(shaped, 0.75) == 0.5
    assert learning_share(shaped, 1.0) == 0.01


def test_no_decay_stays_up(phase: Phase) -> None:
    assert learning_share(replace(phase, decay=0), 0.99) == 1.0


def test_budgets() -> None:
    assert Budget(minutes=2).progress(step=999, seconds=60) == 0.5
    assert Budget(minutes=2, steps=10).progress(step=5, seconds=0) == 0.5


def test_snapshots_are_spread_over_the_end(phase: Phase) -> None:
    ending = replace(phase, snapshots=4, averaged=0.4)
    assert [snapshot_number(ending, p) for p in (0.5, 0.61, 0.75, 1.0)] == [None, 0, 1, 4]
    assert snapshot_number(replace(phase, snapshots=0), 0.9) is None
