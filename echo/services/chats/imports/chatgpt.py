"""ChatGPT's export: `conversations.json`, a list of conversations whose `mapping` holds a tree's nodes."""

from __future__ import annotations

from typing import Any, Final

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
    text_of,
    title_of,
)
from echo.services.chats.imports.tree import Node, lines_of
from echo.text import is_blank

SAID: Final = ("text", "multimodal_text", "code")
OTHER_PART: Final = "[attachment]"


def is_one(told: dict[str, Any]) -> bool:
    """Tell whether an object is a conversation of this format."""
    return "mapping" in told


def chat(told: dict[str, Any]) -> Chat:
    """Return the conversation; raises Unusable."""
    mapping = told["mapping"]
    if not isinstance(mapping, dict):
        raise Unusable(reasons.NOT_CHATGPT)
    nodes = {node_id: _node(dict_of(node)) for node_id, node in mapping.items()}
    lines, shown = lines_of(nodes, id_of(told.get("current_node")))
    return Chat(
        key=name_of(told.get("conversation_id")) or name_of(told.get("id")) or "",
        title=title_of(told.get("title")),
        lines=lines,
        head=shown,
        created_at=moment_of(told.get("create_time")),
        updated_at=moment_of(told.get("update_time")),
        archived=told.get("is_archived") is True,
        pinned=told.get("is_starred") is True,
    )


def _node(node: dict[str, Any]) -> Node:
    return Node(id_of(node.get("parent")), _line(dict_of(node.get("message"))))


def _line(message: dict[str, Any]) -> Line | None:
    """Return what a person or the model said; None for tools, instructions and what was not shown."""
    role = dict_of(message.get("author")).get("role")
    metadata = dict_of(message.get("metadata"))
    is_for_a_tool = message.get("recipient") not in (None, "all")
    if role not in ROLES or is_for_a_tool or metadata.get("is_visually_hidden_from_conversation"):
        return None
    text = _text(dict_of(message.get("content")))
    if is_blank(text):
        return None
    at = moment_of(message.get("create_time"))
    return Line(None, role, text, at, name_of(metadata.get("model_slug")))


def _text(content: dict[str, Any]) -> str:
    if content.get("content_type") not in SAID:
        return ""
    parts = content.get("parts")
    if not isinstance(parts, list):
        return text_of(content.get("text"))
    return "\n\n".join(filter(None, map(_part, parts)))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return text_of(part)
    told = dict_of(part)
    spoken = text_of(told.get("text"))
    is_picture = "image" in text_of(told.get("content_type"))
    return spoken or (PICTURE if is_picture else OTHER_PART if told else "")
