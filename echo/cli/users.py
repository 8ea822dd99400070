"""Commands about people. Knows services only."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from echo.cli import migrating
from echo.errors import NotFound
from echo.models import RoleName
from echo.services.accounts import accounts
from echo.services.people import administration


@click.command("create-admin")
@click.option("--email", required=True)
@click.option("--username", required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_appcontext
def create_admin(email: str, username: str, password_stdin: bool) -> None:
    """Make a super admin."""
    migrating.upgrade()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask()
    user = administration.create_user(
        None, username=username, email=email, password=password, role=RoleName.SUPER_ADMIN
    )
    click.echo(f"{user.username} is a super admin now.")


@click.command("remove-second-factors")
@click.option("--username", required=True)
@with_appcontext
def remove_second_factors(username: str) -> None:
    """Let somebody who has lost every second factor sign in without one."""
    user = accounts.find(username)
    if user is None:
        raise NotFound(f"There is no account called {username}.")
    administration.remove_second_factors(None, user.id)
    click.echo(f"{user.username} signs in without a second factor now.")


def _ask() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
