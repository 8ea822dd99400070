"""`/api/feedback`: what one thinks of Echo, and what was answered. Knows services and the page's form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import After, checked, number
from echo.clock import iso
from echo.forms.chat import FeedbackForm
from echo.limits import FEEDBACK_MAX, FEEDBACK_MIN
from echo.models import Feedback
from echo.services.chats import feedback

blueprint = Blueprint("api_feedback", __name__, url_prefix="/api/feedback")

Category = Literal["answers", "speed", "design", "bug", "idea", "other"]


class Opinion(Body):
    """An opinion about Echo."""

    opinion: Text = Field(
        min_length=FEEDBACK_MIN, max_length=FEEDBACK_MAX, description="counted without outer space"
    )
    category: Category
    rating: int | None = Field(None, ge=1, le=5, description="stars")


def _told(row: Feedback) -> dict[str, Any]:
    return {
        "id": row.id,
        "opinion": row.opinion,
        "category": row.category,
        "rating": row.rating,
        "state": row.state,
        "created_at": iso(row.created_at),
        "answer": row.answer,
        "answered_at": iso(row.answered_at),
    }


@blueprint.get("")
@operation(shapes.Page[shapes.Feedback], query=After)
def listing(query: After) -> dict[str, Any]:
    """List what one has left, the newest first."""
    before = number(query.after) if query.after else None
    rows = feedback.own(current_user.id, before)
    following = str(rows[-1].id) if len(rows) == feedback.OWN_SHOWN else None
    return {"data": [_told(row) for row in rows], "next": following}


@blueprint.post("")
@operation(shapes.Feedback, body=Opinion, status=HTTPStatus.CREATED)
def leave(body: Opinion) -> dict[str, Any]:
    """Leave an opinion."""
    stars = "" if body.rating is None else str(body.rating)
    form = checked(
        FeedbackForm, {"opinion": body.opinion, "category": body.category, "rating": stars}
    )
    return _told(
        feedback.leave(
            current_user.id, str(form.opinion.data), str(form.category.data), form.rating.data
        )
    )
