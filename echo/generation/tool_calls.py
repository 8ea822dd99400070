"""Calls of functions, read out of a reply as it is written. It does not know models or who asked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from .json_value import Value
from .tool_form import ToolForm

FENCE: Final = "```json"
BARE: Final = re.compile(r"\s*(```(?:json)?\s*)?(?=\{)")
TEXT: Final = r'"((?:[^"\\]|\\.)*)"'
FIRST: Final = re.compile(rf"\s*\{{\s*(?:{TEXT}\s*(?::\s*(?:{TEXT}|(?P<other>[^\s\"]))?)?)?")
"""The first name of an object, and its value where that is a text."""
FIRST_CHARS: Final = 200
"""Of both together, in a call; what is longer is none."""


@dataclass(frozen=True)
class SaidText:
    """A part of the reply that is no call."""

    text: str


@dataclass(frozen=True)
class NoCall(SaidText):
    """What stands after the tag of a call and is none, with its tag."""


@dataclass(frozen=True)
class CallBegun:
    """The model calls a function; its arguments follow."""

    index: int
    name: str


@dataclass(frozen=True)
class CallArguments:
    """The next piece of a call's arguments, as the model writes them."""

    index: int
    text: str


ReplyPart = SaidText | CallBegun | CallArguments


class ToolCallReader:
    """Takes a reply piece by piece. What looks like a call and is none stays text.

    Small models forget the tags that their template shows them: a reply that begins with the object alone,
    maybe as a block of code, is a call as well where it names a function that was offered (`names`).
    """

    def __init__(self, form: ToolForm | None, names: Collection[str] = ()) -> None:
        self._names = names
        self._bare = False
        self._form = form or ToolForm()
        self._opening = self._form.opening.strip()
        self._closing = self._form.closing.strip()
        name, arguments = re.escape(self._form.name), re.escape(self._form.arguments)
        self._head = re.compile(
            rf'\s*\{{\s*"{name}"\s*:\s*{TEXT}\s*,\s*"{arguments}"\s*:\s*(?=\{{)'
        )
        self._held = ""
        self._before_call = ""  # white space and opening: text after all, if no call follows
        self._seen = form is None  # nothing more is to be looked for
        self._state = self._in_call if self._form.begun else self._in_text
        self._value = Value()
        self._looked = 0  # signs of what is held that the value has taken
        self._rest = Value()
        self._at_start = True
        self._between = False  # after a call: white space is nobody's text
        self.calls = 0

    @property
    def holds(self) -> int:
        """How many signs of what may become a call are held back."""
        return len(self._before_call) + len(self._held) if self._state == self._in_call else 0

    @property
    def is_tagged(self) -> bool:
        """Whether calls stand in a tag, so that what is held cannot be what a person has asked for."""
        return self._form.opens_visibly and not self._bare

    def release(self) -> Iterator[ReplyPart]:
        """Yield what is held back as text after all, and look for no call any more."""
        text, self._before_call, self._held = self._before_call + self._held, "", ""
        self._state, self._seen = self._in_text, True
        yield SaidText(text)

    def feed(self, text: str) -> Iterator[ReplyPart]:
        """Yield what is known now."""
        if self._seen:
            yield SaidText(text)
            return
        self._held += text
        yield from self._read()

    def finish(self) -> Iterator[ReplyPart]:
        """Yield what was held back at the end of the reply."""
        held, self._held = self._held, ""
        if self._state == self._in_call and (held or self._before_call):
            yield self._none(self._before_call + held)
        elif self._state == self._in_text and held and not (self._between and held.isspace()):
            yield SaidText(held)

    def _read(self) -> Iterator[ReplyPart]:
        while True:
            before = (self._state, len(self._held))
            yield from self._state()
            if before == (self._state, len(self._held)):
                return

    def _in_text(self) -> Iterator[ReplyPart]:
        """White space is held back: between text and a call it is nobody's."""
        if not self._form.opens_visibly:
            yield from self._at_its_start()
            return
        if self._between:
            self._held = self._held.lstrip()
        if self._at_start and self._names and self._may_be_bare():
            return
        found = self._held.find(self._opening)
        if found >= 0:
            text = self._held[:found].rstrip()
            end = found + len(self._opening)
            self._before_call, self._held = self._held[len(text) : end], self._held[end:]
            self._begin_call()
        else:
            text = self._held[: _held_back(self._held, self._opening)].rstrip()
            self._held = self._held[len(text) :]
        if text:
            self._between = self._at_start = False
            yield SaidText(text)

    def _may_be_bare(self) -> bool:
        """Tell whether the reply may begin with a call without its tag; begin to read it where it does."""
        begun = self._held.lstrip()
        if FENCE.startswith(begun.rstrip()):
            return True
        if (found := BARE.match(self._held)) is None:
            return False
        self._before_call, self._held = self._held[: found.end()], self._held[found.end() :]
        self._closing = FENCE[:3] if found[1] else self._closing
        self._bare = True
        self._begin_call()
        return True

    def _at_its_start(self) -> Iterator[ReplyPart]:
        """A form without a tag: a call is what the reply begins with, or no call."""
        begun = self._held.lstrip()
        if not begun:
            return
        wanted = self._opening + "{" if self._opening else "{"
        if self._at_start and begun.startswith(wanted):
            start = self._held.index(begun) + len(self._opening)
            self._before_call, self._held = self._held[:start], self._held[start:]
            self._begin_call()
        elif not (self._at_start and wanted.startswith(begun)):
            self._seen = True
            text, self._held = self._held, ""
            yield SaidText(text)

    def _begin_call(self) -> None:
        self._value, self._looked = Value(), 0
        self._state = self._in_call

    def _in_call(self) -> Iterator[ReplyPart]:
        """Each sign is read once, however small the pieces are: the head ends before a brace."""
        new = self._held[self._looked :]
        head = self._head.match(self._held) if "{" in new else None
        if head is not None and self._is_known(name := _text(head[1])):
            self._held, self._before_call = self._held[head.end() :], ""
            self._value = Value()
            self._state = self._in_arguments
            yield CallBegun(self.calls, name)
            return
        self._looked += self._value.take(new)
        if self._bare and not self._may_name_one():
            self._be_text()
            self._held, self._before_call = self._before_call + self._held, ""
            return
        if not self._value.ended:
            return
        value, self._held = self._held[: self._looked], self._held[self._looked :]
        call = self._understood(value)
        if call is None:
            before, self._before_call = self._before_call, ""
            self._be_text()
            yield self._none(before + value)
            return
        self._before_call = ""
        yield CallBegun(self.calls, call[0])
        yield CallArguments(self.calls, call[1])
        self.calls += 1
        self._state = self._after_call

    def _may_name_one(self) -> bool:
        """Tell whether an object without a tag may be a call, by what it begins with: it is shown else."""
        found = FIRST.match(self._held)
        is_short = len(self._held) < FIRST_CHARS  # each piece reads it anew until its end has come
        if found is None or found[1] is None:
            return is_short
        if found[1] != self._form.name:
            return found[1] == self._form.arguments
        if found[2] is None:
            return is_short and not found["other"]
        return _text(found[2]) in self._names

    def _be_text(self) -> None:
        self._state, self._at_start, self._bare = self._in_text, False, False
        self._closing = self._form.closing.strip()

    def _none(self, text: str) -> SaidText:
        """Return what is no call after all."""
        is_marked = self._form.opens_visibly and text.lstrip().startswith(self._opening)
        return NoCall(text) if is_marked else SaidText(text)

    def _understood(self, text: str) -> tuple[str, str] | None:
        """Return name and arguments of a call that is written in another order, or as a text."""
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return None
        name = value.get(self._form.name) if isinstance(value, dict) else None
        if not self._is_known(name):
            return None
        arguments = value.get(self._form.arguments, {})
        written = (
            arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        )
        return value[self._form.name], written

    def _is_known(self, name: Any) -> TypeGuard[str]:
        return isinstance(name, str) and (not self._bare or name in self._names)

    def _in_arguments(self) -> Iterator[ReplyPart]:
        end = self._value.take(self._held)
        text, self._held = self._held[:end], self._held[end:]
        if text:
            yield CallArguments(self.calls, text)
        if self._value.ended:
            self.calls += 1
            self._rest = Value(depth=1)
            self._state = self._in_rest

    def _in_rest(self) -> Iterator[ReplyPart]:
        """What else the object holds is of no use to anybody."""
        self._held = self._held[self._rest.take(self._held) :]
        if self._rest.ended:
            self._state = self._after_call
        yield from ()

    def _after_call(self) -> Iterator[ReplyPart]:
        held = self._held.lstrip()
        if not held or (self._closing.startswith(held) and held != self._closing):
            return
        if self._closing and held.startswith(self._closing):
            self._held = held[len(self._closing) :]
            self._closing, self._bare = self._form.closing.strip(), False
            self._state, self._at_start, self._between = self._in_text, False, True
        elif held.startswith(","):
            self._held = held[1:]
            self._begin_call()
        else:
            self._closing, self._bare = self._form.closing.strip(), False
            self._state, self._at_start, self._between = self._in_text, False, True
        yield from ()


def _held_back(text: str, tag: str) -> int:
    """Return where the end of the text begins that may become the tag."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return len(text) - size
    return len(text)


def _text(written: str) -> str | None:
    try:
        found: str = json.loads(f'"{written}"')
    except ValueError:
        return None
    return found
