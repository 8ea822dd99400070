"""Programs that ask in a person's name: whom a key or a token stands for, what it opens. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from echo.models import ApiKey, Device, User
from echo.scopes import Scope
from echo.services.sign_in import access_tokens, api_keys, devices

EVERYTHING: Final = frozenset(Scope)


@dataclass(frozen=True)
class Program:
    """One that has shown a key, or a token of a device; its person's role bounds it all the same."""

    shown: ApiKey | Device

    @property
    def user(self) -> User:
        return self.shown.user

    @property
    def shown_id(self) -> str:
        return self.shown.id

    @property
    def key_id(self) -> str | None:
        return self.shown.id if isinstance(self.shown, ApiKey) else None

    @property
    def device(self) -> Device | None:
        return self.shown if isinstance(self.shown, Device) else None

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it may be used for; who signed in by a password may do all that the person may."""
        return self.shown.scopes if isinstance(self.shown, ApiKey) else EVERYTHING


def find(shown: str | None) -> Program | None:
    """Return the program that shows a key or a token that works, of an active person."""
    if not shown:
        return None
    if shown.startswith(api_keys.PREFIX):
        key = api_keys.find(shown)
        return Program(key) if key else None
    device = access_tokens.find(shown)
    return Program(device) if device else None


def touch(program: Program) -> None:
    """Note that the key or the device was used; at most once a minute."""
    if isinstance(program.shown, ApiKey):
        api_keys.touch(program.shown)
    else:
        devices.touch(program.shown)


def working(ids: Collection[str]) -> set[str]:
    """Return those of these keys and devices that still work."""
    return api_keys.working(ids) | devices.working(ids)
