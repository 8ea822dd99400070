"""`tokenizer.json` and `tokenizer_config.json` from a file's vocabulary.

Two kinds: byte-level (gpt2), whose words are cut as `pre_tokenizers` says, and SentencePiece
(llama), whose merges follow the scores. It does not know models or weights.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from .errors import Unreadable, shown
from .metadata import Metadata
from .pre_tokenizers import PRE_TOKENIZERS, PreTokenizer
from .vocabulary import USER_DEFINED, WHOLE, Vocabulary

MAX_PIECE: Final = (
    256  # characters of a token that merges may make; SentencePiece's own limit is 16
)
SPACE: Final = "\u2581"  # how SentencePiece writes a space


def build(meta: Metadata, vocabulary: Vocabulary) -> Tokenizer:
    """Raises Unreadable with the name of what is not known, or what the tokenizers library says."""
    try:
        if vocabulary.kind == "gpt2":
            tokenizer = _byte_level(meta, vocabulary)
        else:
            tokenizer = _sentencepiece(meta, vocabulary)
        _add_whole_tokens(tokenizer, vocabulary)
    except Unreadable:
        raise
    except Exception as error:  # the library raises plain Exception
        raise Unreadable(f"its tokenizer cannot be built: {shown(str(error))}.") from error
    if tokenizer.get_vocab_size() != len(vocabulary.tokens):
        raise Unreadable("its special tokens are not in its list of tokens.")
    _add_ends(tokenizer, vocabulary, *_additions(meta, vocabulary))
    return tokenizer


def tokenizer_config(meta: Metadata, vocabulary: Vocabulary, context: int) -> dict[str, Any]:
    bos, eos = _additions(meta, vocabulary)
    config: dict[str, Any] = {
        "tokenizer_class": "TokenizersBackend",
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "add_bos_token": bos,
        "add_eos_token": eos,
    }
    for name in ("bos", "eos", "pad"):
        number = getattr(vocabulary, name)
        if number is not None:
            config[f"{name}_token"] = vocabulary.tokens[number]
    if vocabulary.unknown is not None:
        config["unk_token"] = vocabulary.tokens[vocabulary.unknown]
    return config


def chat_template(meta: Metadata) -> str | None:
    """The default one, where a file has several."""
    for key in ("tokenizer.chat_template", "tokenizer.chat_template.default"):
        text = meta.text(key)
        if text:
            return text
    return None


def _additions(meta: Metadata, vocabulary: Vocabulary) -> tuple[bool, bool]:
    """Whether text gets a token at its beginning, and at its end."""
    default = vocabulary.kind == "llama" or _pre_tokenizer(meta).adds_bos
    bos = meta.flag("tokenizer.ggml.add_bos_token", default)
    eos = meta.flag("tokenizer.ggml.add_eos_token", False)
    return bool(bos) and vocabulary.bos is not None, bool(eos) and vocabulary.eos is not None


def _pre_tokenizer(meta: Metadata) -> PreTokenizer:
    name = meta.text("tokenizer.ggml.pre")
    if name is None:
        raise Unreadable("it does not say how its tokenizer cuts words (tokenizer.ggml.pre).")
    if name not in PRE_TOKENIZERS:
        raise Unreadable(f"its tokenizer cuts words by {shown(name)}, which is not known here.")
    return PRE_TOKENIZERS[name]


def _byte_level(meta: Metadata, vocabulary: Vocabulary) -> Tokenizer:
    pre = _pre_tokenizer(meta)
    if vocabulary.merges is None:
        raise Unreadable("it has no tokenizer.ggml.merges.")
    tokenizer = Tokenizer(
        models.BPE(
            vocab={token: number for number, token in enumerate(vocabulary.tokens)},
            merges=[_pair(merge) for merge in vocabulary.merges],
            ignore_merges=pre.whole_words,
        )
    )
    cuts = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in pre.patterns]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pair(merge: str) -> tuple[str, str]:
    cut = merge.find(" ", 1)
    if cut < 0 or cut + 1 == len(merge):
        raise Unreadable(f"its merge {shown(merge)} is not two pieces.")
    return merge[:cut], merge[cut + 1 :]


def _sentencepiece(meta: Metadata, vocabulary: Vocabulary) -> Tokenizer:
    prefix = bool(meta.flag("tokenizer.ggml.add_space_prefix", True))
    tokens = vocabulary.tokens
    by_position = meta.architecture == "gemma3"
    if by_position:
        tokens = _with_sentencepiece_spaces(tokens)
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=numbers,
            merges=_merges(vocabulary, tokens, numbers, by_position),
            unk_token=None if vocabulary.unknown is None else tokens[vocabulary.unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    spaces = [normalizers.Prepend(SPACE)] if prefix else []
    tokenizer.normalizer = normalizers.Sequence([*spaces, normalizers.Replace(" ", SPACE)])
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefix else steps)
    return tokenizer


def _with_sentencepiece_spaces(tokens: list[str]) -> list[str]:
    """Gemma's runs of spaces stand in files as spaces, and are merged as SentencePiece writes them."""
    known = set(tokens)
    respelled = [
        SPACE * len(token) if len(token) > 1 and not token.strip(" ") else token for token in tokens
    ]
    return [
        new if new not in known else token for new, token in zip(respelled, tokens, strict=True)
    ]


