"""The forms of guardrails: a rule, a text to try, an answer to an objection. They know no rules."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    FloatField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Optional

from echo import limits
from echo.forms.admin import Versioned, between
from echo.forms.fields import Form, longest, no_line_breaks, required, storable_text, stripped
from echo.languages import lazy_gettext

CHOOSE: Any = lazy_gettext("Choose one.")


class RuleForm(Form):
    """What a rule looks for, where, and what it does; `sample` is a text to try it with."""

    name = StringField(
        lazy_gettext("Name"),
        [
            required(lazy_gettext("Give it a name.")),
            longest(limits.GUARD_NAME_CHARS),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    place = SelectField(lazy_gettext("Looks at"), [required(CHOOSE)], default="question")
    kind = SelectField(lazy_gettext("Looks for"), [required(CHOOSE)], default="words")
    what = TextAreaField(
        lazy_gettext("Words, pattern or label"),
        [DataRequired(lazy_gettext("Say what it looks for.")), longest(limits.GUARD_WHAT_CHARS)],
        filters=[stripped, storable_text],
    )
    threshold = FloatField(lazy_gettext("How sure"), [Optional(), between(0.01, 1)])
    act = SelectField(lazy_gettext("Does"), [required(CHOOSE)], default="flag")
    reason = StringField(
        lazy_gettext("Reason"),
        [
            required(lazy_gettext("Say why: people are told it.")),
            longest(limits.GUARD_REASON_CHARS),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    is_on = BooleanField(lazy_gettext("Switched on"))
    sample = TextAreaField(
        lazy_gettext("A text to try"),
        [Optional(), longest(limits.MESSAGE_CHARS)],
        filters=[storable_text],
    )
    version = HiddenField(lazy_gettext("Version"), [Optional(), longest(64)])


class SettleForm(Versioned):
    """What becomes of a decision, and what its person is told."""

    state = SelectField(lazy_gettext("The decision"), [required(CHOOSE)])
    answer = TextAreaField(
        lazy_gettext("Answer"),
        [DataRequired(lazy_gettext("Write an answer.")), longest(limits.GUARD_ANSWER_CHARS)],
        filters=[stripped, storable_text],
    )


class ObjectionForm(Form):
    """Why somebody thinks that a decision is wrong."""

    objection = TextAreaField(
        lazy_gettext("Why you object"),
        [
            DataRequired(lazy_gettext("Say why you object.")),
            longest(limits.GUARD_OBJECTION_CHARS),
        ],
        filters=[stripped, storable_text],
    )
