"""A test client whose requests share nothing with the test but cookies, as in a real server."""

from __future__ import annotations

import contextvars
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

AJAX = {"X-Requested-With": "XMLHttpRequest"}


class Browser(FlaskClient):
    """Each request runs in an empty context: its own application context, `g` and database session."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response: TestResponse = contextvars.Context().run(super().open, *args, **kwargs)
        return response

    def ajax(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Post a form as the pages' scripts do."""
        headers = {**AJAX, **kwargs.pop("headers", {})}
        return self.post(path, data=data or {}, headers=headers, **kwargs)
