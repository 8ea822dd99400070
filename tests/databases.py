"""Real PostgreSQL and Redis for the tests' own use, each on a free port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.live.server import free_port, wait_until


def postgres_program(name: str) -> str:
    """Return the newest installed version of a PostgreSQL program."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    assert found, "PostgreSQL is not installed: `make setup-dev` does that"
    return found


def unprivileged() -> dict[str, int]:
    """PostgreSQL refuses to run as root; give it its own user then."""
    if os.geteuid():
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid}


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """A PostgreSQL server with an empty data folder."""
    folder = Path(tempfile.mkdtemp(prefix="echo-pg-"))  # sockets want short paths
    run_as = unprivileged()
    if run_as:
        os.chown(folder, run_as["user"], run_as["group"])
    data, port = folder / "data", free_port()
    subprocess.run(
        [postgres_program("initdb"), "-D", data, "-U", "echo", "-A", "trust", "-E", "UTF8", "-N"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **run_as,  # type: ignore[arg-type]
    )
    options = ["-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [postgres_program("postgres"), "-D", data, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **run_as,  # type: ignore[arg-type]
        )
    wait_until(lambda: answers(port), what=f"PostgreSQL answers; its log: {folder}/log")
    yield port
    server.send_signal(signal.SIGINT)  # the fast stop: SIGTERM would wait for every client
    server.wait()
    shutil.rmtree(folder)


def answers(port: int) -> bool:
    try:
        psycopg2.connect(host="127.0.0.1", port=port, user="echo", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


@pytest.fixture
def postgres_url(postgres_port: int) -> str:
    """The address of a new, empty database."""
    name = f"echo_{uuid.uuid4().hex}"
    connection = psycopg2.connect(
        host="127.0.0.1", port=postgres_port, user="echo", dbname="postgres"
    )
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")
    connection.close()
    return f"postgresql://echo@127.0.0.1:{postgres_port}/{name}"


class RedisServer:
    """A real Redis that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_until(self.answers, what="Redis answers")

    def answers(self) -> bool:
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
