"""What the keys of programs open, route by route; a role (`echo/policies.py`) bounds it all the same.

Knows no keys and no rows.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """What a key may be used for; its owner's role bounds it all the same."""

    CHAT = "chat"
    """Asking models, and doing with one's chats what one does with them on the page."""
    READ = "read"
    """Looking at what is one's own, changing nothing."""
    ADMIN = "admin"
    """What administrators do."""


COOKIELESS: Final = frozenset({"api_token.make", "api_token.refresh"})
"""Writes that no cookie decides: no other site can make a browser do them in somebody's name."""

KEY_SCOPES: Final = {
    # Flask endpoint: a key opens it that has one of these scopes; no key opens any other
    "chat_api.chat": frozenset({Scope.CHAT}),
    "home.quota": frozenset({Scope.CHAT, Scope.READ}),
    "conversations.export_as": frozenset({Scope.READ}),
    "v1.models": frozenset({Scope.CHAT, Scope.READ}),
    "v1.model": frozenset({Scope.CHAT, Scope.READ}),
    "v1.chat_completions": frozenset({Scope.CHAT}),
    "v1.completions": frozenset({Scope.CHAT}),
    "v1.tokenize": frozenset({Scope.CHAT}),
    "v1.embeddings": frozenset({Scope.CHAT}),
    "v1.transcriptions": frozenset({Scope.CHAT}),
    "v1.speech": frozenset({Scope.CHAT}),
    "v1_messages.messages": frozenset({Scope.CHAT}),
    "v1_responses.create": frozenset({Scope.CHAT}),
    "v1_responses.fetch": frozenset({Scope.CHAT, Scope.READ}),
    "v1_responses.remove": frozenset({Scope.CHAT}),
    "v1_responses.input_items": frozenset({Scope.CHAT, Scope.READ}),
    "api_me.me": frozenset(Scope),
    **dict.fromkeys(
        (
            "api_conversations.listing", "api_conversations.get", "api_conversations.export_as",
            "api_conversations.messages", "api_messages.get", "api_feedback.listing",
            "api_folders.index", "api_tags.index", "api_sharing.get", "api_members.index",
            "api_personas.index", "api_personas.get",
            "api_documents.listing", "api_documents.get", "api_documents.search",
            "api_documents.picture",
            "api_collections.index", "api_collections.get",
            "api_conversations.documents", "api_decisions.listing",
        ), frozenset({Scope.READ}),
    ),
    **dict.fromkeys(
        (
            "api_conversations.create", "api_conversations.import_file",
            "api_conversations.change", "api_conversations.remove",
            "api_conversations.restore", "api_messages.rate", "api_feedback.leave",
            "api_folders.create", "api_folders.change", "api_folders.remove", "api_folders.restore",
            "api_personas.create", "api_personas.change", "api_personas.remove", "api_personas.restore",
            "api_sharing.share", "api_sharing.stop", "api_members.invite", "api_members.take_out",
            "api_documents.upload", "api_documents.remove", "api_documents.restore",
            "api_documents.describe",
            "api_collections.create", "api_collections.change", "api_collections.remove",
            "api_collections.restore", "api_collections.put", "api_collections.take_out",
            "api_conversations.attach", "api_conversations.detach", "api_decisions.object_to",
        ), frozenset({Scope.CHAT}),
    ),
    **dict.fromkeys(
        (
            "api_users.index", "api_users.create", "api_users.get", "api_users.change",
            "api_users.remove", "api_roles.index", "api_roles.change", "api_usage.index",
            "api_collections.share",
        ), frozenset({Scope.ADMIN}),
    ),
}  # fmt: skip
