"""Replies that must be JSON of a schema: which tokens may come next. It does not know logits or rows.

The grammar is llguidance's; a mask of the whole vocabulary takes it less than a millisecond.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any, Final

import torch
from llguidance import LLMatcher, LLTokenizer
from torch import Tensor

from .errors import InvalidRequest
from .schema import first_line, grammar_of

MOST_KEPT: Final = 16
"""Grammars that were made last, of up to 7 MB."""


class Grammar:
    """One reply's: what it has written so far decides what may follow."""

    def __init__(self, matcher: LLMatcher, vocabulary: int) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary

    def allowed(self) -> Tensor:
        """→ [vocabulary], bool: the tokens that may come next; the end of the turn where all is written"""
        bits = torch.frombuffer(bytearray(self._matcher.compute_bitmask()), dtype=torch.uint8)
        places = torch.arange(8, dtype=torch.uint8)
        return ((bits[:, None] >> places) & 1).bool().view(-1)[: self._vocabulary]

    def accept(self, token: int) -> None:
        self._matcher.consume_token(token)

    @property
    def error(self) -> str | None:
        """Why it cannot be followed any further: what it allows then means nothing."""
        return first_line(self._matcher.get_error()) if self._matcher.is_error() else None


class Grammars:
    """Makes grammars for one tokenizer, on any thread. The first takes seconds where that one is large."""

    def __init__(self, tokenizer: Any, vocabulary: int, eos: frozenset[int]) -> None:
        self._fast = getattr(tokenizer, "backend_tokenizer", None)
        self._vocabulary = vocabulary
        self._eos = sorted(eos)
        self._read: LLTokenizer | None = None
        self._reading = Lock()
        self._made = lru_cache(MOST_KEPT)(self._matcher)

    def make(self, schema: str) -> Grammar:
        """Raises InvalidRequest where this tokenizer or schema cannot be followed."""
        return Grammar(self._made(schema).deep_copy(), self._vocabulary)

    def _matcher(self, schema: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer(), grammar_of(schema), log_level=0)
        if matcher.is_error():
            error = first_line(matcher.get_error())
            raise InvalidRequest("json_schema", f"cannot be followed: {error}")
        return matcher

    def _tokenizer(self) -> LLTokenizer:
        if self._fast is None or not self._eos:
            raise InvalidRequest("json_schema", "cannot be followed by this model's tokenizer.")
        with self._reading:
            self._read = self._read or LLTokenizer(
                self._fast.to_str(), n_vocab=self._vocabulary, eos_token=self._eos
            )
            return self._read
