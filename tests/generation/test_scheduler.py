"""Waiting and running, without torch and without threads."""

from echo.generation.runner import StepPlan
from echo.generation.scheduler import Scheduler
from echo.generation.sequence import Sequence, SequenceState
from echo.generation.stream import TokenStream

from .helpers import request


def make(owner: str, number: int = 0, prompt: int = 10, limit: int = 100) -> Sequence:
    sequence = Sequence(request(owner=owner), TokenStream(f"{owner}{number}", limit), number)
    sequence.tokens = [1] * prompt
    return sequence


def names(sequences: object) -> list[str]:
    return [one.stream.request_id for one in sequences]  # type: ignore[attr-defined]


def admit_all(scheduler: Scheduler) -> list[Sequence]:
    started = []
    while (sequence := scheduler.next_to_admit()) is not None:
        scheduler.start(sequence)
        started.append(sequence)
    return started


def filled(slots: int = 2, budget: int = 16) -> Scheduler:
    scheduler = Scheduler(slots, budget, 5.0)
    for owner, count in (("a", 4), ("b", 2), ("c", 1)):
        for number in range(count):
            scheduler.add(make(owner, number))
    return scheduler


def test_owners_take_turns() -> None:
    scheduler = filled(slots=7)
    expected = ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]
    assert names(scheduler.waiting.in_order()) == expected
    assert names(admit_all(scheduler)) == expected


def test_order_shown_is_order_served_after_arrivals_and_removals() -> None:
    scheduler = filled(slots=20)
    gone = next(one for one in scheduler.waiting.in_order() if one.stream.request_id == "a1")
    scheduler.finish(gone, SequenceState.CANCELLED)
    scheduler.add(make("d", 0))
    expected = names(scheduler.waiting.in_order())
    assert "a1" not in expected
    assert names(admit_all(scheduler)) == expected
    assert len(scheduler.waiting) == 0


def test_no_more_rows_than_slots() -> None:
    scheduler = filled(slots=2)
    assert len(admit_all(scheduler)) == 2
    assert scheduler.next_to_admit() is None
    scheduler.finish(scheduler.running[0], SequenceState.FINISHED)
    assert len(admit_all(scheduler)) == 1


def test_positions_count_from_one_and_change_only_when_they_do() -> None:
    scheduler = filled(slots=2)
    admit_all(scheduler)
    assert len(scheduler.update_places(0.0)) == 5
    places = [one.stream.place for one in scheduler.waiting.in_order()]
    assert [place.position for place in places if place] == [1, 2, 3, 4, 5]
    assert scheduler.update_places(0.0) == []
    first = next(iter(scheduler.waiting.in_order()))
    scheduler.finish(first, SequenceState.CANCELLED)
    assert len(scheduler.update_places(0.0)) == 4


def test_estimates_grow_with_the_place_and_learn_from_finished_replies() -> None:
    scheduler = filled(slots=2)
    rows = admit_all(scheduler)
    now = rows[0].stamps[SequenceState.PREFILLING]
    scheduler.update_places(now)
    etas = [
        one.stream.place.eta_seconds for one in scheduler.waiting.in_order() if one.stream.place
    ]
    assert etas == sorted(etas)
    assert etas[0] > 0
    assert etas[2] >= 2 * etas[0] * 0.9  # the second round
    rows[0].stamps[SequenceState.PREFILLING] -= 60
    scheduler.finish(rows[0], SequenceState.FINISHED)
    assert scheduler.expected_wait(1, now) > 30


def test_prompts_are_cut_into_chunks_within_the_budget() -> None:
    scheduler = Scheduler(4, 16, 5.0)
    for number in range(3):
        scheduler.add(make("a", number, prompt=10))
    admit_all(scheduler)
    sizes = []
    while any(row.state is SequenceState.PREFILLING for row in scheduler.running):
        plan = scheduler.plan(0.0)
        assert sum(chunk.end - chunk.start for chunk in plan.chunks) <= 16
        assert not any(row in plan.decode for row in (c.sequence for c in plan.chunks))
        sizes.append([chunk.end - chunk.start for chunk in plan.chunks])
        scheduler.advance(plan, 0.0)
    assert sizes == [[10, 6], [4, 10]]


def test_live_rows_decode_while_prompts_are_read() -> None:
    scheduler = Scheduler(4, 8, 5.0)
    scheduler.add(make("a", 0, prompt=4))
    admit_all(scheduler)
    scheduler.advance(scheduler.plan(0.0), 0.0)
    scheduler.add(make("b", 1, prompt=20))
    admit_all(scheduler)
    plan = scheduler.plan(0.0)
    assert names(plan.decode) == ["a0"]
    assert names(chunk.sequence for chunk in plan.chunks) == ["b1"]


def test_a_cached_beginning_is_not_read_again() -> None:
    scheduler = Scheduler(1, 100, 5.0)
    sequence = make("a", 0, prompt=10)
    sequence.computed = 7
    scheduler.add(sequence)
    admit_all(scheduler)
    (chunk,) = scheduler.plan(0.0).chunks
    assert (chunk.start, chunk.end) == (7, 10)


def decoding(scheduler: Scheduler, *rows: Sequence) -> None:
    for row in rows:
        scheduler.add(row)
    admit_all(scheduler)
    scheduler.advance(scheduler.plan(0.0), 0.0)


def test_a_row_whose_reader_lags_is_paused_then_given_up() -> None:
    scheduler = Scheduler(2, 100, 5.0)
    slow, quick = make("a", 0, limit=8), make("b", 1, limit=8)
    decoding(scheduler, slow, quick)
    slow.stream.put("text", 8)
    assert names(scheduler.plan(10.0).decode) == ["b1"]
    assert slow.stream.paused
    assert scheduler.stalled(14.0) == []
    assert scheduler.stalled(15.5) == [slow]
    slow.stream.take()
    assert len(scheduler.plan(15.6).decode) == 2
    assert scheduler.stalled(100.0) == []


def test_an_owner_with_many_rows_gives_one_back() -> None:
    scheduler = Scheduler(3, 100, 5.0)
    decoding(scheduler, *(make("greedy", number) for number in range(3)))
    assert scheduler.unfair() is None  # nobody waits
    scheduler.add(make("greedy", 3))
    assert scheduler.unfair() is None  # only the same owner waits
    scheduler.add(make("modest", 4))
    found = scheduler.unfair()
    assert found is not None
    row, owner = found
    assert (row.stream.request_id, owner) == ("greedy2", "modest")
    scheduler.preempt(row)
    chosen = scheduler.waiting.pop_of(owner)
    assert chosen is not None
    assert chosen.stream.request_id == "modest4"
    scheduler.start(chosen)
    assert scheduler.unfair() is None
    assert names(scheduler.waiting.in_order()) == ["greedy2", "greedy3"]


def test_one_row_each_is_fair() -> None:
    scheduler = Scheduler(2, 100, 5.0)
    decoding(scheduler, make("a", 0), make("b", 1))
    scheduler.add(make("c", 2))
    assert scheduler.unfair() is None


def test_an_empty_plan_is_false() -> None:
    assert not StepPlan([], [])
    assert not Scheduler(2, 100, 5.0).plan(0.0)
