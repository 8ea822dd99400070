"""Fixtures of the services' tests."""

from collections.abc import Callable

import pytest

from echo.models import User


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")
