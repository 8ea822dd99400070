"""`/api/decisions`: what guardrails decided about one's words, and objecting to it. Knows services."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest.asking import After
from echo.api.rest.message_parts import Decision, TimedDecision
from echo.api.rest.shapes import Page
from echo.clock import iso
from echo.limits import GUARD_OBJECTION_CHARS
from echo.models import GuardDecision
from echo.services.guardrails import decisions

blueprint = Blueprint("api_decisions", __name__, url_prefix="/api/decisions")


class Objection(Body):
    """Why a decision is wrong."""

    objection: Text = Field(min_length=1, max_length=GUARD_OBJECTION_CHARS)


def _told(row: GuardDecision) -> dict[str, Any]:
    about = {"message_id": row.message_id, "created_at": iso(row.created_at)}
    return {**decisions.wire(row), **about, "objection": row.objection}


@blueprint.get("")
@operation(Page[TimedDecision], query=After)
def listing(query: After) -> dict[str, Any]:
    """List what was decided about one's words, the newest first."""
    rows = decisions.own(current_user.id, query.after)
    following = rows[-1].id if len(rows) == decisions.OWN_SHOWN else None
    return {"data": [_told(row) for row in rows], "next": following}


@blueprint.post("/<decision_id>/objection")
@operation(Decision, body=Objection)
def object_to(decision_id: str, body: Objection) -> dict[str, Any]:
    """Object to a decision, once; an administrator answers."""
    row = decisions.object_to(current_user.id, decision_id, body.objection)
    return decisions.wire(row)
