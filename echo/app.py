"""`create_app` binds each part, in order, and knows nothing else about any of them."""

from __future__ import annotations

from flask import Flask

from echo import admin, api, cluster, config, engines, extensions, sockets, watching, web
from echo.config import ROOT, Settings
from echo.flask_config import flask_config
from echo.generation import ServingEngine
from echo.hub_lag import HubLag
from echo.services.turns import Turns


def create_app(settings: Settings | None = None, engine: ServingEngine | None = None) -> Flask:
    """Return the application; its engine is built but not started (`echo.cli.serve` does that).

    Raises:
        ConfigurationError: a setting cannot be used; the text names it.
    """
    settings = settings or config.load()
    app = web.GuardedFlask(
        "echo",
        instance_path=str(settings.instance),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
    )
    app.config.from_mapping(flask_config(settings))
    app.extensions["settings"] = settings
    extensions.init_app(app)
    cluster.init_app(app, settings)
    engines.init_app(app, settings)
    engine = engine or engines.build(app, settings)
    models = app.extensions["models"] = engines.models_of(app, engine, settings)
    cluster.of(app).on("models_changed", models.refresh_as_told)
    app.extensions["turns"] = Turns(app, models, settings)
    app.extensions["hub_lag"] = HubLag()
    web.init_app(app)
    api.init_app(app)
    admin.init_app(app)
    watching.init_app(app)
    web.rate_limits.init_app(app)
    sockets.init_app(app)
    web.forwarding.init_app(app, settings.trusted_proxies)
    return app
