"""`GET /v1/models`: what the person whose key it is may ask."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask_login import current_user

from echo.api.v1.edge import blueprint
from echo.errors import NotFound
from echo.services.serving import Models, ModelView


@blueprint.get("/models")
def models() -> Response:
    """List the models that one may ask."""
    return jsonify(object="list", data=[_model(view) for view in _allowed()])


@blueprint.get("/models/<path:model_id>")
def model(model_id: str) -> Response:
    """Get one of them."""
    found = next((view for view in _allowed() if view.name == model_id), None)
    if found is None:
        raise NotFound(f"There is no model “{model_id[:64]}” here for you.", field="model")
    return jsonify(_model(found))


def _allowed() -> list[ModelView]:
    return Models.here().for_role(current_user.role_name)


def _model(view: ModelView) -> dict[str, Any]:
    """Return a model in OpenAI's form, with what Echo knows besides."""
    added = view.installed.added_at if view.installed else None
    public = view.public()
    names = ("title", "base", "parameters", "state", "context", "is_default")
    return {
        "id": view.name,
        "object": "model",
        "created": int(added.timestamp()) if added else 0,
        "owned_by": "echo",
        **{name: public[name] for name in names},
    }
