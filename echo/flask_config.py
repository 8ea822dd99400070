"""The settings under the names that Flask and its extensions read. Knows no environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy.pool import QueuePool

from echo.config import MAIL_PORTS, Settings
from echo.limits import REQUEST_BYTES

REMEMBERED = timedelta(days=90)  # the longest life of a session; its row decides


def flask_config(settings: Settings) -> dict[str, Any]:
    """Return all of them."""
    redis = settings.redis_url
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings.sqlalchemy_url),
        "MAX_CONTENT_LENGTH": REQUEST_BYTES,
        "SESSION_COOKIE_NAME": "echo_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": REMEMBERED,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a chat page stays open for days
        "BCRYPT_HANDLE_LONG_PASSWORDS": True,
        "CACHE_TYPE": "RedisCache" if redis else "SimpleCache",
        "CACHE_REDIS_URL": redis,
        "CACHE_THRESHOLD": 20_000,
        "RATELIMIT_STORAGE_URI": redis or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": {"wrap_exceptions": True} if redis else {},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": bool(redis),
        "COMPRESS_MIMETYPES": [
            "text/html",
            "text/javascript",
            "application/javascript",
            "text/css",
            "image/svg+xml",
        ],
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        **_mail_config(settings),
        "REDIS_URL": redis,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def _mail_config(settings: Settings) -> dict[str, Any]:
    """Return Flask-Mail's names for the parts of MAIL_URL."""
    parts = urlsplit(settings.mail_url)
    host = urlsplit(settings.public_url).hostname or "localhost"
    return {
        "MAIL_SERVER": parts.hostname or "",
        "MAIL_PORT": parts.port or MAIL_PORTS.get(parts.scheme, 25),
        "MAIL_USE_SSL": parts.scheme == "smtps",
        "MAIL_USE_TLS": parts.scheme == "smtp" and parts.port == 587,
        "MAIL_USERNAME": unquote(parts.username) if parts.username else None,
        "MAIL_PASSWORD": unquote(parts.password) if parts.password else None,
        "MAIL_DEFAULT_SENDER": settings.mail_from or f"Echo <echo@{host}>",
    }


def _engine_options(url: str) -> dict[str, Any]:
    """Return pool options under which nobody waits: green code must not wait on a native lock."""
    return {
        "poolclass": QueuePool,
        "pool_size": 10,
        "max_overflow": -1,
        "pool_pre_ping": not url.startswith("sqlite"),
        "hide_parameters": True,  # addresses and texts do not belong into the log of a failure
    }
