"""The blueprint of `/v1/…`, how often a person may ask there, and how failures look to OpenAI's clients.

Knows no one route.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from flask import Blueprint, Response, g, jsonify, request
from flask_login import current_user
from limits import parse
from werkzeug.exceptions import HTTPException

from echo.errors import (
    EchoError,
    InvalidInput,
    NotFound,
    QuotaExceeded,
    RateLimited,
    SignedOut,
    TooLong,
)
from echo.extensions import db, left_of, limiter, seconds_to_wait
from echo.limits import API_PER_PERSON

log = structlog.get_logger()

blueprint = Blueprint("v1", __name__, url_prefix="/v1")

PARAMETERS: Final = {"max_new_tokens": "max_tokens", "json_schema": "response_format"}
"""What the engine calls otherwise than programs do."""
LIMIT_KEY: Final = "api"


@blueprint.before_request
def _count() -> None:
    """Count a request of a person, whichever key they use."""
    if not limiter.enabled or not current_user.is_authenticated:
        return
    rate = parse(API_PER_PERSON)
    wait = seconds_to_wait(rate, LIMIT_KEY, str(current_user.id))
    remaining, resets_in = left_of(rate, LIMIT_KEY, str(current_user.id))
    g.rate_headers = {
        "x-ratelimit-limit-requests": str(rate.amount),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": f"{resets_in:.0f}s",
    }
    if wait:
        raise RateLimited("That were many requests. Please wait a moment.", retry_after=wait)


@blueprint.after_request
def _tell_limits(response: Response) -> Response:
    if "rate_headers" in g:
        response.headers.update(g.rate_headers)
    return response


@blueprint.errorhandler(EchoError)
def _refused(failure: EchoError) -> Response:
    db.session.rollback()
    response = jsonify(error=as_error(failure))
    response.status_code = failure.status
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(failure.retry_after)))
    if isinstance(failure, SignedOut):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(failure, QuotaExceeded):
        response.headers["x-should-retry"] = "false"  # not before midnight
    return response


@blueprint.errorhandler(HTTPException)
def _http_error(failure: HTTPException) -> Response:
    status = failure.code or 500
    words = "The body is too large." if status == 413 else failure.description
    response = jsonify(error=_error(words or failure.name, "invalid_request_error", None))
    response.status_code = status
    return response


@blueprint.errorhandler(Exception)
def _unexpected(_failure: Exception) -> Response:
    db.session.rollback()
    log.exception("request failed", endpoint=request.endpoint, method=request.method)
    response = jsonify(error=_error("Something went wrong on the server.", "server_error", None))
    response.status_code = 500
    return response


def as_error(failure: EchoError) -> dict[str, Any]:
    """Return a failure as OpenAI's error object."""
    field = failure.field and PARAMETERS.get(failure.field, failure.field)
    return _error(failure.text, _kind(failure), _code(failure), field)


def _error(
    message: str, kind: str, code: str | None, param: str | None = None
) -> dict[str, str | None]:
    return {"message": message, "type": kind, "param": param, "code": code}


def _kind(failure: EchoError) -> str:
    if isinstance(failure, QuotaExceeded):
        return "insufficient_quota"
    if isinstance(failure, RateLimited):
        return "requests"
    return "server_error" if failure.status >= 500 else "invalid_request_error"


def _code(failure: EchoError) -> str | None:
    if isinstance(failure, NotFound) and failure.field == "model":
        return "model_not_found"
    for kind, code in (
        (TooLong, "context_length_exceeded"),
        (SignedOut, "invalid_api_key"),
        (RateLimited, "rate_limit_exceeded"),
        (QuotaExceeded, "insufficient_quota"),
    ):
        if isinstance(failure, kind):
            return code
    return "invalid_value" if isinstance(failure, InvalidInput) else failure.code
