"""Tables of what people wrote in private: conversations and messages. They know no acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from flask import request
from flask_login import current_user

from echo.admin import cells, transcript, words
from echo.admin.access import Guarded
from echo.admin.columns import PAGES, Column, On
from echo.admin.filters import ChoiceIs, IdIs, IsThere, IsTrue, TextIs, days, few
from echo.admin.table_view import TableView
from echo.admin.transcript import Transcript
from echo.extensions import db
from echo.languages import mark
from echo.models import Conversation, Message, User
from echo.services.people import looks

LONG_AGO: Final = datetime(
    1970, 1, 1, tzinfo=UTC
)  # a comparison uses the index, "is not null" does not


class PrivateTable(TableView):
    """A table of what people wrote in private: each look is written to the audit trail before it is given."""

    export_batch = 100  # each batch may add a row of the trail for each person in it

    def get_one(self, id: Any) -> Any:
        row = super().get_one(id)
        looks.opened(current_user, row)
        self.know([row])
        return row

    def prepare(self, rows: list[Any]) -> None:
        self.note_looks(current_user, rows)
        self.know(rows)

    def know(self, rows: list[Any]) -> None:
        """Look up, once for all their cells, what these rows are shown with."""
        cells.know_people(rows)

    def note_looks(self, actor: User, rows: list[Any]) -> None:
        looks.listed(actor, [row.user_id for row in rows], self.model.__tablename__)


class _IsDeleted(IsThere):
    """Conversations that can still be restored, or all others."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        if value == "0":
            return super().apply(query, value, alias)
        return few(query, Conversation.id, Conversation.deleted_at > LONG_AGO)


class Conversations(Guarded, PrivateTable):
    """Every conversation, the deleted ones too as long as they can be restored."""

    about = mark(
        "Who talked with Echo, and when. What you see of others is noted in the audit trail, "
        "and they are shown it."
    )
    routes = ("index_view", "details_view", "export")
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("title", mark("Title"), cell=cells.cut, on=On.LIST | On.WORDS),
        Column("user_id", mark("Person"), cells.person),
        Column(
            "message_count", mark("Messages"), cells.amount, sort=("message_count", "created_at")
        ),
        Column("pinned", mark("Pinned"), cell=cells.flag, on=On.DETAILS | On.CSV),
        Column("created_at", mark("Begun"), cells.moment, sort=("created_at",), is_minor=True),
        Column("updated_at", mark("Last used"), cells.moment, sort=("updated_at",)),
        Column("deleted_at", mark("Deleted"), cells.moment),
        Column("settings", mark("Settings of its own"), cells.pairs, on=On.DETAILS),
    )
    column_default_sort = ("created_at", True)
    newest = "created_at"
    searched = (Conversation.title,)
    column_filters = (
        IdIs(Conversation.user_id, mark("Person's number"), "user_id"),
        IsTrue(Conversation.pinned, mark("Pinned"), "pinned"),
        _IsDeleted(Conversation.deleted_at, mark("Deleted"), "deleted"),
        *days(Conversation.created_at),
    )
    details_template = "admin/conversation.html"

    def __init__(self) -> None:
        super().__init__(Conversation, mark("Conversations"), "conversations")

    def transcript(self, row: Conversation) -> Transcript:
        """Return what was said, on the branch and in the part that the address asks for."""
        return transcript.of(row, *(request.args.get(name, "") for name in ("branch", "before")))

    def owner(self, row: Conversation) -> User | None:
        return db.session.get(User, row.user_id)


class Messages(Guarded, PrivateTable):
    """Every question and reply."""

    about = mark(
        "Questions and replies, newest first. What you read of others is noted in the audit trail, "
        "and they are shown it."
    )
    routes = ("index_view", "details_view", "export")
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("text", mark("Text"), cell=cells.cut, on=PAGES | On.WORDS, is_long=True),
        Column("role", mark("Role"), cell=cells.tag),
        Column("status", mark("Status"), cell=cells.tag),
        Column("user_id", mark("Person"), cells.person),
        Column("conversation_id", mark("Conversation"), cells.conversation, on=On.DETAILS | On.CSV),
        Column("parent_id", mark("Follows"), on=On.DETAILS),
        Column("ordinal", mark("Ordinal"), on=On.DETAILS),
        Column("model", mark("Model"), on=On.DETAILS | On.CSV),
        Column("finish_reason", mark("Finish Reason"), on=On.DETAILS | On.CSV),
        Column("error_code", mark("Error Code"), on=On.DETAILS | On.CSV),
        Column("error_text", mark("Error Text"), cells.failure, on=On.DETAILS),
        Column("prompt_tokens", mark("Prompt Tokens"), cell=cells.amount, on=On.DETAILS | On.CSV),
        Column("cached_tokens", mark("Cached Tokens"), cell=cells.amount, on=On.DETAILS),
        Column("completion_tokens", mark("Tokens"), cells.amount, is_minor=True),
        Column("queue_ms", mark("Waited, ms"), cells.amount, on=On.DETAILS),
        Column("first_token_ms", mark("First token, ms"), cells.amount, is_minor=True),
        Column("total_ms", mark("Total, ms"), cells.amount, on=On.DETAILS | On.CSV),
        Column("created_at", mark("Written"), cells.moment, sort=("created_at",)),
        Column("finished_at", mark("Finished"), cells.moment, on=On.DETAILS),
        Column("edited_at", mark("Edited by the person"), cells.moment, on=On.DETAILS),
        Column(
            "original_text", mark("What the model said"), on=On.DETAILS | On.WORDS, is_long=True
        ),
    )
    column_default_sort = ("created_at", True)
    searched = (Message.text,)
    search_rows = 20_000
    newest = "created_at"
    column_filters = (
        IdIs(Message.user_id, mark("Person's number"), "user_id"),
        TextIs(Message.conversation_id, mark("Conversation"), "conversation_id"),
        ChoiceIs(
            Message.role,
            mark("Written by"),
            "role",
            [("user", mark("A person")), ("assistant", "Echo")],
        ),
        ChoiceIs(Message.status, mark("Status"), "status", list(words.MESSAGE_STATES.items())),
        *days(Message.created_at),
    )

    def __init__(self) -> None:
        super().__init__(Message, mark("Messages"), "messages")
