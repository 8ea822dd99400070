"""One model, and the memory of all, as they are looked at. Knows no act.

Administrators see all of it; people see `public`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from echo.generation import ModelStatus
from echo.policies import RoleName
from echo.services.library import InstalledModel
from echo.services.serving import allowed_models
from echo.services.serving.model_settings import Settled


@dataclass(frozen=True)
class ModelView:
    """One model as administrators see it; people see `public`."""

    status: ModelStatus
    settled: Settled
    installed: InstalledModel | None
    title: str
    parameters: int | None
    is_default: bool

    @property
    def name(self) -> str:
        return self.status.name

    @property
    def servers_mark(self) -> tuple[tuple[str, str, str | None], ...]:
        """What changes when one of its servers elsewhere comes, rests or goes."""
        return tuple((one.address, one.state, one.error) for one in self.status.servers)

    def is_for(self, role: RoleName) -> bool:
        return allowed_models.may_use(role, self.settled)

    def public(self) -> dict[str, Any]:
        """Return what a person who may use it is told."""
        return {
            "name": self.name,
            "title": self.title,
            "base": self.status.base or None,
            "parameters": self.parameters,
            "state": "loading" if self.status.state == "restarting" else self.status.state,
            "progress": self.status.progress,
            "doing": self.status.doing,
            "context": self.status.context_length or None,
            "is_default": self.is_default,
            "elsewhere": bool(self.status.servers),
        }


@dataclass(frozen=True)
class MemoryUse:
    """Bytes that models hold, of the most that they may (None: no bound)."""

    held: int
    most: int | None
