"""Where a log goes to may be full: its lines are lost, and nothing else."""

from __future__ import annotations

import io
import sys

import pytest

from echo import logs


class Full(io.StringIO):
    """A file on a disk that may be full."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)

    def flush(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def test_what_cannot_be_written_is_counted_and_told_later() -> None:
    disk = Full()
    stream = logs.PatientStream(disk)
    for line in ("one\n", "two\n"):
        assert stream.write(line) == len(line)
        stream.flush()
    disk.full = False
    stream.write("three\n")
    stream.write("four\n")
    assert disk.getvalue() == "(2 pieces of this log could not be written)\nthree\nfour\n"
    assert stream.getvalue() == disk.getvalue()  # all else is the stream's own


def test_standard_streams_are_protected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    monkeypatch.setattr(sys, "stdout", Full())
    logs.protect_output()
    once = sys.stderr
    logs.protect_output()
    assert sys.stderr is once
    print("lost", file=sys.stderr, flush=True)
    print("lost", flush=True)
