"""One chat template, ready to render messages. It does not know tokens, windows or rows.

Two habits of templates are met here: some take no system message, then its text goes in front of
the first question; some insist on question and answer in turns, then neighbours are joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..errors import ChatTemplateError
from ..tool_form import ToolForm, learn
from .budget import BudgetExceeded, budget_for
from .environment import ChatEnvironment, Raised

Message = Mapping[str, Any]  # role and content; of those who use functions more

MAX_LENGTH: Final = 128 << 10  # characters; the longest of the field has 20,000
MARK: Final = "Answer in rhymes, please."  # no template has these words of its own
QUESTION: Final = "Where do puffins sleep?"
GAP: Final = "\n\n"
PLAIN: Final = {"role", "content"}


class TemplateRefused(ChatTemplateError):
    """The template itself says that it cannot render these messages."""


class ChatTemplate:
    """`variables` are the texts that templates expect beside the messages: bos_token and the like."""

    def __init__(self, source: str, variables: Mapping[str, Any] | None = None) -> None:
        """Raises ChatTemplateError when the template cannot be compiled or costs too much."""
        if len(source) > MAX_LENGTH:
            raise ChatTemplateError(f"it has {len(source):,} characters; {MAX_LENGTH:,} are read.")
        self._variables = dict(variables or {})
        try:
            with budget_for(source):
                self._template = ChatEnvironment().from_string(source)
        except ChatTemplateError:
            raise
        except Exception as error:
            raise ChatTemplateError(f"it cannot be compiled: {_said(error)}") from error
        self.takes_system = self._takes_system()
        self.tool_form = self._learn_tool_form()

    def render(self, messages: Sequence[Message], tools: Sequence[Any] | None = None) -> str:
        """The text of a conversation, up to where the model speaks; raises ChatTemplateError."""
        fitted = self._fitted(messages)
        try:
            return self._render(fitted, tools)
        except TemplateRefused:
            joined = _without_neighbours(fitted)
            if len(joined) == len(fitted):
                raise
            return self._render(joined, tools)

    def check(self) -> None:
        """Raises ChatTemplateError unless a short conversation can be rendered."""
        question = {"role": "user", "content": QUESTION}
        for messages in ([question], [question, {"role": "assistant", "content": "Hi"}, question]):
            if QUESTION not in self.render(messages):
                raise ChatTemplateError("it leaves out what people say.")

    def _takes_system(self) -> bool:
        messages = [{"role": "system", "content": MARK}, {"role": "user", "content": QUESTION}]
        try:
            return MARK in self._render(messages)
        except BudgetExceeded:
            raise
        except ChatTemplateError:
            return False

    def _learn_tool_form(self) -> ToolForm | None:
        ends = [end for end in (self._variables.get("eos_token"),) if isinstance(end, str) and end]

        def render(messages: Sequence[Message], tools: Sequence[Any]) -> str:
            try:
                return self._render([dict(message) for message in messages], tools)
            except ChatTemplateError as refusal:
                raise ValueError from refusal

        return learn(render, tuple(ends))

    def _fitted(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        copies = [dict(message) for message in messages]
        if self.takes_system or not copies or copies[0]["role"] != "system":
            return copies
        system, *rest = copies
        if not rest or rest[0]["role"] != "user":
            return [{**system, "role": "user"}, *rest]
        return [{**rest[0], "content": system["content"] + GAP + rest[0]["content"]}, *rest[1:]]

    def _render(self, messages: list[dict[str, Any]], tools: Sequence[Any] | None = None) -> str:
        values = {
            **self._variables, "messages": messages, "tools": tools, "documents": None,
            "add_generation_prompt": True,
        }  # fmt: skip
        try:
            with budget_for(values):
                return self._template.render(values)
        except ChatTemplateError:
            raise
        except Raised as error:
            raise TemplateRefused(f"The model's chat template says: {error}") from error
        except Exception as error:
            raise ChatTemplateError(f"it cannot be rendered: {_said(error)}") from error


def _without_neighbours(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages of one role that follow each other become one, but for calls and their answers."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"] and set(message) == PLAIN:
            joined[-1] = {**message, "content": joined[-1]["content"] + GAP + message["content"]}
        else:
            joined.append(message)
    return joined


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{text or type(error).__name__}"
