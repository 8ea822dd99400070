"""A world of things with an owner, and everybody who might reach for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import RoleName, User
from tests.conftest import Tab, give_role, switch
from tests.security import world
from tests.web.browser import Browser
from tests.web.conftest import csrf_on, limits_on

__all__ = ["csrf_on", "limits_on"]

PEOPLE = (
    "visitor", "owner", "stranger", "analyst", "admin", "super_admin", "demoted", "deactivated",
)  # fmt: skip


@pytest.fixture
def script() -> Script:
    """Answers that come at once."""
    return Script(default=ScriptedReply(text="Yes.", delay_ms=0, first_delay_ms=0))


@dataclass
class Somebody:
    """One kind of person: what their role is now (None: nobody), and how they browse."""

    kind: str
    role: RoleName | None
    user: User | None
    browser: Browser
    tabs: list[Tab] = field(default_factory=list)


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user("owner")


@pytest.fixture
def things(owner: User) -> world.World:
    """What belongs to the owner."""
    return world.build(owner)


@pytest.fixture
def somebody(
    app: Flask, owner: User, make_user: Callable[..., User], login: Callable[..., str]
) -> Callable[[str], Somebody]:
    """Return a person of one kind, signed in with one open tab where they can be."""

    def become(kind: str) -> Somebody:
        browser = Browser(app, app.response_class, True)
        if kind == "visitor":
            return Somebody(kind, None, None, browser)
        before = RoleName.ADMIN if kind == "demoted" else _role_of(kind)
        user = owner if kind == "owner" else make_user(f"the_{kind}", role=before)
        login(browser, user)
        tabs = [Tab(app, browser)]
        if kind == "demoted":
            give_role(user, RoleName.USER)
        if kind == "deactivated":
            switch(user, False)
        db.session.commit()
        role = None if kind == "deactivated" else RoleName(user.role.name)
        return Somebody(kind, role, user, browser, tabs)

    return become


def _role_of(kind: str) -> RoleName:
    return RoleName(kind) if kind in RoleName.__members__.values() else RoleName.USER
