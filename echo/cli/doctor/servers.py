"""Do Redis and the mail server let us in, where they are set?"""

from __future__ import annotations

import secrets
import smtplib
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import redis
from flask import Flask

from echo import config, extensions, languages
from echo.cli.doctor.finding import Finding
from echo.config import Settings
from echo.flask_config import flask_config
from echo.services import mail

SECONDS: Final = 5.0
KEPT_SECONDS: Final = 10
STARTTLS_PORT: Final = 587


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Write, read and forget a value."""
    if not settings.redis_url:
        yield Finding("redis", "ok", "It is not set: this process counts and keeps for itself.")
        return
    try:
        with redis.Redis.from_url(
            settings.redis_url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS
        ) as client:
            version = client.info("server")["redis_version"]
            key, value = f"echo-doctor-{secrets.token_hex(8)}", secrets.token_bytes(8)
            client.set(key, value, ex=KEPT_SECONDS)
            kept = client.getdel(key) == value
    except (redis.RedisError, ValueError, OSError) as failure:
        yield _no_redis(failure)
        return
    if kept:
        yield Finding("redis", "ok", f"Redis {version} answers and keeps what it is given.")
    else:
        yield Finding("redis", "problem", "Redis forgets at once.", "Look at its maxmemory-policy.")


def _no_redis(failure: Exception) -> Finding:
    if isinstance(failure, redis.AuthenticationError):
        do = "Put the password into REDIS_URL: redis://:PASSWORD@host:port/0"
    elif isinstance(failure, redis.ReadOnlyError):
        do = "REDIS_URL names a replica: give the address of the one that can be written."
    elif isinstance(failure, ValueError):
        do = "REDIS_URL is an address such as redis://host:6379/0"
    else:
        do = "Does it run, and may this machine reach it? Without REDIS_URL Echo does without."
    return Finding("redis", "problem", f"Redis cannot be used: {failure}", do)


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Connect and log in as for a mail, and send none."""
    if not settings.mail_url:
        said = "It is not set: administrators hand out one-time links."
        yield Finding("mail", "ok", said)
        return
    parts = urlsplit(settings.mail_url)
    where = f"{parts.hostname}:{parts.port or config.MAIL_PORTS[parts.scheme]}"
    if parts.password and parts.scheme == "smtp" and parts.port != STARTTLS_PORT:
        yield Finding(
            "mail",
            "warning",
            f"The password travels to {where} unencrypted.",
            f"Use port {STARTTLS_PORT} (STARTTLS) or smtps:// if the server offers it.",
        )
    try:
        with _mailing_app(settings).app_context(), mail.connection():
            yield Finding("mail", "ok", f"The mail server at {where} lets Echo in.")
    except (smtplib.SMTPException, OSError) as failure:
        yield _no_mail(failure, where)


def _mailing_app(settings: Settings) -> Flask:
    app = Flask("doctor")
    app.config.from_mapping(flask_config(settings))
    app.extensions["settings"] = settings
    languages.init_app(app)
    extensions.mail.init_app(app)
    return app


def _no_mail(failure: Exception, where: str) -> Finding:
    if isinstance(failure, smtplib.SMTPAuthenticationError):
        said, do = "refuses the name or the password", "Mend them in MAIL_URL (quoted: @ is %40)."
    elif isinstance(failure, ssl.SSLError):
        said = "does not speak TLS as it should"
        do = "Port 587 wants smtp:// (STARTTLS), port 465 smtps://; the certificate must be valid."
    elif isinstance(failure, smtplib.SMTPNotSupportedError):
        said, do = "asks for no name and password", "Leave them out of MAIL_URL."
    else:
        said, do = (
            "does not answer",
            "Are host and port in MAIL_URL right, and may Echo reach them?",
        )
    return Finding("mail", "problem", f"The mail server at {where} {said}: {failure}", do)
