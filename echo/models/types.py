"""Column types shared by the tables. Knows nothing of any one table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Integer, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from ulid import ULID


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        # SQLite returns no zone, PostgreSQL the server's own
        return stored.astimezone(UTC) if stored.tzinfo else stored.replace(tzinfo=UTC)


def new_id() -> str:
    """Return a new opaque id (ULID): sortable by time, so that inserts go to the index's end."""
    return str(ULID())


BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only
PublicId = Annotated[str, mapped_column(String(26), primary_key=True, default=new_id)]
