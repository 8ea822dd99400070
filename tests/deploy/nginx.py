"""A real nginx with the files of deploy/, run by an ordinary user on ports of its own. Knows no Echo."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import requests

from tests.live.ports import free_port
from tests.live.server import ROOT, wait_until
from tests.live.test_mail import certificate

DEPLOY = ROOT / "deploy"
SITE = DEPLOY / "nginx" / "site.conf"
MAIN = """
daemon off;
pid nginx.pid;
worker_processes 2;
events { worker_connections 512; }
http {
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    gzip on;  # as Debian's own has it
    include echo.conf;
}
"""


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, "nginx is not installed: `make setup-dev` does that"
    return found


def unprivileged() -> dict[str, int]:
    if os.geteuid():
        return {}
    account = pwd.getpwnam("www-data")
    return {"user": account.pw_uid, "group": account.pw_gid}


class Nginx:
    """nginx in front of some processes (`host:port` each), with the marked groups of lines switched on."""

    def __init__(
        self, *processes: str, marks: tuple[str, ...] = ("tls",), site: Path = SITE
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="echo-nginx-"))
        self.port, self.tls_port = free_port(), free_port()
        self.url, self.tls_url = (
            f"http://127.0.0.1:{self.port}",
            f"https://127.0.0.1:{self.tls_port}",
        )
        self.certificate, key = certificate(self.folder)
        (self.folder / "echo").mkdir()
        (self.folder / "nginx.conf").write_text(MAIN)
        (self.folder / "echo.conf").write_text((DEPLOY / "nginx.conf").read_text())
        lines = "".join(f"server {process};\n" for process in processes)
        (self.folder / "echo" / "processes.conf").write_text(lines)
        (self.folder / "echo" / "site.conf").write_text(self._placed(site, marks, key))
        self._run_as: dict[str, Any] = unprivileged()
        if self._run_as:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._run_as["user"], self._run_as["group"])
        self.process: subprocess.Popen[bytes] | None = None

    def _placed(self, site: Path, marks: tuple[str, ...], key: Path) -> str:
        """The file as it is shipped, with this place's ports, certificate and log."""
        text = site.read_text()
        text = re.sub(rf"(?m)^#(?:{'|'.join(marks)}) ", "", text)
        text = re.sub(r"listen 80(80)?;", f"listen 127.0.0.1:{self.port};", text)
        text = re.sub(r"listen (8?)443 ", f"listen 127.0.0.1:{self.tls_port} ", text)
        text = re.sub(r"ssl_certificate .*;", f"ssl_certificate {self.certificate};", text)
        text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {key};", text)
        return re.sub(r"access_log \S+", f"access_log {self.folder}/access.log", text)

    def __enter__(self) -> Nginx:
        words = [program(), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "error.log"]
        self.process = subprocess.Popen(words, cwd=self.folder, **self._run_as)
        try:
            wait_until(self._answers, "nginx answers", seconds=20)
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_why: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        try:
            requests.get(f"{self.url}/metrics", timeout=20, allow_redirects=False)
        except requests.ConnectionError:
            return False
        return True

    def lines(self, words: str, least: int = 1) -> list[str]:
        """Return the lines of the log that hold these words; each is written when its answer has ended."""

        def written() -> list[str]:
            log = (self.folder / "access.log").read_text().splitlines()
            return [line for line in log if words in line]

        wait_until(lambda: len(written()) >= least, f"{least} lines with {words}")
        return written()

    def served_by(self, words: str, least: int = 1) -> list[list[str]]:
        """Return which processes each request of these lines was given to; "-" for nginx itself."""
        return [
            re.split('" [0-9a-f]{32} ', line)[1].split(", ") for line in self.lines(words, least)
        ]
