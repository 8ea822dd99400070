"""Two hidden fields that people leave alone: a honeypot, and a signed time that a program is too fast for.

Knows nothing of the form around it.
"""

from __future__ import annotations

from typing import Any, Final

from flask import current_app
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from markupsafe import Markup
from wtforms import Form, StringField, ValidationError

from echo.clock import utc_now
from echo.languages import gettext, lazy_gettext, mark
from echo.limits import FORM_MAX_SECONDS, FORM_MIN_SECONDS

NAMES: Final = ("website", "opened_at")
SALT: Final = "form-time"
TOO_FAST: Final = mark("That was very fast. Please wait three seconds and send it again.")
STALE: Final = mark("This form has been open for too long. Please send it again.")
HONEYPOT_HTML: Final = Markup(
    '<div class="trap" aria-hidden="true"><label for="website">{}</label>'
    '<input id="website" name="website" type="text" value="" tabindex="-1" autocomplete="off"></div>'
    '<input name="opened_at" type="hidden" value="{}">'
)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=SALT)


def new_time() -> str:
    """Return the signed present time for a form that is being shown."""
    return str(_serializer().dumps(utc_now().timestamp()))


class SpamTrap(Form):
    """Mixin. The signed time is made when the form is shown and cannot be forged or replayed for days."""

    website = StringField(lazy_gettext("Leave this empty"))
    opened_at = StringField()
    seconds_early = 0.0
    """How long to wait until the same form is taken; the page's script does, and sends it again."""

    def spam_trap(self) -> Markup:
        """Return both fields as HTML; a form that is shown again keeps its first time."""
        kept = self.opened_at.data if self.opened_at.data and not self.opened_at.errors else None
        return HONEYPOT_HTML.format(gettext("Leave this empty"), kept or new_time())

    def validate_website(self, field: Any) -> None:
        if field.data:
            raise ValidationError(
                gettext("This looks like a program's doing. Please try again by hand.")
            )

    def validate_opened_at(self, field: Any) -> None:
        try:
            opened = float(_serializer().loads(field.data or "", max_age=FORM_MAX_SECONDS))
        except SignatureExpired:
            raise ValidationError(gettext(STALE)) from None
        except (BadSignature, ValueError, TypeError):
            raise ValidationError(
                gettext("Please reload the page and fill in the form again.")
            ) from None
        self.seconds_early = FORM_MIN_SECONDS - (utc_now().timestamp() - opened)
        if self.seconds_early > 0:
            raise ValidationError(gettext(TOO_FAST))
