"""`/api/…`: one's own things, and for administrators people, roles and use, as JSON. Knows services.

Failures are told by the one translator of pages and programs (`echo/web/error_pages.py`).
"""

from __future__ import annotations

from echo.api import person_limits
from echo.api.rest import (
    collections,
    conversations,
    decisions,
    documents,
    feedback,
    folders,
    me,
    members,
    messages,
    personas,
    roles,
    sharing,
    tags,
    token,
    usage,
    users,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        token,
        me,
        conversations,
        folders,
        personas,
        tags,
        sharing,
        members,
        messages,
        documents,
        collections,
        decisions,
        feedback,
        users,
        roles,
        usage,
    )
)
for _blueprint in BLUEPRINTS:
    person_limits.init_app(_blueprint)

__all__ = ["BLUEPRINTS"]
