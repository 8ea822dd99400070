"""Typed settings; the only reader of the environment and of `.env`.

It does not know what the settings are used for. docs/configuration.md lists them and a test compares the two.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from pydantic import (
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from echo.errors import ConfigurationError
from echo.limits import EMAIL_MAX, MODEL_NAME_CHARS

ROOT = Path(__file__).resolve().parent.parent
GOOGLE_DISCOVERY_URL = "https://accounts.google.com/.well-known/openid-configuration"
MAIL_PORTS: Final = {"smtp": 25, "smtps": 465}  # by the scheme of the address
SECRET_MIN_CHARS = 32
TOKEN_MIN_CHARS = 16
SECRET_MIN_KINDS = 10  # different characters: a random key has far more
WELL_KNOWN = ("secret", "changeme", "change-me", "change_me", "password", "your-", "example")

Fraction = Annotated[float, Field(gt=0, le=1)]


class Settings(BaseSettings):
    """Every setting of Echo. Empty variables count as absent. Raises ConfigurationError via `load`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=False, populate_by_name=True
    )

    secret_key: str = Field("", alias="SECRET_KEY")
    database_url: str = Field("", alias="DATABASE_URL")
    redis_url: str = Field("", alias="REDIS_URL")
    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(5000, alias="PORT", ge=0, le=65535)
    instance: Path = Field(ROOT / "instance", alias="ECHO_INSTANCE")
    model: str = Field("auto", alias="ECHO_MODEL")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field("auto", alias="ECHO_DEVICE")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field("auto", alias="ECHO_DTYPE")
    threads: int | None = Field(None, alias="ECHO_THREADS", ge=1)
    quant: Literal["auto", "none", "int8", "4"] = Field("auto", alias="ECHO_QUANT")
    model_memory: int | None = Field(None, alias="ECHO_MODEL_MEMORY", ge=1)
    slots: int = Field(32, alias="ECHO_SLOTS", ge=1, le=512)
    context_length: int | None = Field(None, alias="ECHO_CONTEXT_LENGTH", ge=64)
    cache_mb: int = Field(4096, alias="ECHO_CACHE_MB", ge=16)
    step_seconds: float = Field(120.0, alias="ECHO_STEP_SECONDS", gt=0)
    seed: int | None = Field(None, alias="ECHO_SEED", ge=0)
    max_queue: int = Field(256, alias="ECHO_MAX_QUEUE", ge=1)
    max_queue_per_user: int = Field(8, alias="ECHO_MAX_QUEUE_PER_USER", ge=1)
    max_new_tokens: int | None = Field(None, alias="ECHO_MAX_NEW_TOKENS", ge=1, le=4096)
    temperature: float | None = Field(None, alias="ECHO_TEMPERATURE", ge=0, le=2)
    top_p: Fraction | None = Field(None, alias="ECHO_TOP_P")
    top_k: int | None = Field(None, alias="ECHO_TOP_K", ge=0, le=200)
    repetition_penalty: float | None = Field(None, alias="ECHO_REPETITION_PENALTY", ge=0.8, le=2)
    system_prompt: str = Field(
        "You are Echo, a friendly assistant. Answer briefly and honestly.",
        alias="ECHO_SYSTEM_PROMPT",
        max_length=2000,
    )
    engine: Literal["local", "scripted", "openai"] = Field("local", alias="ECHO_ENGINE")
    engine_url: str = Field("", alias="ECHO_ENGINE_URL")
    engine_key: SecretStr = Field(SecretStr(""), alias="ECHO_ENGINE_KEY")
    engine_model: str = Field("", alias="ECHO_ENGINE_MODEL")
    engine_first_seconds: float = Field(120.0, alias="ECHO_ENGINE_FIRST_SECONDS", gt=0, le=3600)
    engine_pause_seconds: float = Field(30.0, alias="ECHO_ENGINE_PAUSE_SECONDS", gt=0, le=3600)
    script: Path | None = Field(None, alias="ECHO_SCRIPT")
    help: Literal["on", "off"] = Field("on", alias="ECHO_HELP")
    titles: Literal["on", "off"] = Field("on", alias="ECHO_TITLES")
    help_lines: str = Field("", alias="ECHO_HELP_LINES", max_length=2000)
    guard_classifier: DirectoryPath | None = Field(None, alias="ECHO_GUARD_CLASSIFIER")
    signup: Literal["open", "invite", "closed"] = Field("open", alias="ECHO_SIGNUP")
    google_client_id: str = Field("", alias="GOOGLE_CLIENT_ID")
    google_client_secret: str = Field("", alias="GOOGLE_CLIENT_SECRET")
    google_discovery_url: str = Field(GOOGLE_DISCOVERY_URL, alias="GOOGLE_DISCOVERY_URL")
    mail_url: str = Field("", alias="MAIL_URL")
    mail_from: str = Field("", alias="ECHO_MAIL_FROM", max_length=EMAIL_MAX)
    import_mb: int = Field(500, alias="ECHO_IMPORT_MB", ge=1)
    kept_responses_mb: int = Field(200, alias="ECHO_KEPT_RESPONSES_MB", ge=1)
    retention_days: int | None = Field(None, alias="ECHO_RETENTION_DAYS", ge=1, le=36500)
    public_url: str = Field("", alias="ECHO_PUBLIC_URL")
    trusted_proxies: int = Field(0, alias="ECHO_TRUSTED_PROXIES", ge=0, le=10)
    metrics_token: str = Field("", alias="ECHO_METRICS_TOKEN")
    otlp_endpoint: str = Field("", alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_headers: str = Field("", alias="OTEL_EXPORTER_OTLP_HEADERS")
    access_log: Literal["on", "off"] = Field("on", alias="ECHO_ACCESS_LOG")
    log_format: Literal["console", "json"] = Field("console", alias="ECHO_LOG_FORMAT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="ECHO_LOG_LEVEL")

    @field_validator("secret_key")
    @classmethod
    def _strong_secret(cls, value: str) -> str:
        known = any(word in value.lower() for word in WELL_KNOWN)
        if value and (known or len(value) < SECRET_MIN_CHARS or len(set(value)) < SECRET_MIN_KINDS):
            raise ValueError(
                f"must be a random text of {SECRET_MIN_CHARS} characters at least, without well-known "
                "words; leave it out and Echo makes one"
            )
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long_token(cls, value: str) -> str:
        if value and (len(value) < TOKEN_MIN_CHARS or not value.isascii() or " " in value):
            raise ValueError(f"must be {TOKEN_MIN_CHARS} ASCII characters at least, without spaces")
        return value

    @field_validator("public_url", "otlp_endpoint")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
            raise ValueError("must be an address such as https://chat.example.org")
        return value.rstrip("/")

    @field_validator("mail_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in MAIL_PORTS or not parts.hostname):
            raise ValueError("must be smtp://user:password@host:port, or smtps:// for TLS at once")
        return value

    @field_validator("engine_url")
    @classmethod
    def _servers(cls, value: str) -> str:
        for address in parted(value):
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
                raise ValueError(
                    "must be addresses such as http://10.0.0.5:8000, with commas between"
                )
            if parts.username is not None or parts.password is not None:
                raise ValueError(
                    "must not hold a name or a key: that is what ECHO_ENGINE_KEY is for"
                )
        return value

    @field_validator("engine_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("must be letters, digits and signs of ASCII, without spaces")
        return value

    @field_validator("engine_model")
    @classmethod
    def _names(cls, value: str) -> str:
        if any(len(name) > MODEL_NAME_CHARS for name in parted(value)):
            raise ValueError(f"a model's name has {MODEL_NAME_CHARS} characters at most")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.engine == "openai" and not parted(self.engine_url):
            raise ValueError("ECHO_ENGINE=openai needs ECHO_ENGINE_URL: the server that computes")
        if bool(self.google_client_id) is not bool(self.google_client_secret):
            raise ValueError(
                "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are set together or not at all"
            )
        if self.mail_url and not self.public_url:
            raise ValueError(
                "MAIL_URL needs ECHO_PUBLIC_URL: links in mails must not come from a request's header"
            )
        return self

    @field_validator("instance", "script")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None

    @classmethod
    def of(cls, app: Flask) -> Settings:
        """Return an application's settings."""
        settings: Settings = app.extensions["settings"]
        return settings

    @classmethod
    def here(cls) -> Settings:
        """Return the settings of the present application."""
        return cls.of(current_app)

    @property
    def sqlalchemy_url(self) -> str:
        """The database URL with the driver that cooperates with eventlet."""
        if not self.database_url:
            return f"sqlite:///{self.instance / 'echo.sqlite3'}"
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg2://" + self.database_url.removeprefix(prefix)
        return self.database_url


def public_address(path: str = "") -> str:
    """Return a link to hand out: by the address that people use, else by that of this request."""
    return (Settings.here().public_url or request.host_url.rstrip("/")) + path


def load(**overrides: object) -> Settings:
    """Read the environment, `.env` and `overrides` (by field name, strongest).

    Makes the instance folder and, when none is set, a secret key that is kept in it.

    Raises:
        ConfigurationError: naming each wrong variable and why.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as failure:
        raise ConfigurationError(_explain(failure)) from None
    settings.instance.mkdir(parents=True, exist_ok=True)
    if not settings.secret_key:
        settings.secret_key = _kept_secret(settings.instance / "secret_key")
    return settings


def parted(value: str) -> tuple[str, ...]:
    """Return the parts of a setting with commas between them."""
    return tuple(filter(None, map(str.strip, value.split(","))))


def _explain(failure: ValidationError) -> str:
    lines = [
        f"  {'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in failure.errors()
    ]
    return "These settings cannot be used:\n" + "\n".join(lines)


def _kept_secret(path: Path) -> str:
    """Return the secret kept in `path`, made on the first start, readable by its owner alone."""
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    secret = path.read_text().strip()
    if len(secret) < SECRET_MIN_CHARS:
        raise ConfigurationError(f"{path} holds no usable secret; delete it and start again")
    return secret


def _write_once(path: Path, text: str) -> None:
    """Write a file whole, or leave the one that another process has made meanwhile."""
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with suppress(FileExistsError):
            _link(made, path)
    finally:
        os.unlink(made)


def _link(made: str, path: Path) -> None:
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, on which another process may read it half written
        with open(path, "x", opener=partial(os.open, mode=0o600)) as file:
            file.write(Path(made).read_text())
