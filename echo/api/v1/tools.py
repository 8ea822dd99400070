"""Functions in OpenAI's chat completions: offered, chosen, called and answered. Knows no engine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from echo.api.v1.body import Body
from echo.errors import InvalidInput
from echo.services.turns import (
    CallArguments,
    CallBegun,
    LiveCall,
    ReplyPart,
    SaidText,
    Tool,
    ToolCall,
    ToolCallReader,
)

FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
NO_PARAMETERS: Final = {"type": "object", "properties": {}}


class Function(Body):
    """A function that the model may call."""

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None


class OfferedTool(Body):
    """A tool: functions are the only kind."""

    type: Literal["function"]
    function: Function

    def as_tool(self) -> Tool:
        """Return it as the engine takes it."""
        parameters = json.dumps(self.function.parameters or NO_PARAMETERS)
        return Tool(self.function.name, parameters, self.function.description or "")


class CalledFunction(Body):
    """Which function was called, and with what."""

    name: FunctionName
    arguments: str = "{}"


class MadeCall(Body):
    """A call that the model made before."""

    id: str = Field(max_length=100)
    type: Literal["function"] = "function"
    function: CalledFunction

    def as_call(self) -> ToolCall:
        """Return it as the engine takes it."""
        return ToolCall(self.id, self.function.name, self.function.arguments)


def forced_by(choice: Any, tools: Sequence[OfferedTool]) -> tuple[str, ...]:
    """Return the names of the functions of which one must be called; raises InvalidInput."""
    if choice in (None, "auto", "none"):
        return ()
    names = tuple(tool.function.name for tool in tools)
    if choice == "required" and names:
        return names
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if name not in names:
        raise InvalidInput(
            "tool_choice is “none”, “auto”, “required” or one of the tools by its name",
            field="tool_choice",
        )
    return (name,)


class ToolAnswer:
    """An answer that may call functions, in OpenAI's form; `named`: it must call this one."""

    def __init__(self, call: LiveCall, named: bool, names: Collection[str]) -> None:
        self._call = call
        self._names = names
        self._named = named
        self._reader: ToolCallReader | None = None

    def deltas(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield what the next piece of the reply brings."""
        if self._reader is None:  # the form is known before any piece
            self._reader = ToolCallReader(self._call.stream.tool_form, self._names)
        yield from map(self._delta, self._reader.feed(text))

    def last_deltas(self) -> Iterator[dict[str, Any]]:
        """Yield what was held back."""
        if self._reader is not None:
            yield from map(self._delta, self._reader.finish())

    def message(self, text: str) -> dict[str, Any]:
        """Return the whole answer."""
        said: list[str] = []
        calls: list[dict[str, Any]] = []
        for delta in (*self.deltas(text), *self.last_deltas()):
            if "content" in delta:
                said.append(delta["content"])
                continue
            [part] = delta["tool_calls"]
            if "id" in part:
                calls.append({name: part[name] for name in ("id", "type", "function")})
            else:
                calls[-1]["function"]["arguments"] += part["function"]["arguments"]
        message = {"role": "assistant", "content": "".join(said) or None, "refusal": None}
        return message | ({"tool_calls": calls} if calls else {})

    def reason(self, reason: str) -> str:
        """Return why it ended, as OpenAI says it: a call that was chosen by its name is no news."""
        called = self._reader is not None and self._reader.calls
        return "tool_calls" if called and reason == "stop" and not self._named else reason

    def _delta(self, part: ReplyPart) -> dict[str, Any]:
        match part:
            case SaidText(text):
                return {"content": text}
            case CallBegun(index, name):
                function = {"name": name, "arguments": ""}
                begun = {"index": index, "id": self._id(index), "type": "function"}
                return {"tool_calls": [begun | {"function": function}]}
            case CallArguments(index, text):
                return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}

    def _id(self, index: int) -> str:
        """Return a call's id: nine letters and digits, since some models' templates insist."""
        return f"{self._call.id[-6:]}{index % 1000:03}"
