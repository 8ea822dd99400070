"""Binds the table of `echo/limits.py` to the routes. Knows no other limits."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from flask import Flask
from limits import parse

from echo.errors import RateLimited
from echo.extensions import READING, limiter, seconds_to_wait
from echo.languages import gettext
from echo.limits import OPENING, RATE_LIMITS, SEARCHES_PER_ACCOUNT


def init_app(app: Flask) -> None:
    """Put each limit around its endpoint; raises LookupError for one that does not exist."""
    limiter.init_app(app)
    for endpoint, rate in RATE_LIMITS.items():
        if endpoint not in app.view_functions:
            raise LookupError(f"there is a rate limit for {endpoint}, but no such endpoint")
        rules = app.url_map.iter_rules(endpoint)
        methods = {method for rule in rules for method in rule.methods or ()}
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = _limited(view, rate, methods)


def _limited(view: Any, rate: str, methods: Set[str]) -> Any:
    sending = methods - READING
    if not sending or "GET" not in methods:
        return limiter.limit(rate, per_method=True)(view)
    # a second click on a link, or somebody else behind the same address, is no attack
    opened = limiter.limit(OPENING, per_method=True, methods=list(READING))(view)
    return limiter.limit(rate, per_method=True, methods=list(sending))(opened)


def count_search(user_id: int) -> None:
    """Count a search of a person; raises RateLimited."""
    if not limiter.enabled:
        return
    wait = seconds_to_wait(parse(SEARCHES_PER_ACCOUNT), "search", str(user_id))
    if wait:
        raise RateLimited(
            gettext("That were many searches. Please wait a moment."), field="q", retry_after=wait
        )
