"""Fixtures of the page tests: browsers that share nothing, and signed-in ones."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from echo.extensions import db, limiter
from echo.forms import spam_trap
from echo.models import User
from tests.web.browser import Browser


@pytest.fixture
def client(app: Flask) -> Browser:
    """Override of the root fixture: requests do not see the test's own context."""
    app.test_client_class = Browser
    return Browser(app, app.response_class, True)


@pytest.fixture
def signed_in(app: Flask, client: Browser, login: Callable[..., str]) -> Callable[[User], Browser]:
    """A new browser in which this user is signed in."""

    def make(user: User) -> Browser:
        browser = Browser(app, app.response_class, True)
        login(browser, user)
        return browser

    return make


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def ada_browser(ada: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(ada)


@pytest.fixture
def form_time(app: Flask) -> Callable[[], str]:
    """What the hidden field of a form that is shown now holds."""
    return spam_trap.new_time


@pytest.fixture
def csrf_on(app: Flask) -> None:
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_CHECK_DEFAULT=True)


@pytest.fixture
def limits_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limiter, "enabled", True)
    limiter.reset()
    yield
    limiter.reset()


@pytest.fixture
def fresh(app: Flask) -> Callable[[], None]:
    """Forget what the test's own database session has read."""
    return db.session.expire_all
