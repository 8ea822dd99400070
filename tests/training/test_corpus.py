"""Mixes take what their weights say, and long answers are cut off."""

import random
from collections import Counter

from training.corpus import Record, apply_mix, short_turns


def test_weights_are_copies() -> None:
    rows: list[Record] = [{"source": s, "text": "x"} for s in ("a", "b", "c") for _ in range(400)]
    taken = Counter(r["source"] for r in apply_mix(rows, {"a": 2, "b": 0.25}, random.Random(1)))
    assert taken["a"] == 800
    assert 60 < taken["b"] < 140
    assert taken["c"] == 0


def test_chat_ends_before_the_first_long_turn() -> None:
    def chat(*answers: str) -> Record:
        turns = [
            ({"role": "user", "content": "q"}, {"role": "assistant", "content": a}) for a in answers
        ]
        return {"source": "s", "messages": [message for turn in turns for message in turn]}  # type: ignore[misc]

    short = short_turns(chat("one", "two " * 30, "three"), 10)
    assert short is not None
    assert [m["content"] for m in short["messages"]] == ["q", "one"]
    assert short_turns(chat("long " * 30), 10) is None
