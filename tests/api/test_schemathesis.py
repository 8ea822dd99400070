"""Requests of every kind that the OpenAPI document allows and forbids, in this process: nothing surprises.

A few for each operation, others each time; `ECHO_EXAMPLES=50` tries more.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import errors as hypothesis_errors
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from werkzeug.routing import Rule

from echo.api.description import document, protocols
from echo.generation import Script, ScriptedReply
from echo.models import RoleName, User
from echo.scopes import Scope
from echo.services.chats import personas
from tests.api.keys import key_of, shows
from tests.security.world import World, build

EXAMPLES = int(os.environ.get("ECHO_EXAMPLES", "2"))
NOT_TOLD_BY_SCHEMAS = [positive_data_acceptance]
"""What can be seen in a title, which model there is, what goes together: only the answer knows."""
some = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def script() -> Script:
    return Script(default=ScriptedReply(text="Yes.", delay_ms=0, first_delay_ms=0))


class Api:
    """All operations, asked by a super admin who has one of everything."""

    def __init__(self, app: Flask, owner: User) -> None:
        self.app, self.owner = app, owner
        self.world: World = build(owner)
        self.headers = shows(key_of(owner, *Scope))
        self.schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        refusals = self.schema.config.checks.negative_data_rejection.expected_statuses
        refusals.append("413")  # a text that is far too long makes a body that is

    def operations(self) -> Iterator[tuple[Rule, str, Any]]:
        for rule, method, _ in document.operations(self.app):
            yield rule, method, self.schema[document.path_of(rule)][method.upper()]

    def named(self, rule: Rule, world: World) -> dict[str, str]:
        """Return the arguments of an address by the names that the document gives them."""
        names = document.names_of(rule)
        return {names[name]: value for name, value in world.arguments(rule).items()}

    def ask(self, case: Any) -> Any:
        """Send a request as a program does, and hold the answer against the document."""
        return contextvars.Context().run(
            case.call_and_validate, headers=self.headers, excluded_checks=NOT_TOLD_BY_SCHEMAS
        )


@pytest.fixture
def api(app: Flask, make_user: Callable[..., User]) -> Api:
    return Api(app, make_user("owner", role=RoleName.SUPER_ADMIN))


REFUSED_ALL_THE_SAME = {
    "api_token.make": 401, "api_token.refresh": 401, "api_users.remove": 400,
    "api_conversations.restore": 404, "api_folders.restore": 404, "api_personas.restore": 404,
    "v1.embeddings": 404, "v1.transcriptions": 404, "v1.speech": 404,
    "api_conversations.import_file": 400,  # without a file
    "api_documents.restore": 404, "api_collections.restore": 404,
}  # fmt: skip


def test_what_is_right_is_answered_as_described(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personas, "PERSONAS_MAX", 1_000)  # each operation has a world of its own
    for rule, method, operation in api.operations():
        world = build(api.owner)
        body, media = world.body(rule.endpoint).get("json"), "application/json"
        if rule.endpoint in ("api_documents.upload", "v1.transcriptions"):
            body, media = {"file": b"Walruses are large."}, "multipart/form-data"
        case = operation.Case(
            path_parameters=api.named(rule, world),
            **({} if body is None or not operation.body else {"body": body}),
            media_type=media if operation.body else None,
        )
        status = api.ask(case).status_code
        assert status in (REFUSED_ALL_THE_SAME.get(rule.endpoint, 200), 201, 204), (
            method,
            rule.rule,
        )


def test_streams_are_of_events_as_described(api: Api) -> None:
    streams = 0
    for rule, _, operation in api.operations():
        if getattr(protocols.OPERATIONS.get(rule.endpoint), "media", ()) == protocols.STREAM:
            body = {**api.world.body(rule.endpoint)["json"], "stream": True}
            answer = api.ask(operation.Case(body=body, media_type="application/json"))
            assert answer.headers["content-type"][0].startswith("text/event-stream")
            streams += 1
    assert streams == 4


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_asked_is_answered_as_described(mode: GenerationMode, api: Api) -> None:
    asked = 0
    for rule, _, operation in api.operations():
        named = api.named(rule, api.world) if mode is GenerationMode.POSITIVE else None

        @some
        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=named))
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            api.ask(case)

        try:
            ask()
        except (hypothesis_errors.Unsatisfiable, pytest.skip.Exception):
            continue  # there is nothing that it forbids
    assert asked > 20 * EXAMPLES
