"""The chats of a JSONL file, each line checked first. It does not know who learns from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from echo.errors import InvalidInput

if TYPE_CHECKING:
    from training.corpus import Message, Record

LEAST_CHATS: Final = 10
SHOWN: Final = 10
"""Bad lines that are told one by one."""
ROLES: Final = ("system", "user", "assistant")


def read(path: Path) -> list[Record]:
    """Return a chat for each line; empty lines are passed over.

    A line is `{"messages": [{"role", "content"}, ...]}`, whose last message is the assistant's, or
    `{"prompt", "completion"}`. Other keys are ignored.

    Raises:
        InvalidInput: lines are not like that (each is named with its number), or they are too few.
    """
    records: list[Record] = []
    problems: list[str] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                if line.strip():
                    records.append(_record(line))
            except (ValueError, RecursionError) as failure:
                problems.append(f"{path.name}, line {number}: {failure}")
    _refuse_bad_lines(problems)
    refuse_too_few(len(records), path.name)
    return records


def refuse_too_few(count: int, where: str) -> None:
    """Raise InvalidInput, with both numbers, for fewer chats than a model can learn from."""
    if count < LEAST_CHATS:
        raise InvalidInput(
            f"{where} holds {count} {'chat' if count == 1 else 'chats'}, and {LEAST_CHATS} are the least "
            "that a model can be tuned with; some hundred do better.",
            field="data",
        )


def _refuse_bad_lines(problems: list[str]) -> None:
    if problems:
        more = len(problems) - SHOWN
        told = [*problems[:SHOWN], *([f"and {more:,} more lines"] if more > 0 else [])]
        raise InvalidInput("\n".join(told), field="data")


def _record(line: bytes) -> Record:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as failure:
        raise ValueError("it is not UTF-8.") from failure
    except RecursionError as failure:
        raise ValueError("it is nested too deeply.") from failure
    except ValueError as failure:
        raise ValueError(f"it is no JSON ({failure}).") from failure
    if not isinstance(found, dict):
        raise ValueError('an object is wanted: {"messages": [...]} or {"prompt", "completion"}.')
    if "messages" in found:
        return {"source": "own", "messages": _messages(found["messages"])}
    if "prompt" in found and "completion" in found:
        asked = _message("user", found["prompt"], "“prompt”")
        return {
            "source": "own",
            "messages": [asked, _message("assistant", found["completion"], "“completion”")],
        }
    raise ValueError("it has neither “messages” nor “prompt” and “completion”.")


def _messages(found: Any) -> list[Message]:
    if not isinstance(found, list) or not found:
        raise ValueError("“messages” is no list of messages.")
    messages = [_checked(number, each) for number, each in enumerate(found, start=1)]
    turns = messages[1:] if messages[0]["role"] == "system" else messages
    wanted = ["user", "assistant"] * ((len(turns) + 1) // 2)
    if not turns or [each["role"] for each in turns] != wanted[: len(turns)]:
        raise ValueError(
            "after a system message, if there is one, user and assistant take turns, and the user begins."
        )
    if turns[-1]["role"] != "assistant":
        raise ValueError("the last message is not the assistant's: there is nothing to learn.")
    return messages


def _checked(number: int, found: Any) -> Message:
    if not isinstance(found, dict) or found.get("role") not in ROLES:
        raise ValueError(f"message {number} has no role of system, user and assistant.")
    return _message(found["role"], found.get("content"), f"the content of message {number}")


def _message(role: str, content: Any, what: str) -> Message:
    if not isinstance(content, str) or not content.strip():
        raise ValueError(f"{what} is no text, or an empty one.")
    try:
        content.encode()
    except UnicodeEncodeError as failure:
        raise ValueError(f"{what} holds half of a character.") from failure
    return {"role": role, "content": content}
