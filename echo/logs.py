"""Structured logs to standard error: readable lines or JSON. Knows no logger's name."""

from __future__ import annotations

import logging

import structlog
from structlog.typing import Processor

QUIET = (
    "engineio",
    "socketio",
    "eventlet.wsgi",
    "alembic",
    "PIL",
    "authlib",  # writes a sign-in's secrets at DEBUG
)


def configure(level: str, style: str) -> None:
    """Send structlog's and the standard library's records through one formatter.

    Raises nothing; safe for native threads, since locks are native (see `run.py`).
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
