"""The one translator from failures to pages or JSON; every error keeps its own status."""

from __future__ import annotations

import structlog
from flask import Flask, g, jsonify, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

from echo import request_ids
from echo.errors import EchoError, StepUpNeeded
from echo.extensions import db, login_manager
from echo.languages import gettext, mark
from echo.services import storage
from echo.web import replies, step_up

log = structlog.get_logger()

TITLES = {
    400: mark("That did not work"),
    401: mark("Please sign in"),
    403: mark("Not allowed"),
    404: mark("Nothing here"),
    405: mark("Not that way"),
    409: mark("Somebody was first"),
    413: mark("Too much at once"),
    429: mark("One moment"),
    500: mark("Our mistake"),
    503: mark("Not available just now"),
}
CODES = {  # of what no part of Echo has refused
    401: "signed_out",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "rate_limited",
}
SHORT_WAIT = 5  # seconds; a page that was asked for too fast then asks again by itself
SENTENCES = {
    400: mark("The server could not understand this request."),
    401: mark("You need to be signed in to see this."),
    403: mark("You are signed in, but this page is not open to you."),
    404: mark("This page does not exist, or it is not yours."),
    405: mark("This address cannot be used like that."),
    413: mark("What you sent is too large."),
    429: mark("That was very fast. Please wait a moment and try again."),
    500: mark("Something went wrong on the server. It has been written down; please try again."),
}


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(EchoError, _echo_error)
    app.register_error_handler(StepUpNeeded, _step_up_needed)
    app.register_error_handler(RateLimitExceeded, _rate_limited)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    for failure in storage.FAILURES:
        app.register_error_handler(failure, _storage_failed)
    app.register_error_handler(Exception, _unexpected)


def _answer(
    status: int,
    sentence: str,
    field: str | None = None,
    retry_after: float | None = None,
    code: str | None = None,
) -> Response:
    number = request_ids.current() if status >= 500 else ""
    if replies.wants_json():
        told = {"request_id": number} if number else {}
        code = code or CODES.get(status, "bad_payload" if status < 500 else "failed")
        response: Response = jsonify(
            status="error", code=code, field=field, message=sentence, **told
        )
    else:
        response = Response(_page(status, sentence, retry_after, number), mimetype="text/html")
    response.status_code = status
    if status == 401 and replies.is_for_programs():
        response.headers["WWW-Authenticate"] = "Bearer"
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response


def _page(status: int, sentence: str, retry_after: float | None, number: str) -> str:
    signing_in = status == 401
    tries_again = request.method == "GET" and retry_after is not None and retry_after <= SHORT_WAIT
    return render_template(
        "error.html",
        status=status,
        title=gettext(TITLES.get(status, TITLES[500 if status >= 500 else 400])),
        sentence=sentence,
        back_url=url_for("account.login") if signing_in else url_for("home.index"),
        back_label=gettext("Sign in") if signing_in else gettext("Back to Echo"),
        seconds=retry_after if tries_again else None,
        number=number,
    )


def _echo_error(error: EchoError) -> Response:
    db.session.rollback()
    return _answer(error.status, error.text, error.field, error.retry_after, error.code)


def _step_up_needed(error: StepUpNeeded) -> Response:
    if replies.is_for_programs():  # there is no page to lead to
        return _echo_error(error)
    db.session.rollback()
    return step_up.ask(error)


def _rate_limited(error: RateLimitExceeded) -> Response:
    seconds = error.limit.limit.get_expiry() if error.limit is not None else 1
    return _answer(429, gettext(SENTENCES[429]), retry_after=seconds)


def _csrf_error(_error: CSRFError) -> Response:
    if "Authorization" in request.headers and not current_user.is_authenticated:
        return _answer(401, "Please sign in first, or send a valid API key as a bearer token.")
    if replies.is_for_programs():
        return _answer(400, "Please send an API key as a bearer token, or reload the page.")
    return _answer(400, gettext("This page was open for too long. Please reload it and try again."))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None and status < 400:
        return error.get_response()
    sentence = gettext(SENTENCES.get(status) or error.description or SENTENCES[400])
    answer = _answer(status, sentence)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _storage_failed(failure: DBAPIError) -> Response:
    """The database is locked, gone or full: its page asks the database nothing, not even who reads it."""
    storage.forget_broken_session()
    log.warning("the database failed", error=str(failure.orig)[:200])
    g._login_user = login_manager.anonymous_user()
    return _echo_error(storage.unavailable(failure))


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    rule = request.url_rule.rule if request.url_rule else None  # the path may hold a one-time link
    log.exception("request failed", rule=rule, method=request.method)
    return _answer(500, gettext(SENTENCES[500]))
