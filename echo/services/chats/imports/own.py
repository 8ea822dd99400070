"""Echo's own export: one conversation as JSON, as `chats/export.py` writes it."""

from __future__ import annotations

from typing import Any, Final

from echo.limits import IMPORT_MESSAGE_CHARS
from echo.services.chats.imports import reasons
from echo.services.chats.imports.found import (
    ROLES,
    Chat,
    Line,
    Unusable,
    dict_of,
    id_of,
    moment_of,
    name_of,
    settings_of,
    tags_of,
    text_of,
    title_of,
)
from echo.services.chats.imports.tree import Node, lines_of

ENDED: Final = ("complete", "stopped", "interrupted", "failed")
UNFINISHED: Final = {"user": "complete", "assistant": "interrupted"}


def is_one(told: dict[str, Any]) -> bool:
    """Tell whether an object is a conversation of this format."""
    return "conversation" in told and "messages" in told


def chat(told: dict[str, Any]) -> Chat:
    """Return the conversation; raises Unusable."""
    about, messages = told["conversation"], told["messages"]
    if not isinstance(about, dict) or not isinstance(messages, list):
        raise Unusable(reasons.NOT_OURS)
    nodes = {id_of(dict_of(each).get("id")) or "": _node(dict_of(each)) for each in messages}
    lines, shown = lines_of(nodes, id_of(told.get("head_id")))
    return Chat(
        key=name_of(about.get("id")) or "",
        title=title_of(about.get("title")),
        lines=lines,
        head=shown,
        created_at=moment_of(about.get("created_at")),
        updated_at=moment_of(about.get("updated_at")),
        pinned=about.get("pinned") is True,
        archived=about.get("archived") is True,
        folder=name_of(told.get("folder")) or "",
        settings=settings_of(about.get("settings")),
        tags=tags_of(about.get("tags")),
    )


def _node(told: dict[str, Any]) -> Node:
    return Node(id_of(told.get("parent_id")), _line(told))


def _line(told: dict[str, Any]) -> Line | None:
    if told.get("role") not in ROLES:
        return None
    status = told.get("status")
    original = told.get("original_text")
    return Line(
        None,
        told["role"],
        text_of(told.get("text")),
        moment_of(told.get("created_at")),
        name_of(told.get("model")),
        status if status in ENDED else UNFINISHED[told["role"]],
        moment_of(told.get("edited_at")),
        text_of(original) if _is_kept(original) else None,
    )


def _is_kept(original: Any) -> bool:
    return isinstance(original, str) and len(original) <= IMPORT_MESSAGE_CHARS
