"""Feedback and the clearing of a discussion. They know neither tables nor services."""

from __future__ import annotations

from wtforms import (
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from echo import limits
from echo.forms.fields import Form, choices, from_to, one_to_five, required, storable_text, stripped
from echo.languages import lazy_gettext


class FeedbackForm(Form):
    """An opinion about Echo."""

    opinion = TextAreaField(
        lazy_gettext("Your feedback"),
        [
            required(lazy_gettext("Write a few words.")),
            Length(
                limits.FEEDBACK_MIN,
                limits.FEEDBACK_MAX,
                from_to(limits.FEEDBACK_MIN, limits.FEEDBACK_MAX),
            ),
        ],
        filters=[stripped, storable_text],
    )
    category = SelectField(
        lazy_gettext("Category"),
        [required(lazy_gettext("Choose a category."))],
        choices=choices(limits.FEEDBACK_CATEGORIES),
    )
    rating = IntegerField(lazy_gettext("Stars"), [Optional(), one_to_five])


class ClearDiscussionForm(Form):
    """Which conversation to clear; the newest when none is named."""

    conversation_id = StringField(lazy_gettext("Conversation"), [Optional(), Length(max=64)])
