"""Feedback and the clearing of a discussion. They know neither tables nor services."""

from __future__ import annotations

from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from echo import limits
from echo.forms.fields import Form, one_to_five, required, storable_text, stripped


class FeedbackForm(Form):
    """An opinion about Echo."""

    opinion = TextAreaField(
        "Your feedback",
        [
            required("Write a few words."),
            Length(
                limits.FEEDBACK_MIN,
                limits.FEEDBACK_MAX,
                f"Use {limits.FEEDBACK_MIN} to {limits.FEEDBACK_MAX:,} characters.",
            ),
        ],
        filters=[stripped, storable_text],
    )
    category = SelectField(
        "Category",
        [required("Choose a category.")],
        choices=[SelectChoice(*option) for option in limits.FEEDBACK_CATEGORIES.items()],
    )
    rating = IntegerField("Stars", [Optional(), one_to_five])


class ClearDiscussionForm(Form):
    """Which conversation to clear; the newest when none is named."""

    conversation_id = StringField("Conversation", [Optional(), Length(max=64)])
