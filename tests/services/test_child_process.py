"""Whose turn it is with a process that does one thing at a time."""

from __future__ import annotations

import pytest

from echo import hub
from echo.child_process import Line
from echo.errors import Busy
from tests.waiting import SOON, until


@pytest.fixture
def line() -> Line:
    return Line("Many wait.")


def test_who_comes_again_at_once_stands_behind_who_waits(line: Line) -> None:
    had: list[str] = []

    def come(name: str, times: int) -> None:
        for _ in range(times):
            with line.turn(SOON):
                had.append(name)
                hub.sleep(0.01)  # it waits for the process; and not at all before it comes again

    hub.spawn(come, "bulk", 4)
    until(lambda: had, "the first turn")
    for name in ("question", "other"):
        hub.spawn(come, name, 1)
    until(lambda: len(had) == 6 and line.is_free, "all turns")
    assert had == ["bulk", "question", "other", "bulk", "bulk", "bulk"]


def test_turns_go_round_among_people(line: Line) -> None:
    had: list[str] = []

    def come(name: str, person: int) -> None:
        with line.turn(SOON, person):
            had.append(name)
            hub.sleep(0.01)

    for number in range(3):
        hub.spawn(come, f"ada {number}", 1)
    for number in range(2):
        hub.spawn(come, f"bob {number}", 2)
    hub.spawn(come, "eve", 3)
    until(lambda: len(had) == 6 and line.is_free, "all turns")
    assert had == ["ada 0", "bob 0", "eve", "ada 1", "bob 1", "ada 2"]


def test_who_comes_again_and_again_leaves_turns_to_who_waits(line: Line) -> None:
    had: list[str] = []

    def come(name: str, person: int, times: int) -> None:
        for _ in range(times):
            with line.turn(SOON, person):
                had.append(name)
                hub.sleep(0.01)

    for _ in range(4):
        hub.spawn(come, "many", 1, 1)
    for person, name in ((2, "bob"), (3, "eve")):
        hub.spawn(come, name, person, 8)
    until(lambda: len(had) == 20 and line.is_free, "all turns")
    assert had[:12].count("many") == 4
    assert line._had == {}  # nobody is remembered when nobody waits


def test_who_waits_too_long_gives_up_though_turns_go_by(line: Line) -> None:
    """Each turn that ends before one's own is no reason to begin the wait anew."""

    def come() -> None:
        with line.turn(SOON):
            hub.sleep(0.1)

    for _ in range(4):
        hub.spawn(come)
    until(lambda: not line.is_free, "the first turn")
    with pytest.raises(Busy, match="Many wait"), line.turn(0.15):
        pytest.fail("it waited for all four")
    assert not line.is_free
    until(lambda: line.is_free, "the turns of those who waited")


def test_a_turn_that_fails_or_is_given_up_is_handed_on(line: Line) -> None:
    had: list[str] = []

    def come(name: str, patience: float) -> None:
        with line.turn(patience):
            had.append(name)

    def give_up() -> None:
        with pytest.raises(Busy):
            come("impatient", 0.01)
        had.append("gave up")

    def fail() -> None:
        with line.turn(SOON):
            hub.spawn(give_up)
            hub.spawn(come, "patient", SOON)
            until(lambda: had, "one that gives up")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    until(lambda: line.is_free, "the turn of the patient one")
    assert had == ["gave up", "patient"]
