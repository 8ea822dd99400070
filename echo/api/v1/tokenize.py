"""`POST /v1/tokenize`: the tokens of a text, as a model reads it. A form of Echo's own."""

from __future__ import annotations

from flask import Response, jsonify
from flask_login import current_user
from pydantic import Field

from echo.api.v1 import reading
from echo.api.v1.body import Body, read
from echo.api.v1.edge import blueprint
from echo.limits import MODEL_NAME_CHARS, TOKENIZED_CHARS
from echo.services.serving import Models, tokenizing


class Tokenize(Body):
    """`POST /v1/tokenize`."""

    text: str = Field(max_length=TOKENIZED_CHARS)
    model: str | None = Field(None, max_length=MODEL_NAME_CHARS)


@blueprint.post("/tokenize")
def tokenize() -> Response:
    """Return the ids of a text's tokens; nothing of it is kept and nothing counts but the request."""
    body = read(Tokenize)
    with reading.naming_models():
        name, tokens = tokenizing.tokenize(
            Models.here(), current_user.role_name, body.text, body.model or None
        )
    return jsonify(model=name, tokens=tokens, count=len(tokens))
