"""Fixtures of all tests: an application on a fresh database, with a scripted engine.

This process is not patched by eventlet (its hub runs all the same): the browser's driver needs plain
sockets. What depends on the patch is tested against the real server, in a process of its own.
"""

import contextlib
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eventlet
import flask_migrate
import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient

from echo import config, engines, logs
from echo.admin.chart_worker import ChartWorker
from echo.app import create_app
from echo.extensions import bcrypt, db, limiter
from echo.generation import Engine, EngineConfig, Script, ScriptedReply
from echo.models import RoleName, User
from echo.services.accounts import accounts
from echo.services.documents.reader_process import ReaderProcess
from echo.services.people import administration
from echo.services.sign_in import devices
from echo.sockets import hub_bridge
from tests import cheap_apps, second_try
from tests.databases import PostgresServer, postgres, postgres_url, redis_server
from tests.mail_fixtures import mail_process, settle, smtp_server
from tests.second_try import pytest_terminal_summary
from tests.tabs import Tab
from tests.waiting import PATIENCE
from tests.web.pseudo import pseudo_folder, pseudo_german

__all__ = [  # fixtures and a hook that stand elsewhere
    "mail_process", "postgres", "postgres_url", "pseudo_folder", "pseudo_german",
    "pytest_terminal_summary", "redis_server", "settle", "smtp_server",
]  # fmt: skip
PASSWORD = "correct horse battery"
LAST_WORDS_SECONDS = 2.0

gc.disable()  # until everything is imported and collected
logs.configure("WARNING", "console")
cheap_apps.prepare()
hypothesis.settings.register_profile("busy", deadline=None)  # an example takes what it takes
hypothesis.settings.load_profile("busy")