def _merges(
    vocabulary: Vocabulary, tokens: list[str], numbers: dict[str, int], by_position: bool
) -> list[tuple[str, str]]:
    """Those of the file, or all pairs of tokens that make a token, best scores first.

    Gemma's scores do not follow the order of its merges; that of its tokens does.
    """
    if vocabulary.merges is not None:
        return [_pair(merge) for merge in vocabulary.merges]
    if by_position:
        scores = -np.arange(len(tokens), dtype=np.float64)
    elif vocabulary.scores is not None:
        scores = vocabulary.scores
    else:
        raise Unreadable("it has neither tokenizer.ggml.merges nor tokenizer.ggml.scores.")
    found = []
    for number, token in enumerate(tokens):
        score = float(scores[number])
        for cut in range(1, len(token) if len(token) <= MAX_PIECE else 0):
            left, right = numbers.get(token[:cut]), numbers.get(token[cut:])
            if left is not None and right is not None:
                found.append((-score, -cut, cut - len(token), number, left, right))
    found.sort()
    return [(tokens[left], tokens[right]) for *_, left, right in found]


def _add_whole_tokens(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    """Control and user-defined tokens are found in text before anything else; both keep their ids."""
    special = {vocabulary.bos, vocabulary.eos, vocabulary.unknown, vocabulary.pad, *vocabulary.ends}
    added = []
    for number, token in enumerate(vocabulary.tokens):
        kind = int(vocabulary.types[number])
        if tokenizer.token_to_id(token) != number:  # Gemma's spaces, which merges find
            continue
        if kind in WHOLE or number in special:
            hidden = kind != USER_DEFINED or number in special
            added.append(AddedToken(token, normalized=False, special=hidden))
    tokenizer.add_tokens(added)


def _add_ends(tokenizer: Tokenizer, vocabulary: Vocabulary, bos: bool, eos: bool) -> None:
    names = [
        (vocabulary.tokens[number], number)
        for number, wanted in ((vocabulary.bos, bos), (vocabulary.eos, eos))
        if wanted and number is not None
    ]
    if not names:
        return
    first = [f"{vocabulary.tokens[vocabulary.bos]}:0"] if bos and vocabulary.bos is not None else []
    last = [f"{vocabulary.tokens[vocabulary.eos]}:0"] if eos and vocabulary.eos is not None else []
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[*first, "$A:0", *last], pair=[*first, "$A:0", *last, *first, "$B:0", *last],
        special_tokens=names,
    )  # fmt: skip
