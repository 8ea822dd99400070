"""What proxies say of a request: believed of trusted ones, else dropped before anybody reads it.

It stands in front of everything, the sockets' part too. Knows no page.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from echo import request_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SPOKEN_BY_PROXIES: Final = ("HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_SCHEME")
OTHER_NAMES: Final = (
    "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_ORIGINAL_URL", "HTTP_X_REWRITE_URL", "HTTP_X_ORIGINAL_HOST",
    "HTTP_X_HOST", "HTTP_X_SCRIPT_NAME", "HTTP_PROXY", "HTTP_TRUE_CLIENT_IP", "HTTP_CF_CONNECTING_IP",
    "HTTP_X_CLIENT_IP", "HTTP_X_CLUSTER_CLIENT_IP", "HTTP_VIA",
)  # fmt: skip


PEER: Final = "echo.peer"
"""Where the environ has the address at the other end of the connection: a proxy's, where there is one."""
REQUEST_ID: Final = "HTTP_X_REQUEST_ID"
THROUGH_PROXY: Final = "echo.through_proxy"
"""Where it says whether a proxy has spoken, trusted or not."""


def init_app(app: Flask, trusted: int) -> None:
    """Put it in front, as the last of all that is put there."""
    app.wsgi_app = Forwarding(app.wsgi_app, trusted)  # type: ignore[method-assign]


class Forwarding:
    """Takes address, scheme, host and number from the `trusted` last proxies, then forgets such headers."""

    def __init__(self, app: WSGIApplication, trusted: int) -> None:
        self._trusted = trusted
        inner = _without_headers(app)
        self._app = (
            ProxyFix(inner, x_for=trusted, x_proto=trusted, x_host=trusted) if trusted else inner
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        claimed = environ.pop(REQUEST_ID, None)
        number = request_ids.begin(claimed if self._trusted else None)
        environ[PEER] = environ.get("REMOTE_ADDR", "")
        environ[THROUGH_PROXY] = any(map(_is_of_proxies, environ))
        return self._app(environ, partial(_start_with, number, start_response))


def _start_with(
    number: str,
    start_response: StartResponse,
    status: str,
    headers: list[tuple[str, str]],
    *how: Any,
) -> Any:
    """Begin the answer with the number of its request, whoever answers it."""
    return start_response(status, [*headers, (request_ids.HEADER, number)], *how)


def _is_of_proxies(name: str) -> bool:
    return name.startswith(SPOKEN_BY_PROXIES) or name in OTHER_NAMES


def _without_headers(app: WSGIApplication) -> WSGIApplication:
    def forget_and_go_on(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        for name in list(filter(_is_of_proxies, environ)):
            del environ[name]
        return app(environ, start_response)

    return forget_and_go_on
