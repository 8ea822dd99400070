"""The Flask extensions, unbound; `create_app` in `echo/app.py` binds them.

It does not know settings: values come from the application's config.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Flask, Response, abort, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import LazyString
from flask_bcrypt import Bcrypt
from flask_caching import Cache
from flask_compress import Compress
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_mail import Mail
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis import RedisError
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase

from echo.limits import VISITOR_REQUEST_BYTES
from echo.policies import ROUTES, Right
from echo.scopes import COOKIELESS, KEY_SCOPES

log = structlog.get_logger()

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # methods that send nothing
PACKED_BYTES: Final = 300_000  # of a page, packed in some hundredths of a second
SQLITE_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA busy_timeout=250",  # the hub stands still meanwhile; services retry greenly
)


class Base(DeclarativeBase):
    """The tables' base; named constraints, so that migrations can change them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class PatientCache(Cache):
    """A cache without which all goes on: while its storage is away nothing is found and nothing kept."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._tried(super().get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> bool | None:
        """Keep a value; False tells whoever depends on it that it is not kept."""
        return bool(self._tried(super().set, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._tried(super().delete, *args, **kwargs))

    @staticmethod
    def _tried(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return act(*args, **kwargs)
        except RedisError as failure:
            log.warning("the cache does not answer", error=type(failure).__name__)
            return None


class CarefulCompress(Compress):
    """Compresses no page that another site may have asked for in somebody's name, and no very long one.

    A page holds secrets beside text that the address may choose, and its compressed length tells how alike
    they are. A long one, as a shared chat may be, would hold the hub for seconds, anew for each who looks.
    Source: Gluck, Harris and Prado, "BREACH: Reviving the CRIME attack", 2013.
    """

    def after_request(self, response: Response | None) -> Response:
        if response and response.mimetype == "text/html":
            if _may_be_anothers_wish() or (response.content_length or 0) > PACKED_BYTES:
                return response
        packed: Response = super().after_request(response)
        return packed


class CookieCSRF(CSRFProtect):
    """Asks for a page's token where the cookie says who writes: another site may make a browser send it.

    Nobody makes a browser send somebody else's key; where one is shown the cookie counts for nothing.
    """

    def protect(self, apply_exemptions: bool = False) -> None:
        if apply_exemptions and not _cookie_counts():
            return
        super().protect(apply_exemptions)


def _cookie_counts() -> bool:
    endpoint = str(request.endpoint)
    if endpoint in COOKIELESS or ROUTES.get(endpoint) is Right.KEY:
        return False
    return shown_key() is None


def shown_key() -> str | None:
    """Return what this request shows as its key, where keys count; None: the cookie says who asks."""
    if request.endpoint not in KEY_SCOPES:
        return None
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def take_little_of_visitors() -> None:
    """Take a form's few words of whoever is not signed in: all that is read of theirs costs everybody."""
    if request.method not in READING and not current_user.is_authenticated:
        request.max_content_length = VISITOR_REQUEST_BYTES


def take_bodies_of(most: int) -> None:
    """Take a larger body at this address than elsewhere, from whoever is signed in.

    Others are sent away before a byte of it is kept: the CSRF check reads forms before the door is reached.
    """
    usual = request.max_content_length or 0
    if current_user.is_authenticated:
        request.max_content_length = most
    elif (request.content_length or 0) > usual:
        abort(login_manager.unauthorized())


def _may_be_anothers_wish() -> bool:
    """Tell whether a link or script of another site may have made the browser ask for this address."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:  # an old browser, or a program
        return bool(request.query_string)
    return site not in ("same-origin", "none")


def client_network() -> str:
    """Return what limits count by: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    return network_of(get_remote_address())


def network_of(address: str) -> str:
    """Return the same for an address as it came; one that is none, of a careless proxy, counts as it is."""
    host = address.partition("%")[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:  # of IPv4, on a listener for both
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((host, 64), strict=False))


def is_compared(_thing: Any, name: str | None, *_rest: Any) -> bool:
    """Tell whether migrations hold this against the models: each database has its own index of words."""
    return not str(name).startswith(("passages_fts", "ix_passages_words"))


# Rows stay readable after a commit: services hand them to edges, which only read.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate(render_as_batch=True, compare_type=True, include_object=is_compared)
bcrypt = Bcrypt()
csrf = CookieCSRF()
login_manager = LoginManager()
limiter = Limiter(key_func=client_network)  # its own Retry-After would often be 0
lonely_limits = FixedWindowRateLimiter(MemoryStorage())  # while the shared storage is away
cache = PatientCache()
socketio = SocketIO()
compress = CarefulCompress()
mail = Mail()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Switch on what SQLite leaves off; must run before the first statement of each connection."""
    if type(connection).__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()


def connections_in(room: str | None = None) -> Iterator[str]:
    """Yield the Socket.IO connections of this process that are in a room; None: all of them."""
    server: Any = socketio.server
    for sid, _ in list(server.manager.get_participants("/", room)):
        yield sid


def seconds_to_wait(rate: RateLimitItem, *key: str) -> float:
    """Count one use of a limit; 0 within it. Without its shared storage this process counts alone."""
    try:
        return _count(limiter.limiter, rate, key)
    except StorageError:
        return _count(lonely_limits, rate, key)


def _count(limits: RateLimiter, rate: RateLimitItem, key: tuple[str, ...]) -> float:
    if limits.hit(rate, *key):
        return 0.0
    return max(limits.get_window_stats(rate, *key).reset_time - time.time(), 1.0)


def left_of(rate: RateLimitItem, *key: str) -> tuple[int, float]:
    """Return how often a limit may still be used, and the seconds until it begins anew."""
    try:
        stats = limiter.limiter.get_window_stats(rate, *key)
    except StorageError:
        stats = lonely_limits.get_window_stats(rate, *key)
    return max(stats.remaining, 0), max(stats.reset_time - time.time(), 0.0)


class JsonProvider(DefaultJSONProvider):
    """Flask's own, to which a text that is nested too deeply is bad input, not a failure."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as failure:
            raise ValueError("nested too deeply") from failure

    def default(self, o: Any) -> Any:
        return str(o) if isinstance(o, LazyString) else super().default(o)


def init_app(app: Flask) -> None:
    """Bind those that need no more than the config; limiter, login and sockets bind with their edges."""
    app.json = JsonProvider(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path).parent / "migrations"))
    for extension in (bcrypt, csrf, cache, compress, mail):
        extension.init_app(app)
