"""`python run.py keys`: make, list, revoke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.cli.keys import keys
from echo.errors import InvalidInput, NotFound
from echo.extensions import db
from echo.models import User
from echo.services.sign_in import api_keys


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(keys, list(words))


def test_a_key_is_made_listed_and_revoked(app: Flask, make_user: Callable[..., User]) -> None:
    make_user("ada")
    wish = ("--user", "ada", "--name", "  nightly\n report ", "--scopes", "read, chat")
    made = run(app, "create", *wish, "--days", "30")
    assert (made.exit_code, made.output[-1]) == (0, "\n")
    row = api_keys.find(made.output.strip().splitlines()[-1])
    assert row is not None
    assert (row.name, row.scope_names) == ("nightly report", "chat read")
    listed = run(app, "list", "--user", "ada").output
    assert (row.id in listed, row.key_hash in listed) == (True, False)
    assert f"…{row.ending}" in listed
    assert run(app, "revoke", row.id).exit_code == 0
    db.session.expire_all()
    assert run(app, "list", "--user", "ada").output == ""


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("create", "--user", "eve", "--name", "x"), NotFound),
        (("create", "--user", "ada", "--name", "x", "--scopes", "all"), InvalidInput),
        (("create", "--user", "ada", "--name", "x", "--scopes", ""), InvalidInput),
        (("list", "--user", "eve"), NotFound),
        (("revoke", "nothing"), NotFound),
    ],
)
def test_what_cannot_be_done_is_refused(
    words: tuple[str, ...], refusal: type[Exception], app: Flask, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    assert isinstance(run(app, *words).exception, refusal)
