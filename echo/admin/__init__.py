"""The administrators' side, on Flask-Admin. Knows services, models and `analytics`; no sockets."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the views."""
