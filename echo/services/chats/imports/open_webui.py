"""Open WebUI's export: chats whose `history.messages` hold the nodes of a tree; older ones only a list."""

from __future__ import annotations

from typing import Any

from echo.limits import SYSTEM_PROMPT_CHARS
from echo.services.chats.imports import reasons
from echo.services.chats.imports.found import (
    PICTURE,
    ROLES,
    Chat,
    Line,
    Unusable,
    dict_of,
    id_of,
    moment_of,
    name_of,
    tags_of,
    text_of,
    title_of,
)
from echo.services.chats.imports.tree import Node, lines_of
from echo.text import is_blank


def is_one(told: dict[str, Any]) -> bool:
    """Tell whether an object is a chat of this format."""
    return isinstance(told.get("chat"), dict) or isinstance(told.get("history"), dict)


def chat(told: dict[str, Any]) -> Chat:
    """Return the chat; raises Unusable."""
    inner = told["chat"] if isinstance(told.get("chat"), dict) else told
    nodes, head = _nodes(inner)
    lines, shown = lines_of(nodes, head)
    return Chat(
        key=name_of(told.get("id")) or name_of(inner.get("id")) or "",
        title=title_of(told.get("title")) or title_of(inner.get("title")),
        lines=lines,
        head=shown,
        created_at=moment_of(told.get("created_at")) or moment_of(inner.get("timestamp")),
        updated_at=moment_of(told.get("updated_at")),
        archived=told.get("archived") is True,
        pinned=told.get("pinned") is True,
        settings=_settings(inner),
        tags=_tags(told),
    )


def _tags(told: dict[str, Any]) -> list[str]:
    """Return the tags by their ids, in which `_` stands for a space."""
    return [name.replace("_", " ") for name in tags_of(dict_of(told.get("meta")).get("tags"))]


def _nodes(inner: dict[str, Any]) -> tuple[dict[str, Node], str | None]:
    history = dict_of(inner.get("history"))
    messages = history.get("messages")
    if isinstance(messages, dict) and messages:
        nodes = {each: _node(dict_of(told)) for each, told in messages.items()}
        return nodes, id_of(history.get("currentId"))
    listed = inner.get("messages")
    if not isinstance(listed, list):
        raise Unusable(reasons.NOT_OPEN_WEBUI)
    in_a_row: dict[str, Node] = {}
    for at, told in enumerate(listed):
        line = _line(dict_of(told))
        in_a_row[str(at)] = Node(str(at - 1) if at else None, line)
    return in_a_row, str(len(listed) - 1)


def _node(told: dict[str, Any]) -> Node:
    return Node(id_of(told.get("parentId")), _line(told))


def _line(told: dict[str, Any]) -> Line | None:
    if told.get("role") not in ROLES:
        return None
    text = _text(told.get("content")) or (PICTURE if told.get("files") else "")
    if is_blank(text):
        return None
    at = moment_of(told.get("timestamp"))
    return Line(None, told["role"], text, at, name_of(told.get("model")))


def _text(content: Any) -> str:
    if not isinstance(content, list):
        return text_of(content)
    parts = (dict_of(part) for part in content)
    return "\n\n".join(text_of(part.get("text")) or PICTURE for part in parts)


def _settings(inner: dict[str, Any]) -> dict[str, Any]:
    """Return the system prompt, where there is one that Echo takes."""
    prompt = text_of(inner.get("system")) or text_of(dict_of(inner.get("params")).get("system"))
    return {"system_prompt": prompt} if 0 < len(prompt) <= SYSTEM_PROMPT_CHARS else {}
