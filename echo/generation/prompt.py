"""Messages to token ids, so that prompt and reply fit the window. It does not know models or slots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .chat_template import ChatTemplate
from .detokenizer import Detokenizer, StreamDetokenizer, WindowDetokenizer
from .errors import ChatTemplateError, ModelLoadError
from .exchanges import (
    chars_of,
    exchange_starts,
    first_countable,
    letters_per_token,
    split,
    steady_cut,
)
from .kv_cache import common_prefix
from .request import ChatMessage, GenerationRequest
from .runner import CHARS_PER_TOKEN, RowError, too_long
from .tool_form import PLAIN, ToolForm
from .tools import RESULT, call_in_words, cleaned, in_words, schema_of

PLAIN_STOP = ("\nUser:",)
NO_TOOLS = (
    "This model's chat template knows no functions: leave tools out, or have one called by tool_choice "
    "“required” or the function's name."
)
SHARED_KEPT = 64  # texts whose token counts are kept


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
        if self._fast is not None:
            return self._fast_ids(text, special)
        return list(self.tokenizer.encode(text, add_special_tokens=special))

    def _fast_ids(self, text: str, special: bool) -> list[int]:
        """As `encode` of the tokenizer, which would let no other thread run meanwhile."""
        [found] = self._fast.encode_batch([text], add_special_tokens=special)
        return list(found.ids)

    def encode_raw(self, text: str) -> list[int]:
        """Tokens of a prompt that is written as the model reads it, special ones among it."""
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
        if self._fast is not None:
            return self._fast_ids(text, True)
        return list(self.tokenizer.encode(text))

    def encode_bare(self, text: str) -> list[int]:
        """Tokens of a text alone, with nothing before or after it; special ones in it count as such."""
        text = text.encode("utf-8", "replace").decode("utf-8")
        if self._fast is not None:
            return list(self._fast.encode(text, add_special_tokens=False).ids)
        return list(self.tokenizer.encode(text, add_special_tokens=False))

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
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
        for special in self._special:
            if special in text:
                text = text.replace(special, f"{special[0]} {special[1:]}")
        return text


class PromptBuilder:
    def __init__(self, codec: TextCodec, context_length: int) -> None:
        self._codec = codec
        self._context = context_length
        self._shared_lengths: dict[str, int] = {}

    def stop(self, request: GenerationRequest) -> tuple[str, ...]:
        """What ends a reply besides the request's own stop strings."""
        form = self.tool_form(request)
        if form is not None and request.one_call and form.closes_visibly:
            return (form.closing,)
        return () if self._codec.has_template or request.raw else PLAIN_STOP

    def limit(self, max_new_tokens: int) -> int:
        """Tokens that a prompt may have; at most half of the window is kept free for the reply."""
        return self._context - min(max_new_tokens, self._context // 2)

    def as_offered(self, request: GenerationRequest) -> GenerationRequest:
        """The request as this model gets it: without functions that it may do without and cannot have."""
        if not request.tools or not request.optional_tools:
            return request
        has_room = self._form is not None and self._leaves_room(request)
        return request if has_room else replace(request, tools=())

    def _leaves_room(self, request: GenerationRequest) -> bool:
        system, rest = split(request.messages)
        latest = rest[exchange_starts(rest)[-1] :]
        tokens = self._tokens((*system, *latest), request)
        return len(tokens) <= self.limit(request.sampling.max_new_tokens)

    def build(self, request: GenerationRequest) -> list[int]:
        """The prompt with the latest exchanges that fit; raises RowError."""
        if request.whole or request.raw:
            return self._whole(request)
        limit = self.limit(request.sampling.max_new_tokens)
        system, rest = split(request.messages)
        starts = exchange_starts(rest)

        def tokens_from(exchange: int) -> list[int]:
            return self._tokens((*system, *rest[starts[exchange] :]), request)

        first = self._first_countable(system, rest, starts, limit)
        tokens = tokens_from(first)
        if (whole := len(tokens)) <= limit:
            return tokens
        tokens = tokens_from(len(starts) - 1)
        if len(tokens) > limit:
            text = f"The message has {len(tokens)} tokens with its instructions; {limit} fit."
            raise RowError("too_long", text)
        low, high = first, len(starts) - 1  # exchanges to drop: too few, enough
        while high - low > 1:
            middle = (low + high) // 2
            shorter = tokens_from(middle)
            if len(shorter) <= limit:
                high, tokens = middle, shorter
            else:
                low = middle
        block = limit * letters_per_token(rest[starts[first] :], whole) // 4
        steady = tokens_from(steady_cut(rest, starts, high, block))
        return steady if len(steady) >= limit // 2 else tokens

    def _first_countable(
        self,
        system: tuple[ChatMessage, ...],
        rest: tuple[ChatMessage, ...],
        starts: list[int],
        limit: int,
    ) -> int:
        """The exchange from which on tokens are counted; raises RowError where the last is far too long."""
        told, most = chars_of(system), limit * CHARS_PER_TOKEN
        first = first_countable(rest, starts, most - told)
        chars = told + chars_of(rest[starts[first] :])
        if chars > most:
            raise too_long(chars // 4, self._context)
        return first

    def _whole(self, request: GenerationRequest) -> list[int]:
        """The prompt with every message; the reply gets what room is left, one token at least."""
        chars = chars_of(request.messages) + len(request.prefix)
        chars += sum(len(tool.parameters) + len(tool.description) for tool in request.tools)
        if chars > self._context * CHARS_PER_TOKEN:  # not even counted
            raise too_long(chars // 4, self._context)
        if request.raw:
            tokens = self._codec.encode_raw(request.messages[0].content)
        else:
            tokens = self._tokens(request.messages, request)
        if len(tokens) >= self._context:
            without = self._tokens(request.messages) if request.tools else tokens
            raise too_long(len(tokens), self._context, of_tools=len(tokens) - len(without))
        return tokens

    def shared_tokens(self, request: GenerationRequest) -> int:
        """How many of the prompt's first tokens are the same for every owner."""
        if not request.shared_chars or request.messages[0].role != "system":
            return 0
        return self._shared_of(request.messages[0].content[: request.shared_chars])

    def _shared_of(self, text: str) -> int:
        """Where two prompts that share only this beginning part; kept, there are few such texts."""
        if text not in self._shared_lengths:
            one, other = (self.tokens_of(text + end, end) for end in ("A", " b"))
            if len(self._shared_lengths) >= SHARED_KEPT:
                self._shared_lengths.clear()
            self._shared_lengths[text] = common_prefix(one, other, min(len(one), len(other)))
        return self._shared_lengths[text]

    def tokens_of(self, system_prompt: str, text: str) -> list[int]:
        """The prompt of one message."""
        system = (ChatMessage("system", system_prompt),) if system_prompt else ()
        return self._tokens((*system, ChatMessage("user", text)))

    def count(self, text: str, system_prompt: str) -> int:
        return len(self.tokens_of(system_prompt, text))

    def schema(self, request: GenerationRequest) -> str | None:
        """What the reply must fit: a call of a function, or what the request says."""
        if not request.forced:
            return request.sampling.json_schema
        return schema_of(request.tools, request.forced, self._form or PLAIN)

    def tool_form(self, request: GenerationRequest) -> ToolForm | None:
        """How calls stand in the reply's text, which special tokens never reach."""
        if not request.tools:
            return None
        form = self._form or PLAIN
        opening, closing = map(self._codec.without_special, (form.opening, form.closing))
        return replace(form, opening=opening, closing=closing, begun=bool(request.forced))

    @property
    def _form(self) -> ToolForm | None:
        return self._codec.template.tool_form if self._codec.template else None

    def _tokens(
        self, messages: tuple[ChatMessage, ...], request: GenerationRequest | None = None
    ) -> list[int]:
        text = self._render(messages, request)
        return self._codec.encode(text + self._codec.clean(request.prefix if request else ""))

    def _render(self, messages: tuple[ChatMessage, ...], request: GenerationRequest | None) -> str:
        tools, forced = (request.tools, request.forced) if request else ((), ())
        form = self._form
        if tools and form is None:
            if not forced:
                raise RowError("bad_request", NO_TOOLS)
            messages = _told(messages, in_words(tools, forced))
        clean = [self._as_read(message) for message in messages]
        offered = [cleaned(tool.as_json(), self._codec.clean) for tool in tools] if form else []
        if self._codec.template is None:
            return _plain(clean)
        try:
            text = self._codec.template.render(clean, offered or None)
        except ChatTemplateError as error:
            raise RowError("bad_request", f"The prompt cannot be made: {error}") from error
        return text + form.opening if form and forced else text

    def _as_read(self, message: ChatMessage) -> dict[str, Any]:
        """A message as templates take it; in words where this one knows no functions."""
        content = self._codec.clean(message.content)
        if self._form is None:
            if message.role == "tool":
                said = RESULT.format(self._codec.clean(message.name), content)
                return {"role": "user", "content": said}
            calls = [self._codec.clean(call_in_words(call)) for call in message.calls]
            return {
                "role": message.role,
                "content": "\n".join([*([content] if content else []), *calls]),
            }
        read: dict[str, Any] = {"role": message.role, "content": content}
        if message.calls:
            read["tool_calls"] = [
                cleaned(call.as_json(), self._codec.clean) for call in message.calls
            ]
        if message.role == "tool":
            read |= {"tool_call_id": message.answers, "name": self._codec.clean(message.name)}
        return read


def _told(messages: tuple[ChatMessage, ...], text: str) -> tuple[ChatMessage, ...]:
    """The messages with something more in their instructions."""
    system, rest = split(messages)
    words = "\n\n".join([*(message.content for message in system), text])
    return (ChatMessage("system", words), *rest)


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


def _plain(messages: list[dict[str, str]]) -> str:
    """For models without a chat template."""
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    lines = [names[message["role"]] + message["content"] for message in messages]
    return "\n".join([*lines, "Assistant:"])
