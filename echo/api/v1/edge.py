"""What all routes of `/v1/…` share: failures in the form of a protocol.

Knows no one route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from echo.api import person_limits
from echo.errors import (
    EchoError,
    InvalidInput,
    NotFound,
    QuotaExceeded,
    RateLimited,
    SignedOut,
    TooLong,
)
from echo.extensions import db

log = structlog.get_logger()

PARAMETERS: Final = {"max_new_tokens": "max_tokens", "json_schema": "response_format"}
"""What the engine calls otherwise than programs do."""
Form = Callable[[int, str, EchoError | None], dict[str, Any]]
"""A protocol's object for a failure: of its status, its words and, where it is one of Echo's, itself."""


def program_blueprint(name: str, form: Form) -> Blueprint:
    """Return a blueprint for `/v1/…` whose failures have this form."""
    made = Blueprint(name, __name__, url_prefix="/v1")

    def refused(failure: EchoError) -> Response:
        db.session.rollback()
        answer = _answer(failure.status, form(failure.status, failure.text, failure))
        return _with_hints(answer, failure)

    def http_error(failure: HTTPException) -> Response:
        status = failure.code or 500
        words = "The body is too large." if status == 413 else failure.description
        return _answer(status, form(status, words or failure.name, None))

    def unexpected(_failure: Exception) -> Response:
        db.session.rollback()
        log.exception("request failed", endpoint=request.endpoint, method=request.method)
        return _answer(500, form(500, "Something went wrong on the server.", None))

    person_limits.init_app(made)
    made.register_error_handler(EchoError, refused)
    made.register_error_handler(HTTPException, http_error)
    made.register_error_handler(Exception, unexpected)
    return made


def _answer(status: int, body: dict[str, Any]) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response


def _with_hints(response: Response, failure: EchoError) -> Response:
    """Say in headers what a client may do about it."""
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(failure.retry_after)))
    if isinstance(failure, SignedOut):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(failure, QuotaExceeded):
        response.headers["x-should-retry"] = "false"  # not before midnight
    return response


# ── OpenAI's form ───────────────────────────────────────────────────────────────────────────


def openai_error(
    status: int,
    words: str,
    failure: EchoError | None,
    parameters: Mapping[str, str] = PARAMETERS,
) -> dict[str, Any]:
    """Return a failure as OpenAI's object; `parameters` are the protocol's names for the engine's."""
    field = failure.field if failure is not None else None
    return {
        "error": {
            "message": words,
            "type": _kind(status, failure),
            "param": field and parameters.get(field, field),
            "code": None if failure is None else _code(failure),
        }
    }


def _kind(status: int, failure: EchoError | None) -> str:
    if isinstance(failure, QuotaExceeded):
        return "insufficient_quota"
    if isinstance(failure, RateLimited):
        return "requests"
    return "server_error" if status >= 500 else "invalid_request_error"


def _code(failure: EchoError) -> str:
    if isinstance(failure, NotFound) and failure.field == "model":
        return "model_not_found"
    if isinstance(failure.__cause__, NotFound) and failure.field == "previous_response_id":
        return "previous_response_not_found"
    for kind, code in (
        (TooLong, "context_length_exceeded"),
        (SignedOut, "invalid_api_key"),
        (RateLimited, "rate_limit_exceeded"),
        (QuotaExceeded, "insufficient_quota"),
        (InvalidInput, "invalid_value"),
    ):
        if isinstance(failure, kind):
            return code
    return failure.code


blueprint = program_blueprint("v1", openai_error)
