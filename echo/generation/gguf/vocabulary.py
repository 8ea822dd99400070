"""The tokens of a file and what each is for, checked. It does not know how text becomes tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import Unreadable, shown
from .metadata import Metadata

# what tokenizer.ggml.token_type says
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
WHOLE: Final = frozenset({UNKNOWN, CONTROL, USER_DEFINED})  # found in text before anything else
NONE: Final = 0xFFFFFFFF  # how some files write "no such token"
LISTS: Final = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges")
ENDS: Final = frozenset(  # tokens that end a turn in the chat formats of the field
    {
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>",
        "<EOT>", "_<EOT>", "[EOT]", "<|end_of_text|>", "<end_of_utterance>",
        "<\uff5cend\u2581of\u2581sentence\uff5c>",
    }
)  # fmt: skip
MAX_TOKEN: Final = 1_024  # characters; the longest seen has 256
SENTENCEPIECE_IDS: Final = {"bos": 1, "eos": 2, "unknown": 0}  # where such a file names none


@dataclass(frozen=True)
class Vocabulary:
    kind: str  # "gpt2": byte-level; "llama": SentencePiece
    tokens: list[str]
    types: NDArray[Any]  # [tokens]
    scores: NDArray[Any] | None  # [tokens]
    merges: list[str] | None
    bos: int | None
    eos: int | None
    unknown: int | None
    pad: int | None
    ends: tuple[int, ...]  # every token that ends a reply, the eos token first


def vocabulary(meta: Metadata) -> Vocabulary:
    """Raises Unreadable when lists disagree, a token is there twice or an id is out of range."""
    kind = meta.text("tokenizer.ggml.model") or ""
    if kind not in ("gpt2", "llama"):
        raise Unreadable(
            f"its tokenizer is {shown(kind)}; gpt2 (byte-level) and llama (SentencePiece) are read."
        )
    tokens = [
        text or f"[EMPTY_{n}]" for n, text in enumerate(meta.strings("tokenizer.ggml.tokens"))
    ]
    if not tokens:
        raise Unreadable("it has no tokens.")
    _check_tokens(tokens)
    types = _with_ends(tokens, _list(meta, "tokenizer.ggml.token_type", len(tokens)))
    ids = {
        name: _id(meta, name, kind, len(tokens)) for name in ("bos", "eos", "unknown", "padding")
    }
    return Vocabulary(
        kind=kind,
        tokens=tokens,
        types=types,
        scores=_list(meta, "tokenizer.ggml.scores", len(tokens)),
        merges=meta.strings("tokenizer.ggml.merges") if meta.has("tokenizer.ggml.merges") else None,
        bos=ids["bos"],
        eos=ids["eos"],
        unknown=ids["unknown"],
        pad=ids["padding"],
        ends=_ends(meta, kind, tokens, types, ids["eos"]),
    )


def _check_tokens(tokens: list[str]) -> None:
    seen: set[str] = set()
    for token in tokens:
        if len(token) > MAX_TOKEN:
            raise Unreadable(f"its token {shown(token)} has {len(token):,} characters.")
        if token in seen:
            raise Unreadable(f"its token {shown(token)} is there twice.")
        seen.add(token)


def _list(meta: Metadata, key: str, count: int) -> NDArray[Any] | None:
    values = meta.numbers(key)
    if values is None:
        return None
    if len(values) != count:
        raise Unreadable(f"{key} has {len(values):,} values for {count:,} tokens.")
    return values


def _with_ends(tokens: list[str], types: NDArray[Any] | None) -> NDArray[Any]:
    """Some files mark the end of a turn as an ordinary token; it is never one."""
    types = np.full(len(tokens), NORMAL) if types is None else types.copy()
    for number, token in enumerate(tokens):
        if token in ENDS:
            types[number] = CONTROL
    return types


def _id(meta: Metadata, name: str, kind: str, count: int) -> int | None:
    key = f"tokenizer.ggml.{name}_token_id"
    default = SENTENCEPIECE_IDS.get(name) if kind == "llama" else None
    if not meta.has(key):
        return default if default is not None and default < count else None
    value = meta.whole(key, -1, NONE)
    if value in (-1, NONE):
        return None
    if value >= count:
        raise Unreadable(f"{key} is {value:,}, but there are {count:,} tokens.")
    return value


def _ends(
    meta: Metadata, kind: str, tokens: list[str], types: NDArray[Any], eos: int | None
) -> tuple[int, ...]:
    found = [eos, *(_id(meta, name, kind, len(tokens)) for name in ("eot", "eom"))]
    found += [n for n in np.flatnonzero(types == CONTROL).tolist() if tokens[n] in ENDS]
    return tuple(dict.fromkeys(one for one in found if one is not None))
