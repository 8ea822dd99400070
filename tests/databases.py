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
from contextlib import closing
from pathlib import Path
from typing import Any

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


class PostgresServer:
    """A real PostgreSQL with an empty data folder that can be stopped and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="echo-pg-"))  # sockets want short paths
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._run_as: Any = unprivileged()
        if self._run_as:
            os.chown(self.folder, self._run_as["user"], self._run_as["group"])
        subprocess.run(
            [postgres_program("initdb"), "-D", self.folder / "data",
             "-U", "echo", "-A", "trust", "-E", "UTF8", "-N"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._run_as,
        )  # fmt: skip

    def start(self) -> None:
        options = ["-p", str(self.port), "-k", self.folder, "-h", "127.0.0.1", "-F"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [postgres_program("postgres"), "-D", self.folder / "data", *options],
                stdout=log, stderr=log, cwd=self.folder, **self._run_as,
            )  # fmt: skip
        wait_until(self.answers, what=f"PostgreSQL answers; its log: {self.folder}/log")

    def answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # the fast stop: SIGTERM would wait for clients
            self.process.wait()
            self.process = None

    def new_database(self, like: str = "template1") -> str:
        """Make a database, empty or as another one is, to which nobody is connected; return its address."""
        name = f"echo_{uuid.uuid4().hex}"
        self.run(f"create database {name} template {like}")
        return f"postgresql://echo@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database and whoever is connected to it."""
        self.run(f"drop database {url.rpartition('/')[2]} with (force)")

    def run(self, statement: str) -> None:
        """Run a statement that no transaction may hold."""
        connection = self._connect()
        connection.autocommit = True
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)

    def _connect(self) -> Any:
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="echo", dbname="postgres")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL of all tests of this process."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of a new, empty database."""
    return postgres.new_database()


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
