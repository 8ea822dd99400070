"""From the nodes of any format to lines that Echo keeps: a forest in which question and answer take turns.

Knows no format. Nothing here recurses: a chat may be as deep as it is long.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

from echo.languages import gettext, number
from echo.limits import IMPORT_CHAT_CHARS, IMPORT_CHAT_MESSAGES, IMPORT_MESSAGE_CHARS
from echo.services.chats.imports import reasons
from echo.services.chats.imports.found import Line, Unusable

UNSAID: Final = "…"
"""Stands for the question of an answer that has none: programs let an assistant speak first."""
JOINT: Final = "\n\n"
NODES: Final = 4  # for each message that is kept, at most: tools and hidden ones have nodes too


@dataclass
class Node:
    """A message as its format has it: `line` is None where nothing is kept. Its parent may not exist."""

    parent: str | None
    line: Line | None


@dataclass
class _Kept:
    """A line in the making: the places of the one above it, and of the one that it goes on from."""

    line: Line
    above: int | None
    begun: int | None = None


def lines_of(nodes: dict[str, Node], head: str | None) -> tuple[list[Line], int]:
    """Return the lines, each after the one above it, and the place of the one that is shown last.

    What hangs on a message that is not there begins a branch of its own. An answer after an answer (a tool's
    part between them is not kept) goes on in it; an answer that begins a chat gets an unsaid question.

    Raises:
        Unusable: nothing is said in it, it goes round in a circle, or it is larger than Echo takes.
    """
    if len(nodes) > NODES * IMPORT_CHAT_MESSAGES:
        raise Unusable(gettext(reasons.MANY_MESSAGES, most=number(IMPORT_CHAT_MESSAGES)))
    kept: list[_Kept] = []
    stands: dict[str | None, int | None] = {None: None}  # for each node the place of its line
    for node_id in _from_the_roots(nodes):
        parent = nodes[node_id].parent
        stands[node_id] = _plant(kept, nodes[node_id].line, stands.get(parent))
    lines, places = _in_use(kept)
    if not lines:
        raise Unusable(reasons.SILENT)
    shown = stands.get(head)
    return lines, _leaf(lines, len(lines) - 1 if shown is None else places[shown])


def _from_the_roots(nodes: dict[str, Node]) -> list[str]:
    """Return the ids so that each comes after its parent; raises Unusable for a circle."""
    children: dict[str | None, list[str]] = defaultdict(list)
    for node_id, node in nodes.items():
        children[node.parent if node.parent in nodes else None].append(node_id)
    order: list[str] = []
    waiting = children[None][::-1]
    while waiting:
        node_id = waiting.pop()
        order.append(node_id)
        waiting += children[node_id][::-1]
    if len(order) != len(nodes):
        raise Unusable(reasons.CIRCLE)
    return order


def _plant(kept: list[_Kept], line: Line | None, above: int | None) -> int | None:
    """Put a line below another one, in turns; return the place of the line that stands for its node."""
    if line is None:
        return above
    begun = None
    if above is None and line.role == "assistant":
        kept.append(_Kept(Line(None, "user", UNSAID, line.at), None))
        above = len(kept) - 1
    elif above is not None and kept[above].line.role == line.role:
        begun, above = above, kept[above].above
    kept.append(_Kept(line, above, begun))
    return len(kept) - 1


def _in_use(kept: list[_Kept]) -> tuple[list[Line], dict[int, int]]:
    """Return the lines without those that only begin another one, and by old place the new one."""
    hung_on = {each.above for each in kept}
    goes_on = {each.begun: at for at, each in enumerate(kept) if each.begun is not None}
    places: dict[int, int] = {}
    lines: list[Line] = []
    chars = 0
    for at, each in enumerate(kept):
        if at in goes_on and at not in hung_on:
            continue
        text = _whole(kept, at)
        chars += len(text) + len(each.line.original_text or "")
        if len(text) > IMPORT_MESSAGE_CHARS or chars > IMPORT_CHAT_CHARS:
            raise Unusable(
                gettext(
                    reasons.TOO_LONG,
                    most=number(IMPORT_MESSAGE_CHARS),
                )
            )
        places[at] = len(lines)
        lines.append(
            replace(each.line, text=text, parent=None if each.above is None else places[each.above])
        )
    if len(lines) > IMPORT_CHAT_MESSAGES:
        raise Unusable(gettext(reasons.MANY_MESSAGES, most=number(IMPORT_CHAT_MESSAGES)))
    for at in range(len(kept) - 1, -1, -1):
        if at not in places:
            places[at] = places[goes_on[at]]
    return lines, places


def _whole(kept: list[_Kept], at: int) -> str:
    """Return a line's text after those that it goes on from."""
    parts = [kept[at].line.text]
    while (before := kept[at].begun) is not None and len(parts) < IMPORT_CHAT_MESSAGES:
        at = before
        parts.append(kept[at].line.text)
    return JOINT.join(reversed(parts))


def _leaf(lines: list[Line], at: int) -> int:
    """Follow the last child down to a leaf."""
    last = {line.parent: n for n, line in enumerate(lines) if line.parent is not None}
    while at in last:
        at = last[at]
    return at
