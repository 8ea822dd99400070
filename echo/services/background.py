"""Work that goes on after the answer has left. Knows neither the work nor who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, current_app

from echo import hub, request_ids
from echo.errors import EchoError

log = structlog.get_logger()


def run(work: Callable[..., object], *args: Any) -> None:
    """Let `work` begin soon, in a green thread and an application context of its own.

    It outlives the request, not the process: what must not be lost is written down first.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    hub.spawn(request_ids.carried(_in_context), app, work, args)


def _in_context(app: Flask, work: Callable[..., object], args: tuple[Any, ...]) -> None:
    name = f"{work.__module__}.{work.__name__}"
    with app.app_context():
        try:
            work(*args)
        except (
            EchoError
        ) as failure:  # its text is for people; the chain below it may hold addresses
            log.warning("background work failed", work=name, error=failure.code)
        except Exception:
            log.exception("background work failed", work=name)
