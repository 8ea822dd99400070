"""`/metrics`, in the form that its reader asks for. Knows no number; the door knows who may read it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from prometheus_client.exposition import choose_encoder

from echo.watching.metrics import Metrics

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def text() -> Response:
    """Everything that is measured, as Prometheus reads it."""
    metrics: Metrics = current_app.extensions["metrics"]
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(metrics.registry), content_type=content_type)
