"""Messages to token ids, so that prompt and reply fit the window. It does not know models or slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from .errors import ChatTemplateError
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
from .text_codec import TextCodec, valid
from .tool_form import PLAIN, ToolForm
from .tools import RESULT, call_in_words, cleaned, in_words, schema_of

PLAIN_STOP = ("\nUser:",)
NO_TOOLS = (
    "This model's chat template knows no functions: leave tools out, or have one called by tool_choice "
    "“required” or the function's name."
)
SHARED_KEPT = 64  # texts whose token counts are kept


class Reading(NamedTuple):
    """A prompt in tokens: none, and about how many, where there are more than may be."""

    tokens: list[int]
    total: int


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
        limit = self.limit(request.sampling.max_new_tokens)
        return self._read((*system, *latest), limit, request).total <= limit

    def build(self, request: GenerationRequest) -> list[int]:
        """The prompt with the latest exchanges that fit; raises RowError."""
        if request.whole or request.raw:
            return self._whole(request)
        limit = self.limit(request.sampling.max_new_tokens)
        system, rest = split(request.messages)
        starts = exchange_starts(rest)

        def read_from(exchange: int) -> Reading:
            return self._read((*system, *rest[starts[exchange] :]), limit, request)

        first = self._first_countable(system, rest, starts, limit)
        read = read_from(first)
        if (whole := read.total) <= limit:
            return read.tokens
        read = read_from(len(starts) - 1)
        if read.total > limit:
            text = f"The message has {read.total} tokens with its instructions; {limit} fit."
            raise RowError("too_long", text)
        low, high = first, len(starts) - 1  # exchanges to drop: too few, enough
        while high - low > 1:
            middle = (low + high) // 2
            shorter = read_from(middle)
            if shorter.total <= limit:
                high, read = middle, shorter
            else:
                low = middle
        block = limit * letters_per_token(rest[starts[first] :], whole) // 4
        steady = read_from(steady_cut(rest, starts, high, block))
        return steady.tokens if len(steady.tokens) >= limit // 2 else read.tokens

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
        read = self._read_whole(request)
        if read.total >= self._context:
            raise too_long(read.total, self._context, of_tools=self._of_tools(request, read.total))
        return read.tokens

    def _read_whole(self, request: GenerationRequest) -> Reading:
        if not request.raw:
            return self._read(request.messages, self._context - 1, request)
        text = valid(request.messages[0].content)
        return self._reading(text, self._context - 1, self._codec.encode_raw)

    def _of_tools(self, request: GenerationRequest, count: int) -> int:
        """How many of the tokens describe functions, where the messages alone would fit."""
        without = self._read(request.messages, self._context - 1).total if request.tools else count
        return count - without if without < self._context else 0

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
        return self._codec.encode(self._render(_one(system_prompt, text), None))

    def count(self, text: str, system_prompt: str, most: int) -> int:
        """Tokens of the prompt of one message; about how many, where that is more than `most`."""
        return self._read(_one(system_prompt, text), most).total

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

    def _read(
        self,
        messages: tuple[ChatMessage, ...],
        most: int,
        request: GenerationRequest | None = None,
    ) -> Reading:
        text = self._render(messages, request)
        text += self._codec.clean(request.prefix if request else "")
        return self._reading(text, most, self._codec.encode)

    def _reading(self, text: str, most: int, encode: Callable[[str], list[int]]) -> Reading:
        if count := self._codec.beyond(text, most):
            return Reading([], count)
        tokens = encode(text)
        return Reading(tokens, len(tokens))

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


def _one(system_prompt: str, text: str) -> tuple[ChatMessage, ...]:
    system = (ChatMessage("system", system_prompt),) if system_prompt else ()
    return (*system, ChatMessage("user", text))


def _told(messages: tuple[ChatMessage, ...], text: str) -> tuple[ChatMessage, ...]:
    """The messages with something more in their instructions."""
    system, rest = split(messages)
    words = "\n\n".join([*(message.content for message in system), text])
    return (ChatMessage("system", words), *rest)


def _plain(messages: list[dict[str, str]]) -> str:
    """For models without a chat template."""
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    lines = [names[message["role"]] + message["content"] for message in messages]
    return "\n".join([*lines, "Assistant:"])
