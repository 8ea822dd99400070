"""Feedback, and clearing a discussion. Knows services and forms only."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.errors import NotFound
from echo.forms.chat import ClearDiscussionForm, FeedbackForm
from echo.forms.fields import check
from echo.languages import gettext
from echo.services.chats import conversations
from echo.services.chats import feedback as feedback_service
from echo.web import replies

blueprint = Blueprint("chat_forms", __name__)


@blueprint.route("/feedback", methods=["POST"])
def feedback() -> Response:
    form = FeedbackForm()
    check(form)
    feedback_service.leave(
        current_user.id, str(form.opinion.data), str(form.category.data), form.rating.data
    )
    return replies.done(gettext("Thank you! Your feedback has been saved."), url_for("home.index"))


@blueprint.route("/clear_discussion", methods=["POST"])
def clear_discussion() -> Response:
    """Remove one conversation, the newest when none is named; it can be restored for some days."""
    form = ClearDiscussionForm()
    check(form)
    wanted = form.conversation_id.data or conversations.newest_id(current_user.id)
    if wanted is None:
        raise NotFound(gettext("There is no discussion to clear."))
    conversations.remove(current_user.id, wanted)
    return replies.done(gettext("The discussion is cleared."), url_for("home.index"))
