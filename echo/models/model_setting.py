"""What administrators settle about a model. Knows no files, no engine and no meaning of the values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import MODEL_NAME_CHARS, SYSTEM_PROMPT_CHARS
from echo.models.types import UtcDateTime


class ModelSetting(Base):
    """One model that differs from what its files say; absent rows mean what they say."""

    __tablename__ = "model_settings"

    name: Mapped[str] = mapped_column(String(MODEL_NAME_CHARS), primary_key=True)
    least_role: Mapped[str] = mapped_column(String(20), default="user")
    """The weakest role that may use it."""
    help: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether it is told about Echo's own features."""
    calls_tools: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether it may call the calculator and its like itself, where its template knows functions."""
    system_prompt: Mapped[str | None] = mapped_column(String(SYSTEM_PROMPT_CHARS))
    sampling: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    context_length: Mapped[int | None] = mapped_column(Integer)
    template: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
