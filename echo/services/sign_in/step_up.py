"""How long a proof of who one is stays fresh enough for acts that matter. Knows no pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from echo.clock import utc_now
from echo.errors import StepUpNeeded
from echo.models import Device

FRESH: Final = timedelta(minutes=10)
ASK: Final = "Please confirm first that it is you."


def is_fresh(device: Device | None) -> bool:
    """Tell whether the person has proved on this device, within the last ten minutes, who they are."""
    if device is None or device.confirmed_at is None:
        return False
    return utc_now() - device.confirmed_at < FRESH


def require(device: Device | None) -> None:
    """Raise StepUpNeeded unless the device was confirmed just now."""
    if not is_fresh(device):
        raise StepUpNeeded(ASK)
