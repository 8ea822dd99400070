"""One way for every page that is a form: check it, act, answer as JSON or page. Knows no one form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flask import flash, make_response, render_template
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.errors import EchoError, StepUpNeeded
from echo.forms import spam_trap
from echo.forms.fields import check
from echo.web import replies


def handle(form: FlaskForm, template: str, act: Callable[[], Response], **context: Any) -> Response:
    """Show the form; when it was sent and is right, do `act`; refusals keep what was typed."""
    if not form.is_submitted():
        return make_response(render_template(template, form=form, **context))
    try:
        check(form)
        return act()
    except StepUpNeeded:  # leads to another page: its translator is the error pages'
        raise
    except EchoError as error:
        return _refuse(form, template, error, context)


def _refuse(form: FlaskForm, template: str, error: EchoError, context: dict[str, Any]) -> Response:
    if error.field == "opened_at" and form.seconds_early > 0:
        error.retry_after = math.ceil(form.seconds_early)
    if replies.wants_json():
        return replies.refused(error)
    if not form.errors:
        replies.show_error(form, error)
    for name in spam_trap.NAMES:  # hidden fields: their errors have no place of their own
        for text in form.errors.get(name, ()):
            flash(str(text), "error")
    response = make_response(render_template(template, form=form, **context), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response
