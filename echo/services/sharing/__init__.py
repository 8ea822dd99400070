"""Showing a frozen copy of a conversation to others by a link. Knows no pages and no requests."""

from echo.services.sharing import continuing, links, shares, snapshots
from echo.services.sharing.shares import Wish

__all__ = ["Wish", "continuing", "links", "shares", "snapshots"]
