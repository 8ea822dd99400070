"""Pages and forms. Knows services and forms; no rows, no engine, no sockets."""

from __future__ import annotations

from flask import Flask

from echo.web import (
    account,
    bulk,
    chat_forms,
    chat_imports,
    conversations,
    devices,
    documents,
    error_pages,
    form_bodies,
    forwarding,
    google_login,
    health,
    help_page,
    home,
    installing,
    json_bodies,
    keys,
    language,
    own_data,
    passkeys,
    personal,
    personas,
    profile,
    prompts,
    rate_limits,
    recovery,
    request_dates,
    second_factor,
    security_headers,
    sessions,
    settings_panels,
    sharing,
    signup,
    step_up,
    template_helpers,
)
from echo.web.guard import GuardedFlask

PAGES = (
    home,
    help_page,
    account,
    signup,
    recovery,
    second_factor,
    passkeys,
    google_login,
    profile,
    devices,
    settings_panels,
    personal,
    prompts,
    personas,
    keys,
    documents,
    own_data,
    chat_imports,
    chat_forms,
    conversations,
    bulk,
    sharing,
    installing,
    language,
    health,
)


def init_app(app: Flask) -> None:
    """Register every page, then the limits and headers that go around them."""
    language.init_app(app)
    form_bodies.init_app(app)  # first: addresses are read by its parts
    request_dates.init_app(app)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    sessions.init_app(app)
    step_up.init_app(app)
    keys.init_app(app)
    json_bodies.init_app(app)
    template_helpers.init_app(app)
    error_pages.init_app(app)
    security_headers.init_app(app)


__all__ = ["GuardedFlask", "forwarding", "init_app", "rate_limits"]
