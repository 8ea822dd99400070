"""What a server's JSON says of an answer: text, likelihoods, its end and what it took. Knows no sockets.

Nothing in it is trusted: whatever has another shape than OpenAI's is garbage, and raised as that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from echo.generation import FinishReason, TokenLogprob, ToolForm, Usage
from echo.remote import failures
from echo.remote.failures import Again, RemoteFailure

REASONS: Final = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
}
"""Every other one says that the model, or a stop string, ended the answer."""
FAILED_REASONS: Final = ("error", "abort")
THOUGHTS: Final = ("reasoning_content", "reasoning")
"""By which servers send what a model thinks; Echo's pages fold `<think>` away."""
HIGH: Final = re.compile("[\ud800-\udbff]\\Z")
HALF: Final = re.compile("[\ud800-\udfff]|\0")
"""Half a character, or what no database stores."""
TOOL_FORM: Final = ToolForm("<tool_call>\n", "\n</tool_call>")
"""In which calls of functions are written into the text, whatever their server calls them."""
MOST_TOKENS: Final = 2**31 - 1


@dataclass(frozen=True)
class Delta:
    """What one event brings; each part may be absent."""

    text: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    reason: FinishReason | None = None
    stop: str = ""
    usage: Usage | None = None


class AnswerReader:
    """Reads the events of one answer, in order."""

    def __init__(self) -> None:
        self._thinks = False
        self._half = ""
        self._call: object = None  # the number of the one whose arguments come
        self._has_arguments = False

    def read(self, data: bytes) -> Delta:
        """Return what an event, or a whole answer, brings; raises RemoteFailure."""
        try:
            found = json.loads(data)
            if found.get("error"):
                raise failures.of_event(found["error"])
            choice = (found.get("choices") or [{}])[0]
            return self._delta(choice, found.get("usage"))
        except (ValueError, RecursionError, TypeError, AttributeError, LookupError) as problem:
            raise garbage(f"{type(problem).__name__} in what it sent") from problem

    def last(self) -> str:
        """Return what is still held back when the answer has ended."""
        left = ("\ufffd" if self._half else "") + ("\n</think>\n\n" if self._thinks else "")
        left += self._end_of_call()
        self._half, self._thinks = "", False
        return left

    def _delta(self, choice: dict[str, Any], usage: Any) -> Delta:
        told = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        reason = choice.get("finish_reason")
        if reason in FAILED_REASONS:
            raise RemoteFailure(failures.BROKEN, f"it ended the answer as {reason!r}", rest=0)
        text = "".join(self._parts(told)) + ("" if reason is None else self._end_of_call())
        return Delta(
            text=self._whole(text),
            logprobs=_logprobs(choice.get("logprobs")),
            reason=None if reason is None else REASONS.get(str(reason), FinishReason.STOP),
            stop=stop if isinstance(stop := choice.get("stop_reason"), str) else "",
            usage=_usage(usage),
        )

    def _parts(self, told: dict[str, Any]) -> Iterator[str]:
        thought = next((text for name in THOUGHTS if (text := _text(told.get(name)))), "")
        if thought:
            yield thought if self._thinks else f"<think>\n{thought}"
            self._thinks = True
        if said := _text(told.get("content")):
            yield f"\n</think>\n\n{said}" if self._thinks else said
            self._thinks = False

        for number, call in enumerate(told.get("tool_calls") or ()):
            yield from self._called(call.get("index", number), call["function"])

    def _called(self, number: object, function: dict[str, Any]) -> Iterator[str]:
        """Write what comes of a call; its name comes first, its arguments in pieces."""
        if number != self._call:
            yield self._end_of_call()
            self._call, self._has_arguments = number, False
            name = json.dumps(_text(function["name"]), ensure_ascii=False)
            yield f'{TOOL_FORM.opening}{{"name": {name}, "arguments": '
        if arguments := _text(function.get("arguments")):
            self._has_arguments = True
            yield arguments

    def _end_of_call(self) -> str:
        if self._call is None:
            return ""
        self._call = None
        return ("" if self._has_arguments else "{}") + "}" + TOOL_FORM.closing

    def _whole(self, text: str) -> str:
        """Return a text of whole characters: half of one waits for its other half."""
        text = self._half + text
        self._half = text[-1] if HIGH.search(text) else ""
        text = text.removesuffix(self._half) if self._half else text
        if not HALF.search(text):
            return text
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return joined.replace("\0", "\ufffd")


def garbage(detail: str) -> RemoteFailure:
    """Return the failure of a server that is not of the protocol."""
    return RemoteFailure(failures.GARBAGE, detail, again=Again.ELSEWHERE)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value


def _usage(found: Any) -> Usage | None:
    """Return what an answer took, as the server counts; None where it does not say."""
    if not isinstance(found, dict):
        return None
    prompt, completion = _count(found.get("prompt_tokens")), _count(found.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    details = found.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return Usage(prompt, None if cached is None else min(cached, prompt), completion)


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def _logprobs(found: Any) -> tuple[TokenLogprob, ...]:
    if not isinstance(found, dict):
        return ()
    if content := found.get("content"):
        return tuple(map(_chat_logprob, content))
    if tokens := found.get("tokens"):
        tops = found.get("top_logprobs") or [{}] * len(tokens)
        told = zip(tokens, found["token_logprobs"], tops, strict=True)
        return tuple(TokenLogprob(str(t), float(p or 0), _top(top or {})) for t, p, top in told)
    return ()


def _chat_logprob(one: dict[str, Any]) -> TokenLogprob:
    top = {str(each["token"]): each["logprob"] for each in one.get("top_logprobs") or ()}
    return TokenLogprob(str(one["token"]), float(one["logprob"]), _top(top))


def _top(found: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(((text, float(p)) for text, p in found.items()), key=lambda one: -one[1]))
