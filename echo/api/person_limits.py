"""How often a person's programs may ask, whatever they show: counted, told in headers. Knows no routes."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g
from flask_login import current_user
from limits import parse

from echo.errors import RateLimited
from echo.extensions import left_of, limiter, seconds_to_wait
from echo.languages import gettext
from echo.limits import API_PER_PERSON

LIMIT_KEY: Final = "api"


def init_app(blueprint: Blueprint) -> None:
    """Count each request of a blueprint."""
    blueprint.before_request(_count)
    blueprint.after_request(_tell)


def _count() -> None:
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
        raise RateLimited(
            gettext("That were many requests. Please wait a moment."), retry_after=wait
        )


def _tell(response: Response) -> Response:
    if "rate_headers" in g:
        response.headers.update(g.rate_headers)
    return response
