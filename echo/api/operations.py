"""What a route takes and answers, declared beside it: read by the route itself and by its description.

Knows no one route.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel

from echo.api.bodies import Body, Query, read, read_query

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One act of one route. `answer` None: it says nothing but that it is done."""

    answer: type[BaseModel] | None
    body: type[BaseModel] | None = None
    query: type[Query] = Query
    status: HTTPStatus = HTTPStatus.OK
    media: tuple[str, ...] = ()
    """Of answers that are texts, besides JSON."""
    form: type[BaseModel] | None = None
    """Of a multipart form, which the view reads itself."""


def operation(
    answer: type[BaseModel] | None,
    *,
    body: type[Body] | None = None,
    query: type[Query] = Query,
    status: HTTPStatus = HTTPStatus.OK,
    media: tuple[str, ...] = (),
    form: type[BaseModel] | None = None,
) -> Callable[[View], View]:
    """Give a view what it takes, as `body` and `query`, and answer what it returns as JSON."""
    done = HTTPStatus.NO_CONTENT if answer is None and not media else status
    declared = Operation(answer, body, query, done, media, form)

    def around(view: View) -> View:
        @wraps(view)
        def asked(**arguments: Any) -> Response:
            given = read_query(query)
            if query is not Query:
                arguments["query"] = given
            if body is not None:
                arguments["body"] = read(body)
            found = view(**arguments)
            if isinstance(found, Response):
                return found
            response = Response() if answer is None else jsonify(found)
            response.status_code = done
            return response

        asked.operation = declared  # type: ignore[attr-defined]
        return asked

    return around
