"""Is the process alive, and are its database and engine ready? Knows neither from inside."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from echo.extensions import csrf, db
from echo.services.turns import Turns

blueprint = Blueprint("health", __name__)
csrf.exempt(blueprint)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive: the hub answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: database and engine answer; 503 says which does not."""
    engine = Turns.here().engine.health()
    parts = {
        "database": "ok" if _database_answers() else "unavailable",
        "engine": "ok" if engine.state == "ready" else engine.state,
    }
    ready = all(state == "ok" for state in parts.values())
    response = jsonify(status="ok" if ready else "unavailable", restarts=engine.restarts, **parts)
    response.status_code = 200 if ready else 503
    return response


def _database_answers() -> bool:
    try:
        db.session.execute(text("select 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True
