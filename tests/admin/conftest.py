"""People of each role, and a client that is signed in as any of them."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from echo.admin.chart_worker import ChartWorker
from echo.models import RoleName, User
from tests.web.browser import Browser


@pytest.fixture
def people(make_user: Callable[..., User]) -> dict[str, User]:
    """One person of each role, by the role's name."""
    return {role.value: make_user(f"the_{role.value}", role=role) for role in RoleName}


@pytest.fixture
def as_role(
    app: Flask, people: dict[str, User], login: Callable[[FlaskClient, User], str]
) -> Callable[[str], FlaskClient]:
    """Return a client signed in with a role; the role `visitor` is nobody."""

    def client(role: str) -> FlaskClient:
        found = Browser(app, app.response_class, True)
        if role != "visitor":
            login(found, people[role])
        return found

    return client


@pytest.fixture
def root(as_role: Callable[[str], FlaskClient]) -> FlaskClient:
    """A client of the super admin."""
    return as_role("super_admin")


@pytest.fixture
def drawing(app: Flask, drawing_process: ChartWorker) -> ChartWorker:
    """The process in which the application draws."""
    return drawing_process
