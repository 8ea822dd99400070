"""Functions that a request offers to the model: in its prompt, and as a schema that a call must fit.

It does not know templates, tokenizers or how calls are read out of a reply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .errors import InvalidRequest
from .tool_form import PLAIN, ToolForm

MOST_TOOLS: Final = 128
INTRODUCTION: Final = "You can call one of these functions:"
ORDER: Final = (
    "Answer with one JSON object and nothing else: "
    '{"name": the name of the function, "arguments": an object with its arguments}'
)
RESULT: Final = "The function {} returned:\n{}"


@dataclass(frozen=True)
class Tool:
    """A function that a model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    parameters: str
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        """As chat templates take it."""
        function: dict[str, Any] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        function["parameters"] = json.loads(self.parameters)
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class ToolCall:
    """A call that a model has written before; `arguments` is JSON where the model wrote any."""

    id: str
    name: str
    arguments: str

    def as_json(self) -> dict[str, Any]:
        """As chat templates take it."""
        function = {"name": self.name, "arguments": self.as_object()}
        return {"id": self.id, "type": "function", "function": function}

    def as_object(self) -> Any:
        try:
            return json.loads(self.arguments)
        except (ValueError, RecursionError):
            return self.arguments


def check_tools(tools: Sequence[Tool], forced: Sequence[str]) -> None:
    """Raise InvalidRequest for functions that cannot be offered."""
    names = [tool.name for tool in tools]
    if len(names) > MOST_TOOLS:
        raise InvalidRequest("tools", f"at most {MOST_TOOLS} functions are offered.")
    if len(set(names)) < len(names):
        raise InvalidRequest("tools", "two functions have the same name.")
    if missing := set(forced) - set(names):
        raise InvalidRequest("tool_choice", f"there is no function {min(missing)!r} among them.")
    for tool in tools:
        try:
            fine = isinstance(json.loads(tool.parameters), dict)
        except (ValueError, RecursionError):
            fine = False
        if not fine:
            raise InvalidRequest("tools", f"the parameters of {tool.name!r} are no JSON schema.")


def schema_of(tools: Sequence[Tool], forced: Sequence[str], form: ToolForm = PLAIN) -> str:
    """Return the schema of a call of one of the functions that are `forced`, the name first."""
    wanted = [tool for tool in tools if tool.name in forced]
    alone = len(wanted) == 1
    calls = [
        _call(tool, form, "#" if alone else f"#/anyOf/{number}")
        for number, tool in enumerate(wanted)
    ]
    return json.dumps(calls[0] if alone else {"anyOf": calls})


def _call(tool: Tool, form: ToolForm, where: str) -> dict[str, Any]:
    parameters = _moved(json.loads(tool.parameters), f"{where}/properties/{form.arguments}")
    return {
        "type": "object",
        "properties": {form.name: {"const": tool.name}, form.arguments: parameters},
        "required": [form.name, form.arguments],
        "additionalProperties": False,
    }


def _moved(schema: Any, to: str) -> Any:
    """Return a schema whose references to itself lead to the place where it stands now."""
    if isinstance(schema, list):
        return [_moved(each, to) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {name: _moved(each, to) for name, each in schema.items()}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        moved["$ref"] = to + reference[1:]
    return moved


def in_words(tools: Sequence[Tool], forced: Sequence[str]) -> str:
    """Return what a model is told whose template knows no functions."""
    listed = [
        json.dumps(tool.as_json()["function"], ensure_ascii=False)
        for tool in tools
        if tool.name in forced
    ]
    return "\n".join([INTRODUCTION, *listed, ORDER])


def call_in_words(call: ToolCall) -> str:
    """Return a call as a model without functions in its template wrote it."""
    return json.dumps({"name": call.name, "arguments": call.as_object()}, ensure_ascii=False)


def cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(each, clean) for each in value]
    if isinstance(value, dict):
        return {clean(name): cleaned(each, clean) for name, each in value.items()}
    return value
