"""Text leaves in whole characters, and nothing of a stop string leaves."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.generation.detokenizer import (
    REPLACEMENT,
    StreamDetokenizer,
    TextAssembler,
    WindowDetokenizer,
)

from .helpers import train_tokenizer

TOKENIZER: Any = train_tokenizer()
FAST = TOKENIZER.backend_tokenizer
IDS = st.lists(st.integers(0, len(TOKENIZER) - 1), max_size=40)


def byte_tokens(data: bytes) -> list[int]:
    """Each byte as the token of its own: characters are cut everywhere."""
    kept = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    letters = {byte: chr(byte) if byte in kept else chr(next(others)) for byte in range(256)}
    return [FAST.token_to_id(letters[byte]) for byte in data]


def stream_all(detokenizer: Any, ids: list[int]) -> list[str]:
    return [*(detokenizer.push(token) for token in ids), detokenizer.flush()]


@settings(max_examples=300, deadline=None)
@given(IDS)
def test_joined_pieces_are_the_full_text_for_any_ids(ids: list[int]) -> None:
    pieces = stream_all(StreamDetokenizer(FAST), ids)
    assert "".join(pieces) == FAST.decode(ids).rstrip(REPLACEMENT)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_joined_pieces_are_the_full_text_for_any_bytes(data: bytes) -> None:
    ids = byte_tokens(data)
    pieces = stream_all(StreamDetokenizer(FAST), ids)
    assert "".join(pieces) == FAST.decode(ids).rstrip(REPLACEMENT)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters=REPLACEMENT), max_size=30))
def test_no_piece_has_half_a_character(text: str) -> None:
    ids = byte_tokens(text.encode("utf-8", "replace"))
    for kind in (StreamDetokenizer(FAST), WindowDetokenizer(TOKENIZER)):
        pieces = stream_all(kind, ids)
        assert "".join(pieces) == text.encode("utf-8", "replace").decode()
        assert not any(REPLACEMENT in piece for piece in pieces)


class GivesUp:
    """A DecodeStream that raises after some ids, as the real one does on odd prefixes."""

    def __init__(self, stream: Any, after: int) -> None:
        self.stream, self.left = stream, after

    def step(self, tokenizer: Any, token: int) -> str | None:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("Invalid prefix encountered")
        piece: str | None = self.stream.step(tokenizer, token)
        return piece


@settings(max_examples=100, deadline=None)
@given(IDS, st.integers(0, 10))
def test_a_decoder_that_gives_up_is_replaced(ids: list[int], after: int) -> None:
    detokenizer: Any = StreamDetokenizer(FAST)
    detokenizer._stream = GivesUp(detokenizer._stream, after)
    assert "".join(stream_all(detokenizer, ids)) == FAST.decode(ids).rstrip(REPLACEMENT)


def test_a_character_cut_by_the_end_is_dropped() -> None:
    ids = byte_tokens("ok 🎉".encode())[:-1]
    assert "".join(stream_all(StreamDetokenizer(FAST), ids)) == "ok "
    assert "".join(stream_all(WindowDetokenizer(TOKENIZER), ids)) == "ok "


def test_special_tokens_are_not_text() -> None:
    ids = FAST.encode("a<|im_end|>b<|im_start|>").ids
    assert "".join(stream_all(StreamDetokenizer(FAST), ids)) == "ab"


class Words:
    """A detokenizer whose tokens are given words."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def push(self, token: int) -> str:
        return self.words[token]

    def flush(self) -> str:
        return ""


def assemble(words: list[str], stop: tuple[str, ...]) -> tuple[str, int, str]:
    assembler = TextAssembler(Words(words), stop)
    pieces = []
    for token in range(len(words)):
        pieces.append(assembler.push(token))
        if pieces[-1].stopped:
            break
    else:
        pieces.append(assembler.flush())
    return (
        "".join(piece.text for piece in pieces),
        sum(piece.tokens for piece in pieces),
        pieces[-1].stopped,
    )


@pytest.mark.parametrize(
    ("words", "stop", "text", "stopped"),
    [
        (["a", "b", "STOP", "c"], ("STOP",), "ab", "STOP"),
        (["aS", "T", "OPc"], ("STOP",), "a", "STOP"),
        (["aST", "b"], ("STOP",), "aSTb", ""),
        (["aST"], ("STOP",), "aST", ""),
        (["SSTO", "STOP"], ("STOP",), "SSTO", "STOP"),
        (["one two", " three"], ("two three", "one two t"), "", "one two t"),
        (["x\n", "User", ":"], ("\nUser:",), "x", "\nUser:"),
    ],
)
def test_stop_strings_across_token_borders(
    words: list[str], stop: tuple[str, ...], text: str, stopped: str
) -> None:
    got, tokens, ended = assemble(words, stop)
    assert (got, ended) == (text, stopped)
    assert tokens == len(words) if not stopped else tokens <= len(words)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("ab", min_size=1, max_size=3), max_size=12),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_the_text_ends_where_the_first_stop_string_begins(
    words: list[str], stop: list[str]
) -> None:
    got, _, stopped = assemble(words, tuple(stop))
    whole = "".join(words)
    assert bool(stopped) == any(one in whole for one in stop)
    assert whole.startswith(got + stopped)
    assert not any(one in got for one in stop)
    if not stopped:
        assert got == whole
