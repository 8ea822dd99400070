"""Commands that make, list and revoke the keys of people's programs. Knows services only."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from echo.cli import migrating
from echo.clock import iso
from echo.errors import InvalidInput, NotFound
from echo.limits import API_KEY_DAYS_MAX, API_KEY_NAME_CHARS
from echo.models import ApiKey, User
from echo.scopes import Scope
from echo.services.accounts import accounts
from echo.services.sign_in import api_keys
from echo.services.sign_in.api_keys import Wish
from echo.text import storable


@click.group("keys")
def keys() -> None:
    """The keys by which programs act for people."""


@keys.command("create")
@click.option("--user", "username", required=True, help="Whose key it is.")
@click.option("--name", required=True, help="What its owner sees in their list.")
@click.option("--scopes", default="chat,read", show_default=True, help="Of chat, read, admin.")
@click.option("--days", type=click.IntRange(1, API_KEY_DAYS_MAX), help="Without: until revoked.")
@with_appcontext
def create(username: str, name: str, scopes: str, days: int | None) -> None:
    """Make a key; it alone is printed on standard output, this once."""
    migrating.upgrade()
    label = " ".join(storable(name).split())[:API_KEY_NAME_CHARS] or "key"
    wish = Wish(label, _scopes(scopes), days)
    _row, key = api_keys.make(_user(username), wish, by_command=True)
    click.echo(key)


@keys.command("list")
@click.option("--user", "username", required=True)
@with_appcontext
def list_keys(username: str) -> None:
    """List somebody's keys that work."""
    for key in api_keys.living(_user(username).id):
        click.echo(_line(key))


@keys.command("revoke")
@click.argument("key_id")
@with_appcontext
def revoke(key_id: str) -> None:
    """End a key by its id; answers that are being written for it end within a second."""
    key = api_keys.get(key_id)
    api_keys.revoke(key, by_command=True)
    click.echo(f"The key “{key.name}” of {key.user.username} is revoked.")


def _scopes(text: str) -> list[Scope]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = next((name for name in names if name not in list(Scope)), None)
    if wrong is not None:
        raise InvalidInput(f"There is no scope “{wrong}”: use {', '.join(Scope)}.")
    return [Scope(name) for name in names]


def _user(username: str) -> User:
    user = accounts.find(username)
    if user is None:
        raise NotFound(f"There is no account called {username}.")
    return user


def _line(key: ApiKey) -> str:
    used = iso(key.last_used_at) or "never used"
    until = iso(key.expires_at) or "until revoked"
    return "\t".join((key.id, key.name, key.scope_names, f"…{key.ending}", used, until))
