"""Which blocks of a growing answer change no more, and what a terminal must never obey."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from echo.cli.terminal.markdown import Tail, clean, rendered, settled

ANSWER = """# Title

A paragraph of
two lines.

- one
- two

  still two

1. first
2. second

| a | b |
| - | - |
| 1 | 2 |

```python
x = 1

# no heading
```

Setext
======

The end, with <b>tags</b>."""


def drawn(text: str, height: int = 200) -> str:
    console = Console(file=io.StringIO(), width=60, height=height, force_terminal=False)
    console.print(rendered(text))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def grown(text: str, cuts: list[int]) -> list[str]:
    """Return the blocks that are written when the text comes in these pieces."""
    blocks: list[str] = []
    rest = ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        rest += text[start:end]
        whole = settled(rest)
        if rest[:whole].strip():
            blocks.append(rest[:whole])
        rest = rest[whole:]
    return [*blocks, rest]


@given(st.lists(st.integers(0, len(ANSWER)), max_size=40).map(sorted))
def test_however_it_comes_the_same_is_seen(cuts: list[int]) -> None:
    blocks = grown(ANSWER, cuts)
    assert "".join(blocks) == ANSWER
    seen = "\n".join(drawn(block) for block in blocks)
    assert words(seen) == words(drawn(ANSWER))


def words(text: str) -> list[str]:
    return text.split()


def test_letter_by_letter_each_block_is_written_once() -> None:
    blocks = grown(ANSWER, list(range(1, len(ANSWER))))
    assert [block.strip().split("\n")[0] for block in blocks] == [
        "# Title", "A paragraph of", "- one", "1. first", "| a | b |", "```python", "Setext",
    ]  # fmt: skip


def test_tags_are_shown_and_sequences_are_not_obeyed() -> None:
    assert "<b>tags</b>" in drawn(ANSWER)
    evil = "\x1b]0;title\x07\x1b[2Jgone\x9b31m\ttab\nline\r\x7f"
    assert clean(evil) == "]0;title[2Jgone31m\ttab\nline"


@pytest.mark.parametrize("height", [5, 12])
def test_what_is_alive_fits_the_terminal(height: int) -> None:
    console = Console(file=io.StringIO(), width=60, height=height, force_terminal=False)
    console.print(Tail("```\n" + "\n".join(f"line {n}" for n in range(100)) + "\n"))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) <= height - 1
    assert "line 99" in "".join(lines)
