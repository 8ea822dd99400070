"""Judging, hashing and checking passwords, always off the hub. Knows no accounts."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from zxcvbn import zxcvbn

from echo import hub
from echo.errors import InvalidInput
from echo.extensions import bcrypt
from echo.languages import gettext, mark, number, said
from echo.limits import PASSWORD_MAX, PASSWORD_MIN, PASSWORD_MIN_SCORE

PIECE: Final = 30  # characters that are judged together: zxcvbn's time grows with the cube of them
PIECES: Final = 3
EASY: Final = mark("This password is easily guessed")
WARNINGS: Final = (
    mark("Straight rows of keys are easy to guess"),
    mark("Short keyboard patterns are easy to guess"),
    mark('Repeats like "aaa" are easy to guess'),
    mark('Repeats like "abcabcabc" are only slightly harder to guess than "abc"'),
    mark('Sequences like "abc" or "6543" are easy to guess'),
    mark("Recent years are easy to guess"),
    mark("Dates are often easy to guess"),
    mark("This is a top-10 common password"),
    mark("This is a top-100 common password"),
    mark("This is a very common password"),
    mark("This is similar to a commonly used password"),
    mark("A word by itself is easy to guess"),
    mark("Names and surnames by themselves are easy to guess"),
    mark("Common names and surnames are easy to guess"),
)
"""What zxcvbn says of a password, without its full stop."""


def judge(password: str, known_words: list[str], field: str = "password") -> None:
    """Raise InvalidInput with advice when the password is too short, too long or easily guessed.

    The estimate is zxcvbn's (Wheeler, USENIX Security 2016); `known_words` are the person's own names.
    """
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise InvalidInput(
            gettext(
                "Use %(least)s to %(most)s characters for the password.",
                least=number(PASSWORD_MIN),
                most=number(PASSWORD_MAX),
            ),
            field=field,
        )
    verdict = hub.run_native(_estimate, password, known_words)
    if verdict["score"] < PASSWORD_MIN_SCORE:
        raise InvalidInput(_advice(verdict["feedback"]), field=field)


def _estimate(password: str, known_words: list[str]) -> dict[str, Any]:
    """Return what zxcvbn says of the first piece that is hard enough to guess, else of the first of all."""
    verdicts: list[dict[str, Any]] = []
    for start in range(0, min(len(password), PIECE * PIECES), PIECE):
        verdicts.append(zxcvbn(password[start : start + PIECE], user_inputs=known_words))
        if verdicts[-1]["score"] >= PASSWORD_MIN_SCORE:
            return verdicts[-1]
    return verdicts[0]


def _advice(feedback: dict[str, object]) -> str:
    warning = str(feedback.get("warning") or EASY).rstrip(".")
    return gettext(
        "%(warning)s. A few unrelated words make a good one.",
        warning=said(warning, (EASY, *WARNINGS)),
    )


def hash_password(password: str) -> str:
    """Return the bcrypt hash (of a SHA-256, so that bcrypt's 72-byte limit cuts nothing off)."""
    hashed: bytes = hub.run_native(bcrypt.generate_password_hash, password)
    return hashed.decode("ascii")


def is_right(password_hash: str | None, password: str) -> bool:
    """Compare in the same time whether or not there is a hash to compare with."""
    same = hub.run_native(bcrypt.check_password_hash, password_hash or _nobodys_hash(), password)
    return bool(same) and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return hash_password("a password that belongs to nobody")
