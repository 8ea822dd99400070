"""The OpenAPI document: it says of every route what the tables and the routes themselves say, and holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from echo.api.description import document, reading
from echo.api.operations import operation
from echo.api.rest.feedback import Category
from echo.api.rest.messages import Reason
from echo.errors import InvalidInput
from echo.limits import FEEDBACK_CATEGORIES, RATING_REASONS
from echo.models import RoleName, User
from echo.scopes import KEY_SCOPES
from tests.web.browser import Browser

UNDESCRIBED = {"v1.nothing", "api_description.openapi", "api_description.docs"}


@pytest.fixture
def told(client: Browser) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return dict(answer.get_json())


def test_every_route_and_method_of_programs_is_described(app: Flask, told: dict[str, Any]) -> None:
    real = {
        (document.path_of(rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/v1/")) and rule.endpoint not in UNDESCRIBED
    }
    assert {(path, method) for path, found in told["paths"].items() for method in found} == real
    assert len(real) > 25


def test_it_says_which_scopes_open_a_route(app: Flask, told: dict[str, Any]) -> None:
    for found in told["paths"].values():
        for each in found.values():
            endpoint = re.sub(
                r"^(api_[a-z]+|v1_messages|v1_responses|v1)_", r"\1.", each["operationId"]
            )
            assert set(each["x-scopes"]) == KEY_SCOPES.get(endpoint, frozenset()), endpoint
            assert bool(each["security"]) is (endpoint in KEY_SCOPES)
            assert each["summary"].endswith("."), endpoint


def test_it_is_openapi_3_1_whose_schemas_are_schemas(told: dict[str, Any]) -> None:
    assert told["openapi"] == "3.1.0"
    schemas = told["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    named = set(re.findall(r"#/components/schemas/([^\"'}]+)", repr(told)))
    assert named <= set(schemas)
    assert {"NewConversation", "ChatCompletion", "Messages", "Error", "OpenAIError"} <= named


def test_a_route_of_which_nothing_is_declared_is_refused_by_name(app: Flask) -> None:
    app.view_functions["api_me.me"] = lambda: ""
    with pytest.raises(LookupError, match=r"api_me\.me"):
        list(document.operations(app))


def test_what_may_be_chosen_is_what_the_page_offers() -> None:
    assert get_args(Category) == tuple(FEEDBACK_CATEGORIES)
    assert get_args(Reason) == tuple(RATING_REASONS)


def test_an_answer_of_nothing_is_done(app: Flask) -> None:
    with app.test_request_context("/?x=1"), pytest.raises(InvalidInput) as refused:
        operation(None)(lambda: None)()
    assert refused.value.field == "x"
    with app.test_request_context("/"):
        assert operation(None)(lambda: None)().status_code == 204


@pytest.mark.parametrize("role", [None, RoleName.USER])
def test_the_page_shows_every_operation_and_fetches_nothing(
    role: RoleName | None, client: Browser, told: dict[str, Any],
    make_user: Callable[..., User], login: Callable[..., str],
) -> None:  # fmt: skip
    if role is not None:
        login(client, make_user("ada", role=role))
    page = client.get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    for path in told["paths"]:
        assert path in page.text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page.text) == []
    assert "at most" in page.text


def test_the_words_of_the_page_tell_types(told: dict[str, Any]) -> None:
    entries = {entry.id: entry for room in reading.rooms(told) for entry in room.entries}
    assert len(entries) == sum(len(found) for found in told["paths"].values())
    create = {field.name: field for field in entries["api_users_create"].body}
    assert create["password"].kind == "text, 8 to 128 characters"
    assert create["role"].kind == "“user” or “analyst” or “admin” or “super_admin”"
    assert (create["username"].is_required, create["role"].is_required) == (True, False)
    assert entries["api_conversations_remove"].status == "204"
