"""Which servers compute, under which names, and how patiently they are waited for. Knows no environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RemoteConfig:
    """The servers elsewhere; the key never stands in a log, a page or this object's own text."""

    addresses: tuple[str, ...]
    key: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    """The names that are asked for, the default first; none: all that the servers list."""
    first_seconds: float = 120.0
    """The longest wait for an answer's first word, from its start at a server."""
    pause_seconds: float = 30.0
    """And between two words."""
    slots: int = 32
    """Answers at once of one server."""
    max_queue: int = 256
    max_queue_per_owner: int = 16
    context_length: int | None = None
    """Where a server does not tell its window."""
    stream_buffer_tokens: int = 4096
    stalled_reader_seconds: float = 60.0


def base_of(address: str) -> str:
    """Return the address below which a server's routes stand: `/v1`, unless another path is given."""
    path = urlsplit(address).path.rstrip("/")
    return address.rstrip("/") if path else address.rstrip("/") + "/v1"


def shown(address: str) -> str:
    """Return an address as administrators see it: host and port."""
    return urlsplit(address).netloc.rpartition("@")[2]
