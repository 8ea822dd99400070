"""`serve --processes`: started on ports that follow each other, started anew, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from echo.cli import processes
from echo.config import Settings
from echo.errors import ConfigurationError
from tests.databases import PostgresServer, RedisServer
from tests.live.ports import free_port
from tests.live.server import PATIENCE, ROOT, LiveServer, wait_until


def two_ports() -> int:
    """Return a port that is free, as is the next one, which nobody else will be given."""
    first = free_port()
    while (second := free_port()) != first + 1:
        first = second
    return first


def is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=20).ok
    except requests.RequestException:
        return False


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.server
def test_two_serve_one_is_replaced_and_both_end(
    postgres: PostgresServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    first = two_ports()
    environment = LiveServer(
        tmp_path,
        PORT=str(first),
        DATABASE_URL=postgres.new_database(),
        REDIS_URL=redis_server.url,
    ).environment
    words = [sys.executable, str(ROOT / "run.py"), "serve", "--processes", "2"]
    serving = subprocess.Popen(words, cwd=tmp_path, env=environment)
    try:
        for port in (first, first + 1):
            wait_until(lambda port=port: is_ready(port), f"{port} is ready", step=0.3)
        before = children_of(serving.pid)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(children_of(serving.pid)) - set(before)) == 1, "another one")
        for port in (first, first + 1):
            wait_until(lambda port=port: is_ready(port), f"{port} is ready again", step=0.3)
        serving.terminate()
        assert serving.wait(PATIENCE) == 0
        assert not any(map(is_ready, (first, first + 1)))
    finally:
        serving.kill()
        serving.wait()


@pytest.mark.parametrize(
    ("missing", "said"),
    [("redis_url", "REDIS_URL"), ("database_url", "DATABASE_URL"), ("port", "PORT")],
)
def test_what_they_need_is_asked_for(missing: str, said: str) -> None:
    there = {"redis_url": "redis://x", "database_url": "postgresql://x/y", "port": 5000}
    settings = Settings.model_construct(**{**there, missing: 0 if missing == "port" else ""})
    with pytest.raises(ConfigurationError, match=said):
        processes._refuse_apart(settings, 2)
