"""Each bad line of a file of chats is named with its number; good ones come as the trainer wants them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from echo.cli import chats_file
from echo.errors import InvalidInput

USER = {"role": "user", "content": "Hello"}
ECHO = {"role": "assistant", "content": "Hello!"}
SYSTEM = {"role": "system", "content": "Be kind."}


def written(path: Path, *lines: Any) -> Path:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(texts))
    return path


def problem(tmp_path: Path, *lines: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        chats_file.read(written(tmp_path / "chats.jsonl", *lines))
    return str(refused.value)


def test_both_forms_are_read_and_empty_lines_passed_over(tmp_path: Path) -> None:
    short = {"prompt": "Hi", "completion": "Hello!", "id": 7}
    chat = {"messages": [SYSTEM, {**USER, "name": "ada"}, ECHO, USER, ECHO]}
    lines = [b"\xef\xbb\xbf" + json.dumps(short).encode(), b"", chat, *[short] * 8, b"  "]
    found = chats_file.read(written(tmp_path / "chats.jsonl", *lines))
    assert len(found) == 10
    assert found[0]["messages"] == [{"role": "user", "content": "Hi"}, ECHO]
    assert found[1]["messages"] == [SYSTEM, USER, ECHO, USER, ECHO]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{'prompt': 1}", "it is no JSON"),
        (b'{"prompt": "\xff"}', "it is not UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        ([USER, ECHO], "an object is wanted"),
        ({"text": "Hello"}, "neither “messages” nor “prompt” and “completion”"),
        ({"prompt": "", "completion": "a"}, "“prompt” is no text, or an empty one"),
        ({"prompt": "a", "completion": None}, "“completion” is no text"),
        (b'{"prompt": "a", "completion": "\\ud800"}', "half of a character"),
        ({"messages": []}, "no list of messages"),
        ({"messages": "Hello"}, "no list of messages"),
        ({"messages": [USER, {"role": "tool", "content": "x"}]}, "message 2 has no role"),
        ({"messages": [USER, {"role": "assistant"}]}, "the content of message 2 is no text"),
        ({"messages": [USER]}, "the last message is not the assistant's"),
        ({"messages": [SYSTEM]}, "user and assistant take turns"),
        ({"messages": [ECHO, USER]}, "the user begins"),
        ({"messages": [USER, SYSTEM, ECHO]}, "take turns"),
        ({"messages": [USER, ECHO, ECHO]}, "take turns"),
    ],
)
def test_a_bad_line_is_named_with_its_number(line: Any, said: str, tmp_path: Path) -> None:
    good = {"prompt": "a", "completion": "b"}
    told = problem(tmp_path, *[good] * 11, line, good)
    assert told.startswith("chats.jsonl, line 12: ")
    assert said in told
    assert "\n" not in told


def test_every_bad_line_counts_and_the_first_ten_are_told(tmp_path: Path) -> None:
    told = problem(tmp_path, *[{"no": 1}] * 25).splitlines()
    assert [line.split(":")[0] for line in told[:10]] == [
        f"chats.jsonl, line {number}" for number in range(1, 11)
    ]
    assert told[10:] == ["and 15 more lines"]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_are_refused_with_both_numbers(count: int, tmp_path: Path) -> None:
    told = problem(tmp_path, *[{"prompt": "a", "completion": "b"}] * count)
    assert told.startswith(f"chats.jsonl holds {count} chat")
    assert "10 are the least" in told
