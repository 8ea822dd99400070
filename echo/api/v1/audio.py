"""`POST /v1/audio/transcriptions`: what is said in a file of sound, in OpenAI's form. Knows no model."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any, Final, Literal

from flask import Response, g, jsonify, request
from flask_login import current_user
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from echo.api.bodies import Text, refusal
from echo.api.v1.edge import blueprint
from echo.errors import InvalidInput
from echo.extensions import take_bodies_of
from echo.limits import MODEL_NAME_CHARS, SOUND_PROMPT_CHARS, SOUND_REQUEST_BYTES
from echo.services.serving.listener import Heard, Wanted
from echo.services.turns import transcriptions as sound_to_words

FILE: Final = "Send a file of sound, as multipart/form-data."
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}$", to_lower=True)]


class Fields(BaseModel):
    """What stands beside the file, as texts. Unknown ones are passed over, as OpenAI does."""

    model_config = ConfigDict(allow_inf_nan=False)

    model: str = Field("", max_length=MODEL_NAME_CHARS)
    language: Language | None = None
    prompt: Text | None = Field(None, max_length=SOUND_PROMPT_CHARS)
    response_format: Literal["json", "text", "verbose_json"] = "json"
    temperature: float | None = Field(None, ge=0, le=1)
    stream: Literal["false", "False", "0"] = "false"


class Transcription(Fields):
    """`POST /v1/audio/transcriptions`."""

    file: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]


@blueprint.url_value_preprocessor
def _allow_sound(endpoint: str | None, _values: Any) -> None:
    """Take larger bodies here than elsewhere; must run before the CSRF check reads the form."""
    if endpoint == "v1.transcriptions":
        take_bodies_of(SOUND_REQUEST_BYTES)


@blueprint.post("/audio/transcriptions")
def transcriptions() -> Response:
    """Write down what is said; any model's name means the one that is installed."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(FILE, field="file")
    with closing(file):
        fields = _fields()
        wanted = Wanted(fields.language, fields.prompt, fields.temperature)
        program = g.get("program")
        heard = sound_to_words.transcribe(
            current_user.id, program.key_id if program else None, file.stream, wanted
        )
    return _answer(heard, fields.response_format)


def _fields() -> Fields:
    given = {name: value for name, value in request.form.items() if value != ""}
    try:
        return Fields.model_validate(given)
    except ValidationError as failure:
        raise refusal(failure) from failure


def _answer(heard: Heard, form: str) -> Response:
    if form == "text":
        return Response(f"{heard.text}\n", mimetype="text/plain")
    usage = {"type": "duration", "seconds": round(heard.seconds)}
    if form == "json":
        return jsonify(text=heard.text, usage=usage)
    return jsonify(
        task="transcribe",
        language=heard.language,
        duration=heard.seconds,
        text=heard.text,
        segments=heard.segments,
        usage=usage,
    )
