"""Showing a frozen copy of a conversation to others by a link, inviting others into one. Knows no pages."""

from echo.services.sharing import continuing, links, members, shares, snapshots
from echo.services.sharing.shares import Wish

__all__ = ["Wish", "continuing", "links", "members", "shares", "snapshots"]
