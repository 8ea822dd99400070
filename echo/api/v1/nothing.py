"""Addresses below `/v1/` that there are not: told in the form that OpenAI's clients read."""

from __future__ import annotations

from typing import NoReturn

from flask import request

from echo.api.v1.edge import blueprint
from echo.errors import NotFound


@blueprint.route("/<path:rest>", methods=["GET", "POST"])
def nothing(rest: str) -> NoReturn:
    raise NotFound(f"There is no {request.method} /v1/{rest[:100]} here.")