MARKED_FOLDERS = {
    "browser": ("browser", "live"), "live": ("live",), "faults": ("live",), "contract": ("server",),
}  # fmt: skip
LONG = {*MARKED_FOLDERS, "training", "weights"}
DATABASE = os.environ.get("ECHO_TEST_DATABASE", "sqlite")
SERVERS = {"postgresql", "postgres", "redis_server", "smtp_server", "real_process"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than this process; begin with the folders whose files take longest.

    Files are handed to workers in this order, so that none is left alone with a long one at the end.
    """
    for item in items:
        for mark in MARKED_FOLDERS.get(folder_of(item), ()):
            item.add_marker(mark)
        if SERVERS.intersection(needed_by(item)):
            item.add_marker("server")
        second_try.allow(item)
        if item.get_closest_marker("sqlite") and DATABASE != "sqlite":
            item.add_marker(pytest.mark.skip(reason="it is about SQLite itself"))
    items.sort(key=lambda item: folder_of(item) not in LONG)


def needed_by(item: pytest.Item) -> set[str]:
    """Return the names of fixtures that a test asks for, its kind of database among them."""
    kinds = getattr(getattr(item, "callspec", None), "params", {})
    return {*getattr(item, "fixturenames", ()), kinds.get("database", DATABASE)}


def folder_of(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


def pytest_collection_finish() -> None:
    """Leave the imported libraries out of every later garbage collection: they stay to the end."""
    gc.enable()
    gc.set_threshold(200_000)  # an application, some 20,000 objects in circles, dies young
    gc.collect()
    gc.freeze()


def settings_for(folder: Path, **overrides: Any) -> config.Settings:
    """Settings that read no environment but the given values."""
    values = {
        "instance": folder,
        "secret_key": "k3Jq9-ZtV7xWm2Rb8Yc4Ld6Nf1Hg5PsTuAeBiCo",
        "engine": "scripted",
        "redis_url": "",
        "titles": "off",  # each answer would be followed by a question of Echo's own
        "access_log": "off",  # so that tests of the log find its other lines alone
    }
    return config.load(_env_file=None, **{"database_url": "", **values, **overrides})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    app = create_app(settings_for(folder))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()  # all is in the one file then
    return folder / "echo.sqlite3"


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated, empty database on PostgreSQL, made once and copied for each test."""
    url = postgres.new_database()
    app = create_app(settings_for(tmp_path_factory.mktemp("migrated_postgres"), database_url=url))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    return url.rpartition("/")[2]


@pytest.fixture
def database() -> str:
    """The kind of database; what must hold on both kinds has this as a parameter of its own."""
    return DATABASE


@pytest.fixture
def database_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated, empty database of the test's own; none for SQLite's usual place."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "echo.sqlite3")
        yield ""
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.new_database(request.getfixturevalue("migrated_postgres"))
        yield url
        postgres.drop_database(url)


@pytest.fixture(scope="session")
def matplotlib_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where drawing processes keep the list of fonts, which takes seconds to make."""
    return tmp_path_factory.mktemp("matplotlib")


@pytest.fixture(scope="session")
def drawing_process(matplotlib_folder: Path) -> Iterator[ChartWorker]:
    """One real drawing process for all tests that need no fresh one: it takes seconds to start."""
    worker = cheap_apps.SharedDrawing(matplotlib_folder, PATIENCE)
    yield worker
    worker.stop()


@pytest.fixture
def script() -> Script:
    """What the scripted engine says; tests override this fixture."""
    return Script(default=ScriptedReply(text="Hello there, this is a scripted answer."))


@pytest.fixture
def engine_config() -> EngineConfig:
    return EngineConfig(model="scripted", restart_pause_seconds=0.01)


@pytest.fixture
def app(
    tmp_path: Path,
    database_url: str,
    script: Script,
    engine_config: EngineConfig,
    monkeypatch: pytest.MonkeyPatch,
    drawing_process: ChartWorker,
) -> Iterator[Flask]:
    monkeypatch.setattr("echo.forms.spam_trap.FORM_MIN_SECONDS", 0)
    monkeypatch.setattr("echo.forms.spam_trap.FORM_MAX_SECONDS", 3600)
    box: dict[str, Any] = {}
    monkeypatch.setattr(
        engines,
        "build",
        lambda app, _s: box.setdefault(
            "engine", Engine.scripted(script, engine_config, app.extensions["wakeup"].post)
        ),
    )
    app = create_app(settings_for(tmp_path, database_url=database_url))
    cheap_apps.share(app)
    app.extensions["chart_worker"] = drawing_process
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WTF_CSRF_CHECK_DEFAULT=False)
    monkeypatch.setattr(limiter, "enabled", False)
    monkeypatch.setattr(bcrypt, "_log_rounds", 4)
    box["engine"].start()
    bridge = hub_bridge.start(app.extensions["turns"], app.extensions["wakeup"])
    with app.app_context():
        yield app
        box["engine"].stop(timeout=5)
        ReaderProcess.of(app).stop()
        _let_turns_end(app)
        db.session.remove()
        db.engine.dispose()
    bridge.end()
    SocketIOTestClient.clients.clear()  # it would keep every application of every test


def _let_turns_end(app: Flask) -> None:
    """Let what is still being written be stored, before its database goes."""
    turns = app.extensions["turns"]
    with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(LAST_WORDS_SECONDS):
        while turns.live:
            eventlet.sleep(0.005)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make_user(app: Flask) -> Callable[..., User]:
    """Make an account: `make_user("ada", role=RoleName.ADMIN)`; its password is PASSWORD."""

    def make(username: str = "ada", role: str = RoleName.USER, **changes: Any) -> User:
        user = accounts.sign_up(username, f"{username}@example.org", PASSWORD, RoleName(role))
        for name, value in changes.items():
            setattr(user, name, value)
        db.session.commit()
        return user

    return make


def superior() -> User:
    """Return the super admin by whom tests change other people's accounts; made when first needed."""
    role = RoleName.SUPER_ADMIN
    found = accounts.find("superior")
    return found or accounts.sign_up("superior", "superior@example.org", PASSWORD, role)


def switch(user: User, active: bool) -> None:
    """Switch an account on or off, by the same service as the pages."""
    administration.switch(superior(), user.id, active)


def give_role(user: User, role: RoleName, actor: User | None = None) -> None:
    """Give an account a role, by the same service as the pages."""
    names = {"username": user.username, "email": user.email}
    administration.edit_user(actor or superior(), user.id, **names, active=user.active, role=role)


@pytest.fixture
def login(app: Flask) -> Callable[[FlaskClient, User], str]:
    """Sign a client in without the form; returns the device's token."""

    def sign_in(client: FlaskClient, user: User) -> str:
        db.session.refresh(user)  # a request may have changed it meanwhile
        token = devices.sign_in(user, address="127.0.0.1", user_agent="test", remember=False)
        with client.session_transaction() as session:
            session["device"] = token
        return token

    return sign_in


@pytest.fixture
def open_tab(app: Flask, login: Callable[[FlaskClient, User], str]) -> Callable[[User], Tab]:
    """Open a tab of a signed-in user."""

    def open_for(user: User) -> Tab:
        client = app.test_client()
        login(client, user)
        return Tab(app, client)

    return open_for
