"""Tags: a person's own words for their conversations. Knows no conversation but by its id."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from echo.extensions import Base
from echo.limits import TAG_CHARS, TAG_KEY_CHARS
from echo.models.types import PublicId


class Tag(Base):
    """One word of one owner, as it was first written; `key` is what makes two spellings one tag."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(TAG_CHARS))
    key: Mapped[str] = mapped_column(String(TAG_KEY_CHARS))


class ConversationTag(Base):
    """A conversation that bears a tag of its owner's."""

    __tablename__ = "conversation_tags"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[str] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )
