"""Which slot a prompt gets, and how much of it need not be computed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from echo.generation.kv_cache import KvTensors, Lease, Scope, SlotTable, common_prefix

PROMPT = list(range(100, 150))
ME = Scope("model", "me")


@given(st.lists(st.integers(0, 2), max_size=30), st.lists(st.integers(0, 2), max_size=30))
def test_common_prefix(one: list[int], other: list[int]) -> None:
    expected = 0
    while expected < min(len(one), len(other)) and one[expected] == other[expected]:
        expected += 1
    assert common_prefix(one, other, min(len(one), len(other))) == expected
    assert common_prefix(one, other, min(len(one), len(other), 3)) == min(expected, 3)


def used_once(count: int = 3) -> SlotTable:
    """Conversation 'c' has left PROMPT in slot 0."""
    table = SlotTable(count)
    assert table.acquire(PROMPT, "c", ME) == Lease(0, 0)
    table.progress(0, len(PROMPT))
    table.release(0, len(PROMPT), keep=True)
    return table


def test_the_next_turn_finds_its_rows() -> None:
    table = used_once()
    assert table.acquire([*PROMPT, 1, 2, 3], "c", ME) == Lease(0, 50)


def test_the_last_token_is_always_computed() -> None:
    assert used_once().acquire(PROMPT, "c", ME) == Lease(0, 49)


def test_another_conversation_copies_the_shared_beginning() -> None:
    table = used_once()
    assert table.acquire([*PROMPT[:30], 7, 8], "d", ME) == Lease(1, 30, copy_from=0)
    assert table.acquire([*PROMPT, 9], "c", ME) == Lease(0, 50)  # its own rows are still there


def test_a_live_row_can_be_copied_as_far_as_it_is_computed() -> None:
    table = SlotTable(2)
    table.acquire(PROMPT, "c", ME)
    table.progress(0, 20)
    assert table.acquire(list(PROMPT), "d", ME) == Lease(1, 20, copy_from=0)


def test_a_short_shared_beginning_is_computed_again() -> None:
    assert used_once().acquire([*PROMPT[:10], 7], "d", ME) == Lease(1, 0)


def test_the_longest_unused_slot_is_given_away() -> None:
    table = SlotTable(2)
    for slot, name in enumerate("ab"):
        assert table.acquire([slot] * 30, name, ME).slot == slot
        table.progress(slot, 30)
    table.release(1, 30, keep=True)
    table.release(0, 30, keep=True)
    assert table.acquire([5] * 30, "c", ME).slot == 1
    assert table.used == 2


def test_the_only_free_slot_is_reused_in_place() -> None:
    table = used_once(count=1)
    assert table.acquire([*PROMPT[:40], 1], "other", ME) == Lease(0, 40)


def test_own_rows_are_overwritten_when_others_share_more() -> None:
    table = SlotTable(3)
    table.acquire(PROMPT, "c", ME)
    table.acquire([1] * 40, "d", ME)
    table.progress(0, 50)
    table.progress(1, 40)
    table.release(0, 50, keep=True)
    table.release(1, 40, keep=True)
    assert table.acquire([1] * 45, "c", ME) == Lease(0, 40, copy_from=1)


def test_a_failed_row_leaves_nothing() -> None:
    table = SlotTable(1)
    table.acquire(PROMPT, "c", ME)
    table.progress(0, 50)
    table.release(0, 50, keep=False)
    assert table.used == 0
    assert table.acquire(PROMPT, "c", ME) == Lease(0, 0)


def test_no_reuse_when_caches_cannot_be_shared() -> None:
    table = SlotTable(2, reuse=False)
    table.acquire(PROMPT, "c", ME)
    table.progress(0, 50)
    table.release(0, 50, keep=True)
    assert table.acquire([*PROMPT, 1], "c", ME).cached == 0


def test_two_turns_of_one_conversation_at_once_have_two_slots() -> None:
    table = used_once()
    assert table.acquire([*PROMPT, 1], "c", ME).slot == 0
    second = table.acquire([*PROMPT, 2], "c", ME)
    assert second == Lease(1, 50, copy_from=0)


def test_no_free_slot_is_an_error() -> None:
    table = SlotTable(1)
    table.acquire(PROMPT, None, ME)
    with pytest.raises(LookupError):
        table.acquire(PROMPT, None, ME)


def test_numbers_are_copied_and_cleared() -> None:
    cache = KvTensors(2, 3, 1, 8, 4, torch.float32, torch.device("cpu"))
    for one in (*cache.keys, *cache.values):
        one[0].normal_()
    cache.copy_prefix(0, 2, 5)
    assert torch.equal(cache.values[1][2, :, :5], cache.values[1][0, :, :5])
    assert cache.keys[0][2, :, 5:].abs().sum() == 0
    cache.clear(0)
    assert cache.keys[1][0].abs().sum() == 0


def test_another_owner_gets_no_more_than_what_all_share() -> None:
    table = used_once()
    stranger = Scope("model", "stranger")
    assert table.acquire([*PROMPT, 9], "d", stranger, shared=30) == Lease(1, 30, copy_from=0)


def test_another_owner_gets_nothing_where_nothing_is_shared() -> None:
    table = used_once(1)
    assert table.acquire([*PROMPT, 9], "c", Scope("model", "stranger")) == Lease(0, 0)


def test_another_model_gets_nothing_at_all() -> None:
    table = used_once(1)
    assert table.acquire([*PROMPT, 9], "c", Scope("other", "me"), shared=50) == Lease(0, 0)
