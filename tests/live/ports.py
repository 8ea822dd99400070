"""Ports that nobody else takes, for servers that tests start. Knows no server."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

FIRST_PORT, STRETCHES, PORTS_EACH = 10_000, 220, 100
_offsets = itertools.count()


def free_port() -> int:
    """Return a port that nobody uses, from a stretch of this process's own.

    It lies below those that the system gives to connections, so that none takes it before the server does
    or while a test has the server stopped; tests that run side by side look in different stretches.
    """
    stretch = FIRST_PORT + os.getpid() % STRETCHES * PORTS_EACH
    for offset in itertools.islice(_offsets, PORTS_EACH):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", stretch + offset % PORTS_EACH))
            return stretch + offset % PORTS_EACH
    raise AssertionError(f"no port is free from {stretch} to {stretch + PORTS_EACH - 1}")
