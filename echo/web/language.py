"""Which language somebody reads: their account's choice, then this browser's, then what the browser asks for.

The account's holds on every machine; the cookie is for visitors, and for those who sign out again.
"""

from __future__ import annotations

from flask import Blueprint, Flask, has_request_context, redirect, request
from flask_babel import refresh
from flask_login import current_user
from werkzeug.wrappers import Response

from echo import languages
from echo.forms import fields
from echo.forms.own_account import LanguageForm
from echo.languages import COOKIE, LANGUAGES, gettext
from echo.services.people import profile
from echo.web import replies, sign_in_steps

blueprint = Blueprint("language", __name__)
SECONDS = 400 * 24 * 3600  # browsers keep no cookie longer


def init_app(app: Flask) -> None:
    """Bind the choice to texts of Python and templates."""
    languages.init_app(app, chosen)
    app.jinja_env.globals.update(
        language_here=languages.here, language_chosen=_chosen_here, languages=LANGUAGES
    )
    app.after_request(_say_language)


def chosen() -> str | None:
    """Return the language of whoever asks; None: the usual one, as for work that nobody waits for."""
    if not has_request_context():
        return None
    return _chosen_here() or _accepted()


def _chosen_here() -> str | None:
    own = current_user.language if current_user.is_authenticated else None
    return _known(own) or _known(request.cookies.get(COOKIE))


@blueprint.post("/language")
def choose() -> Response:
    """Keep a choice and show the page again in it; an empty one leaves it to the browser."""
    form = LanguageForm()
    fields.check(form)
    code = str(form.language.data or "")
    if current_user.is_authenticated:
        profile.choose_language(current_user, code or None)
    refresh()  # the answer is in the new language
    response = _answer(sign_in_steps.own_path(request.args.get("next")))
    if code:
        response.set_cookie(
            COOKIE, code, max_age=SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE)
    return response


def _answer(target: str) -> Response:
    if replies.wants_json():
        return replies.done(gettext("Saved."), target)
    return redirect(target)


def _known(code: str | None) -> str | None:
    return code if code in LANGUAGES else None


def _accepted() -> str | None:
    """Return the best of what the browser asks for: "de-CH" reads German."""
    for tag in request.accept_languages.values():
        if found := _known(tag.partition("-")[0].lower()):
            return found
    return None


def _say_language(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = languages.here().code
        response.headers.add("Vary", "Accept-Language")
    return response
