"""Token ids to text, piece by piece, and stop strings. It does not know models or streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

REPLACEMENT = "\ufffd"


class Detokenizer(Protocol):
    def push(self, token: int) -> str: ...

    def flush(self) -> str: ...


class StreamDetokenizer:
    """tokenizers.DecodeStream, repaired: it gives up on some odd ids, a reply must not.

    Never half a character: what ends in U+FFFD is held back until it is whole, and dropped if
    the reply ends before that. Otherwise the joined pieces are what decode() gives for all ids.
    """

    def __init__(self, tokenizer: Any) -> None:
        from tokenizers.decoders import DecodeStream

        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._ids: list[int] = []
        self._written = 0  # characters
        self._held = False
        self._broken = False

    def push(self, token: int) -> str:
        self._ids.append(token)
        if self._broken:
            return self._catch_up()
        try:
            piece = self._stream.step(self._tokenizer, token)
        except Exception:  # "Invalid prefix encountered" on ids that no text has
            self._broken = True
            return self._catch_up()
        self._held = not piece
        self._written += len(piece or "")
        return piece or ""

    def flush(self) -> str:
        return self._catch_up() if self._held else ""

    def _catch_up(self) -> str:
        whole: str = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        piece = whole.rstrip(REPLACEMENT)[self._written :]
        self._written += len(piece)
        self._held = True
        return piece


class WindowDetokenizer:
    """The same for tokenizers without a fast backend: decode a growing window, keep the new part."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = 0  # the window begins here; its text up to _read is written
        self._read = 0

    def push(self, token: int) -> str:
        self._ids.append(token)
        before = self._decode(self._ids[self._start : self._read])
        now = self._decode(self._ids[self._start :])
        if len(now) <= len(before) or now.endswith(REPLACEMENT):
            return ""
        self._start, self._read = self._read, len(self._ids)
        return now[len(before) :]

    def flush(self) -> str:
        before = self._decode(self._ids[self._start : self._read])
        now = self._decode(self._ids[self._start :]).rstrip(REPLACEMENT)
        self._start = self._read = len(self._ids)
        return now[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""


@dataclass(frozen=True)
class Piece:
    text: str
    tokens: int
    stopped: str = ""  # the stop string that ended the text


class TextAssembler:
    """Text that may leave: whole characters, and nothing that could begin a stop string."""

    def __init__(self, detokenizer: Detokenizer, stop: tuple[str, ...] = ()) -> None:
        self._detokenizer = detokenizer
        self._stop = stop
        self._longest = max(map(len, stop), default=0)
        self._held = ""
        self._tokens = 0  # tokens not yet accounted for in a piece

    def push(self, token: int) -> Piece:
        self._tokens += 1
        return self._take(self._detokenizer.push(token), last=False)

    def flush(self) -> Piece:
        return self._take(self._detokenizer.flush(), last=True)

    def _take(self, new: str, last: bool) -> Piece:
        if not self._stop:
            return self._piece(new, "", last)
        text = self._held + new
        place, stop = self._first_stop(text)
        if stop:
            self._held = ""
            return self._piece(text[:place], stop, True)
        keep = 0 if last else self._may_begin_stop(text)
        self._held = text[len(text) - keep :]
        return self._piece(text[: len(text) - keep], "", last)

    def _piece(self, text: str, stopped: str, last: bool) -> Piece:
        tokens = self._tokens if text or last else 0
        self._tokens -= tokens
        return Piece(text, tokens, stopped)

    def _first_stop(self, text: str) -> tuple[int, str]:
        places = [(place, stop) for stop in self._stop if (place := text.find(stop)) >= 0]
        return min(places, default=(0, ""))

    def _may_begin_stop(self, text: str) -> int:
        """Length of the longest end of text that is the beginning of a stop string."""
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[len(text) - length :]
            if any(stop.startswith(tail) for stop in self._stop):
                return length
        return 0
