"""Texts to tokens and back, for threads beside each other. It does not know messages or windows."""

from __future__ import annotations

from typing import Any

from .chat_template import ChatTemplate
from .counting import beyond
from .detokenizer import Detokenizer, StreamDetokenizer, WindowDetokenizer
from .errors import ChatTemplateError, ModelLoadError


class TextCodec:
    """A tokenizer used without its mutable state: safe in two threads at once."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._fast: Any = getattr(tokenizer, "backend_tokenizer", None)
        self.template = _chat_template(tokenizer)
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        special = {str(token) for token in tokenizer.all_special_tokens}
        special |= {str(token) for token in added if getattr(token, "special", False)}
        self._special = sorted((text for text in special if len(text) > 1), key=len, reverse=True)

    @property
    def has_template(self) -> bool:
        return self.template is not None

    def encode(self, text: str) -> list[int]:
        special = not self.has_template  # a template writes its own beginning of text
        return self._ids(text, special)

    def encode_raw(self, text: str) -> list[int]:
        """Tokens of a prompt that is written as the model reads it, special ones among it."""
        return self._ids(valid(text), True)

    def encode_bare(self, text: str) -> list[int]:
        """Tokens of a text alone, with nothing before or after it; special ones in it count as such."""
        return self._ids(valid(text), False)

    def _ids(self, text: str, special: bool) -> list[int]:
        """As `encode` of the tokenizer, which would let no other thread run meanwhile."""
        if self._fast is None:
            return list(self.tokenizer.encode(text, add_special_tokens=special))
        [found] = self._fast.encode_batch_fast([text], add_special_tokens=special)
        return list(found.ids)

    def beyond(self, text: str, most: int) -> int:
        """About how many tokens a text has that surely has more than `most`; 0 where it may fit."""
        return beyond(lambda piece: len(self._ids(piece, False)), text, most)

    def token_text(self, token: int) -> str:
        """Return a token alone as text, special ones too; half a character becomes U+FFFD."""
        return str((self._fast or self.tokenizer).decode([token], skip_special_tokens=False))

    def detokenizer(self) -> Detokenizer:
        if self._fast is not None:
            return StreamDetokenizer(self._fast)
        return WindowDetokenizer(self.tokenizer)

    def without_special(self, text: str) -> str:
        for special in self._special:
            text = text.replace(special, "")
        return text

    def clean(self, text: str) -> str:
        """What a person wrote must not end a turn or begin one: special tokens become plain text."""
        text = valid(text)
        for special in self._special:
            if special in text:
                text = text.replace(special, f"{special[0]} {special[1:]}")
        return text


def _chat_template(tokenizer: Any) -> ChatTemplate | None:
    """The tokenizer's default one; raises ModelLoadError where it cannot be used."""
    source = getattr(tokenizer, "chat_template", None)
    if isinstance(source, dict):
        source = source.get("default")
    if not source:
        return None
    try:
        return ChatTemplate(source, tokenizer.special_tokens_map)
    except ChatTemplateError as error:
        raise ModelLoadError(f"The model's chat template cannot be used: {error}") from error


def valid(text: str) -> str:
    """A text without lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
