"""Fixtures of the help's tests."""

import pytest

from echo.policies import RoleName
from echo.services.help import Prompting, facts
from tests.services.help.site import here


@pytest.fixture
def told() -> Prompting:
    """What a plain user's model is told on a server with its usual settings."""
    return Prompting(RoleName.USER, facts.of(*here()))
