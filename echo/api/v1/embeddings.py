"""`POST /v1/embeddings`: texts as vectors, in OpenAI's form. Knows no model."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from flask import Response, g
from pydantic import BeforeValidator, Field

from echo.api.v1.body import Body, Many, read
from echo.api.v1.edge import blueprint
from echo.errors import InvalidInput
from echo.limits import EMBEDDED_TEXTS, MODEL_NAME_CHARS
from echo.services.library import embedding
from echo.services.turns import embeddings as texts_as_vectors


def as_texts(value: Any) -> Any:
    """Return the input as texts; tokens are those of another model."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and any(isinstance(one, int | list) for one in value):
        raise ValueError(
            "texts, please: tokens are not taken (LangChain: check_embedding_ctx_length=False)"
        )
    return value


Text = Annotated[str, Field(min_length=1)]


class Embeddings(Body):
    """`POST /v1/embeddings`."""

    input: Annotated[
        Many[Text],
        Field(min_length=1, max_length=EMBEDDED_TEXTS),
        BeforeValidator(as_texts, json_schema_input_type=str | list[str]),
    ]
    model: str | None = Field(None, max_length=MODEL_NAME_CHARS)
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(None, ge=1)


@blueprint.post("/embeddings")
def embeddings() -> Response:
    """Return a vector for each text; nothing of them is kept."""
    body = read(Embeddings)
    if body.dimensions not in (None, embedding.DIMENSIONS):
        words = f"the vectors have {embedding.DIMENSIONS} dimensions, as they were trained"
        raise InvalidInput(words, field="dimensions")
    name, found = texts_as_vectors.embed(
        g.program, body.input, body.model or None, body.encoding_format or "float"
    )
    data = ",".join(
        f'{{"object":"embedding","index":{number},"embedding":{vector}}}'
        for number, vector in enumerate(found.vectors)
    )
    usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    ends = f'"model":{json.dumps(name)},"usage":{json.dumps(usage)}'
    return Response(f'{{"object":"list","data":[{data}],{ends}}}\n', mimetype="application/json")
