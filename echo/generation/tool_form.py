"""How a model writes that it calls a function: learnt from its chat template. It does not know requests.

A template that knows functions writes a call of an invented one; where that stands as JSON with the name and
the arguments, what is before and after it is the form in which the model answers, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

NAME: Final = "count_puffins"
ARGUMENTS: Final = {"island": "Skomer"}
DESCRIPTION: Final = "Counts the puffins of an island."
ANSWER: Final = "4242 puffins"
ASKED: Final[Mapping[str, Any]] = {"role": "user", "content": "How many puffins are there?"}
TOOLS: Final = [
    {
        "type": "function",
        "function": {
            "name": NAME,
            "description": DESCRIPTION,
            "parameters": {
                "type": "object",
                "properties": {"island": {"type": "string"}},
                "required": ["island"],
            },
        },
    }
]
LEAST_TAG: Final = 3  # signs
NUMBER: Final = "aB3dE6gH9"  # nine letters and digits: some templates insist
CALLED: Final[list[Mapping[str, Any]]] = [
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": NUMBER,
                "type": "function",
                "function": {"name": NAME, "arguments": ARGUMENTS},
            }
        ],
    },
    {"role": "tool", "tool_call_id": NUMBER, "name": NAME, "content": ANSWER},
]

Render = Callable[[list[Mapping[str, Any]], list[dict[str, Any]]], str]


@dataclass(frozen=True)
class ToolForm:
    """`opening`, then a JSON object with `name` and `arguments` under these keys, then `closing`."""

    opening: str = ""
    closing: str = ""
    name: str = "name"
    arguments: str = "arguments"
    begun: bool = False
    """The opening stands in the prompt already: the reply begins with the object."""

    @property
    def opens_visibly(self) -> bool:
        """Whether the opening is a tag; else a reply begins with a call, or has none."""
        return len(self.opening.strip()) >= LEAST_TAG

    @property
    def closes_visibly(self) -> bool:
        return len(self.closing.strip()) >= LEAST_TAG


PLAIN: Final = ToolForm()
"""The object alone."""
HERMES: Final = ToolForm("<tool_call>\n", "\n</tool_call>")
"""Of Qwen, Hermes and many others."""


def learn(render: Render, ends: tuple[str, ...]) -> ToolForm | None:
    """Return the form; None where the template knows no functions, or writes calls otherwise.

    `render` raises ValueError where the template refuses; `ends` are the texts that end a model's turn.
    """
    try:
        prompt = render([ASKED], TOOLS)
        written = render([ASKED, *CALLED], TOOLS)
    except ValueError:
        return None
    told = all(text in prompt for text in (NAME, DESCRIPTION)) and ANSWER in written
    if not told or not written.startswith(prompt):
        return None
    reply = written[len(prompt) :]
    return next((form for form in _forms(reply, ends) if form), None)


def _forms(reply: str, ends: tuple[str, ...]) -> Iterator[ToolForm | None]:
    decoder = json.JSONDecoder()
    for start, letter in enumerate(reply):
        if letter == "{":
            try:
                value, end = decoder.raw_decode(reply, start)
            except ValueError:
                continue
            yield _form(value, reply[:start], reply[end:], ends)


def _form(value: dict[str, Any], before: str, after: str, ends: tuple[str, ...]) -> ToolForm | None:
    name = next((key for key, found in value.items() if found == NAME), None)
    arguments = next((key for key, found in value.items() if found == ARGUMENTS), None)
    end = min((at for text in ends if (at := after.find(text)) >= 0), default=None)
    if name is None or arguments is None or end is None:
        return None
    return ToolForm(before, after[:end], name, arguments)
