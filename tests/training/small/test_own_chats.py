"""Chats of any length become rows, and what tuning takes is said as it was measured."""

import json
from pathlib import Path

import pytest

from training.corpus import Record
from training.small import own_chats
from training.small.own_chats import OwnChats, disk_needed, memory_needed, prepare

QWEN_05B = {
    "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "vocab_size": 151936,
}  # fmt: skip


def test_few_chats_make_short_rows_and_many_long_ones(base: Path, chats: list[Record]) -> None:
    few, many = prepare(base, chats[:12]), prepare(base, chats * 40)
    longest = max(len(chat.ids) for chat in few.chats[0])
    assert few.row_tokens == longest
    assert longest < many.row_tokens <= own_chats.LONGEST_ROW
    assert (few.shortened, few.left_out, len(few.chats[0])) == (0, 0, 12)
    assert set(few.chats[1]) == {"You are Echo."}


def test_the_oldest_exchanges_go_first_and_the_system_message_stays(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_chats, "LONGEST_ROW", 60)
    messages = [{"role": "system", "content": "You are Echo."}]
    for number in range(4):
        messages += [{"role": "user", "content": f"Hello there {number}!"},
                     {"role": "assistant", "content": "The cat sat on the mat."}]  # fmt: skip
    own = prepare(base, [{"messages": messages}, {"messages": messages[:3], "last_only": True}])
    assert (own.shortened, own.left_out) == (1, 0)
    long, short = own.chats[0]
    assert len(long.ids) <= 60
    assert long.ids[:3] == short.ids[:3]  # the system message
    monkeypatch.setattr(own_chats, "LONGEST_ROW", 8)
    with pytest.raises(ValueError, match="longer than 8 tokens"):
        prepare(base, [{"messages": messages}])


def test_what_it_takes_is_what_was_measured(tmp_path: Path) -> None:
    """The 0.5B at 768 tokens took 7 GB; its own numbers alone 2 GB."""
    (tmp_path / "config.json").write_text(json.dumps(QWEN_05B))
    needed = [memory_needed(tmp_path, 494_000_000, OwnChats(([], []), row, 0, 0), 16)
              for row in (768, 100)]  # fmt: skip
    assert 6.3e9 < needed[0] < 8e9
    assert 2.5e9 < needed[1] < 4e9
    assert 18e6 * 6 < disk_needed(tmp_path, 16) < 18e6 * 30
