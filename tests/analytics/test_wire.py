"""Frames survive the wire, and what is none is refused."""

import io
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Dribble(io.RawIOBase):
    """A source that gives one byte at a time, as a slow pipe may."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        return self._content.readinto(memoryview(target)[:1])


@given(st.lists(st.tuples(st.dictionaries(st.text(), JSON, max_size=3), st.binary()), max_size=4))
def test_what_is_written_is_read(frames):
    sent = b"".join(wire.encode(header, body) for header, body in frames)
    source = io.BufferedReader(Dribble(sent))
    for header, body in frames:
        assert wire.read(source) == ({**header, "bytes": len(body)}, body)
    assert wire.read(source) is None


def test_days_become_texts():
    sent = wire.encode({"rows": [(date(2026, 3, 1), 2)]})
    assert wire.read(io.BytesIO(sent)).header["rows"] == [["2026-03-01", 2]]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        wire.encode({"x": value})


def test_a_cut_frame_is_broken():
    sent = wire.encode({"id": 1}, b"body")
    for length in range(1, len(sent)):
        with pytest.raises(wire.Broken):
            wire.read(io.BytesIO(sent[:length]))


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"bytes":-1}',
        b'{"bytes":true}',
        b'{"bytes":1e99}',
        b"[" * 99_999,
    ],
)
def test_a_header_that_is_none_is_broken(text):
    with pytest.raises(wire.Broken):
        wire.read(io.BytesIO(len(text).to_bytes(4, "big") + text))


def test_a_length_beyond_reason_is_broken():
    with pytest.raises(wire.Broken, match="too long"):
        wire.read(io.BytesIO(b"\xff\xff\xff\xff"))


def test_pages_may_use_wire_and_cards_without_the_heavy_libraries():
    code = (
        "import sys, analytics.wire, analytics.cards; "
        "print([n for n in ('numpy', 'pandas', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
