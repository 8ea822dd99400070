"""Accounts on a real server, made by the services on its database while it serves.

The form costs three seconds of its spam trap and a place in the limit of sign-ups; a command costs the
start of a process. Knows no process, only a server's folder and settings.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from echo import config, extensions, languages
from echo.clock import utc_now
from echo.extensions import db
from echo.flask_config import flask_config
from echo.forms import spam_trap
from echo.limits import FORM_MIN_SECONDS
from echo.models import RoleName
from echo.services.accounts import accounts
from echo.services.sign_in import devices

CHEAP_ROUNDS = 4  # of bcrypt; who compares reads them from the hash


def app_on(instance: Path, environment: dict[str, str]) -> Flask:
    """Return an application that has the server's database and secret, and nothing else of it."""
    settings = config.load(
        _env_file=None,
        instance=instance,
        engine="scripted",
        secret_key=environment.get("SECRET_KEY", ""),
        database_url=environment.get("DATABASE_URL", ""),
        redis_url="",
    )
    app = Flask("accounts")
    app.config.from_mapping(flask_config(settings), BCRYPT_LOG_ROUNDS=CHEAP_ROUNDS)
    app.extensions["settings"] = settings
    extensions.init_app(app)
    languages.init_app(app)
    return app


def make(app: Flask, name: str, password: str, role: str) -> None:
    """Make an account."""
    with app.app_context():
        accounts.sign_up(name, f"{name}@example.org", password, RoleName(role))
        db.engine.dispose()


def sign_in(app: Flask, name: str, user_agent: str) -> dict[str, str]:
    """Sign somebody in on a new device; return its browser's cookies."""
    with app.app_context():
        user = accounts.find(name)
        assert user is not None, name
        token = devices.sign_in(user, address="127.0.0.1", user_agent=user_agent, remember=False)
        db.engine.dispose()
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return {app.config["SESSION_COOKIE_NAME"]: str(signer.dumps({devices.SESSION_KEY: token}))}


def time_of_form(app: Flask) -> str:
    """Return the signed time of a form that was shown just long enough ago to be sent."""
    signer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=spam_trap.SALT)
    return str(signer.dumps(utc_now().timestamp() - FORM_MIN_SECONDS))
