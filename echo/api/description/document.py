"""The OpenAPI 3.1 document of `/api` and `/v1`, made from the routes and what is declared beside them.

Knows no answers. Schemas are pydantic's own: JSON Schema 2020-12 is OpenAPI 3.1's dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from apispec import APISpec
from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from echo import __version__
from echo.api.description import protocols
from echo.api.operations import Operation
from echo.scopes import COOKIELESS, KEY_SCOPES
from echo.services.documents import pictures

PLACES: Final = ("/api/", "/v1/")
REF: Final = "#/components/schemas/{model}"
ARGUMENT: Final = re.compile(r"<(?:\w+:)?((?:\w+_)?(\w+))>")
NUMBERED: Final = ("user_id", "role_id")
MADE_HERE: Final = "api_description."
TEXT: Final = {"type": "string"}
BYTES: Final = {"type": "string", "format": "binary"}
EVENT: Final = {
    "type": "object",
    "properties": {"event": TEXT, "data": TEXT},
    "required": ["data"],
}
"""Each event of a stream: `data` is JSON, or `[DONE]` at the end of OpenAI's chat completions."""
HEADLINES: Final = {
    "token": "Signing in", "me": "Oneself", "conversations": "Conversations", "folders": "Folders",
    "personas": "Personas",
    "tags": "Tags", "sharing": "Sharing", "members": "People in a chat", "messages": "Messages",
    "documents": "Documents",
    "collections": "Collections",
    "decisions": "Guardrails", "feedback": "Feedback", "users": "Accounts",
    "roles": "Roles", "usage": "Use",
    "v1": "OpenAI’s protocol",
    "v1_responses": "OpenAI’s answers that are kept", "v1_messages": "Anthropic’s protocol",
}  # fmt: skip
ABOUT: Final = (
    "Programs ask in a person’s name, within that person’s rights, limits and daily allowance. They show a "
    "key (Profile, Keys) or a token: `Authorization: Bearer …`. Failures are JSON and name the field."
)


class Error(BaseModel):
    """What went wrong; `field` names the input at fault, `request_id` the failure in the log."""

    status: Literal["error"]
    code: str
    field: str | None
    message: str
    request_id: str = ""


Described = tuple[Rule, str, Operation]


def operations(app: Flask) -> Iterator[Described]:
    """Yield each route and method that programs ask, with what is declared of it.

    Raises:
        LookupError: nothing is declared of one.
    """
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not f"{rule.rule}/".startswith(PLACES) or rule.endpoint in protocols.NOT_ROUTES:
            continue
        if rule.endpoint.startswith(MADE_HERE):
            continue
        declared = getattr(app.view_functions[rule.endpoint], "operation", None)
        declared = declared or protocols.OPERATIONS.get(rule.endpoint)
        if declared is None:
            raise LookupError(f"{rule.endpoint!r} is not described: see echo/api/description")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method.lower(), declared


def document(app: Flask) -> dict[str, Any]:
    """Return the whole document."""
    described = list(operations(app))
    spec = APISpec(
        title="Echo", version=__version__, openapi_version="3.1.0", info={"description": ABOUT}
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    names = _add_schemas(spec, described)
    for headline in HEADLINES.values():
        spec.tag({"name": headline})
    for rule, method, declared in described:
        told = _operation(app, rule, declared, names)
        spec.path(path=path_of(rule), operations={method: told})
    found: dict[str, Any] = spec.to_dict()
    return found


# ── schemas ─────────────────────────────────────────────────────────────────────────────────

Model = tuple[type[BaseModel], JsonSchemaMode]
Names = dict[Model, str]


def _add_schemas(spec: APISpec, described: list[Described]) -> Names:
    """Put the schemas of all bodies and answers into the document; return what each is called."""
    models: set[Model] = {(Error, "serialization")}
    models |= {(kind, "serialization") for kind in protocols.ERRORS.values()}
    for _rule, _method, declared in described:
        models |= {(kind, "validation") for kind in (declared.body, declared.form) if kind}
        if declared.answer is not None:
            models.add((declared.answer, "serialization"))
    wanted = sorted(models, key=lambda model: model[0].__name__)
    references, definitions = models_json_schema(wanted, ref_template=REF)
    for name, schema in definitions["$defs"].items():
        spec.components.schema(name, schema)
    return {model: references[model]["$ref"].rpartition("/")[2] for model in wanted}


def _content(names: Names, model: Model, *texts: str) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=names[model])}
    return {"application/json": {"schema": schema}} | _media(texts)


def _media(kinds: Iterable[str]) -> dict[str, Any]:
    files = (*protocols.SOUND, pictures.MIME)
    known = dict.fromkeys(protocols.STREAM, EVENT) | dict.fromkeys(files, BYTES)
    return {kind: {"schema": known.get(kind, TEXT)} for kind in kinds}


# ── operations ──────────────────────────────────────────────────────────────────────────────


def _operation(app: Flask, rule: Rule, declared: Operation, names: Names) -> dict[str, Any]:
    words = (app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
    needs_nothing = rule.endpoint in COOKIELESS
    scopes = sorted(KEY_SCOPES.get(rule.endpoint, ()))
    told: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": words,
        "tags": [HEADLINES[_room(rule.endpoint)]],
        "security": [] if needs_nothing else [{"bearer": []}],
        "x-scopes": scopes,
        "parameters": [*_in_the_path(rule), *_in_the_query(declared)],
        "responses": _responses(rule, declared, names),
    }
    if declared.body is not None:
        content = _content(names, (declared.body, "validation"))
        told["requestBody"] = {"required": True, "content": content}
    if declared.form is not None:
        schema = {"$ref": REF.format(model=names[(declared.form, "validation")])}
        form = {"multipart/form-data": {"schema": schema}}
        told["requestBody"] = {"required": True, "content": form}
    return told


def _room(endpoint: str) -> str:
    return endpoint.partition(".")[0].removeprefix("api_")


def names_of(rule: Rule) -> dict[str, str]:
    """Return what an address' arguments are called: the first one's thing needs no name (`id`), others do."""
    return {
        whole: short if number == 0 else whole
        for number, (whole, short) in enumerate(ARGUMENT.findall(rule.rule))
    }


def path_of(rule: Rule) -> str:
    """Return an address as OpenAPI writes it: `/api/folders/{id}`."""
    names = names_of(rule)
    return ARGUMENT.sub(lambda found: f"{{{names[found[1]]}}}", rule.rule)


def _in_the_path(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": short,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1} if name in NUMBERED else {"type": "string"},
        }
        for name, short in names_of(rule).items()
    ]


def _in_the_query(declared: Operation) -> list[dict[str, Any]]:
    schema = declared.query.model_json_schema(ref_template=REF)
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": of.pop("description", ""),
            "schema": _without_null(of),
        }
        for name, of in schema.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a value of an address may be: absent, but nothing else than a text."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return {**(kinds[0] if kinds else schema)}


def _responses(rule: Rule, declared: Operation, names: Names) -> dict[str, Any]:
    kind = protocols.ERRORS.get(rule.endpoint.partition(".")[0], Error)
    refused = _content(names, (kind, "serialization"))
    done: dict[str, Any] = {"description": declared.status.phrase}
    if declared.answer is not None:
        done["content"] = _content(names, (declared.answer, "serialization"), *declared.media)
    elif declared.media:
        done["content"] = _media(declared.media)
    return {
        str(int(declared.status)): done,
        "4XX": {
            "description": "It is refused: 400, 401, 403, 404, 409, 413, 429",
            "content": refused,
        },
        "5XX": {"description": "It failed: 500, 503", "content": refused},
    }
