"""What people have models told beside their questions. Knows no prompt and no tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import INSTRUCTIONS_CHARS, MEMORY_CHARS, PROMPT_NAME_CHARS
from echo.models.types import PublicId, UtcDateTime


class PersonalPrompt(Base):
    """What one person has Echo told before each of their chats, and asked after their first answers.

    An absent row means what is usual.
    """

    __tablename__ = "personal_prompts"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    instructions: Mapped[str] = mapped_column(String(INSTRUCTIONS_CHARS), default="")
    instructions_on: Mapped[bool] = mapped_column(Boolean, default=True)
    memory_on: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether the memories below are told, and new ones suggested."""
    titles_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    """Whether the model that answers is asked for a new chat's title."""
    tools_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    """Whether sums, dates and units in questions are computed for the model."""
    invitations_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    """Whether others may let this person into chats of theirs."""


class Memory(Base):
    """One short fact that a person has told Echo to remember."""

    __tablename__ = "memories"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(MEMORY_CHARS))
    is_on: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class SavedPrompt(Base):
    """A text that a person asks again and again; `{{names}}` in it are asked for."""

    __tablename__ = "saved_prompts"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(PROMPT_NAME_CHARS))
    text: Mapped[str] = mapped_column(Text)


class SharedPrompt(Base):
    """The same, by administrators for everybody from a role on."""

    __tablename__ = "shared_prompts"

    id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(PROMPT_NAME_CHARS))
    text: Mapped[str] = mapped_column(Text)
    least_role: Mapped[str] = mapped_column(String(20), default="user")
    """The weakest role that sees it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
