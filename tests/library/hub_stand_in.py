"""A stand-in for the Hub: lists, files with ranges, another address for the large ones, and faults."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

LARGE = (".safetensors", ".gguf")
COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class Asked:
    """A request that came."""

    host: str
    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Hub:
    """What it has and what it does wrong. Two addresses: the Hub's own, and where large files lie."""

    url: str = ""
    files_url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    cut_after: int | None = None
    """Each large file is cut after so many bytes, and then refused until this is None again."""
    listed_sizes: dict[str, int] = field(default_factory=dict)
    """Lengths that the list of files gives, where they are wrong."""
    spoiled: set[str] = field(default_factory=set)
    """Names of files that arrive with another first byte."""
    asked: list[Asked] = field(default_factory=list)

    def ranges_of(self, name: str) -> list[str | None]:
        """Return the ranges that were asked of a file, in order."""
        return [a.range for a in self.asked if a.method == "GET" and a.path.endswith(f"/{name}")]

    def listing(self, repo: str) -> dict[str, Any]:
        return {
            "id": repo,
            "modelId": repo,
            "sha": COMMIT,
            "tags": [],
            "cardData": {"license": self.licences.get(repo, "apache-2.0")},
            "siblings": [self._sibling(name, data) for name, data in self.repos[repo].items()],
        }

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        size = self.listed_sizes.get(name, len(data))
        found = {"rfilename": name, "size": size, "blobId": blob(data)}
        if name.endswith(LARGE):
            found["lfs"] = {
                "size": size,
                "sha256": hashlib.sha256(data).hexdigest(),
                "pointerSize": 130,
            }
        return found


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    cut: set[str]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(
            Asked(
                self.headers["Host"],
                self.command,
                path,
                self.headers["Range"],
                self.headers["Authorization"],
            )
        )
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
            return self._list(found[1])
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            return self._resolve(found[1], found[2])
        if found := re.fullmatch(r"/large/([^/]+/[^/]+)/(.+)", path):
            return self._send_file(found[2], self.hub.repos[found[1]][found[2]])
        return self._refuse(404, "EntryNotFound")

    def _list(self, repo: str) -> None:
        if repo not in self.hub.repos:
            return self._refuse(401, "RepoNotFound")
        return self._send(200, json.dumps(self.hub.listing(repo)).encode(), type="application/json")

    def _resolve(self, repo: str, name: str) -> None:
        if repo in self.hub.gated:
            return self._refuse(401, "GatedRepo")
        if name not in self.hub.repos.get(repo, {}):
            return self._refuse(404, "EntryNotFound")
        data = self.hub.repos[repo][name]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{blob(data)}"'}
        if not name.endswith(LARGE):
            return self._send_file(name, data, **headers)
        headers |= {
            "X-Linked-Size": str(len(data)),
            "X-Linked-ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "Location": f"{self.hub.files_url}/large/{repo}/{name}",
        }
        return self._send(302, b"", **headers)

    def _send_file(self, name: str, data: bytes, **headers: str) -> None:
        if name in self.hub.spoiled:
            data = bytes([data[0] ^ 255]) + data[1:]
        begin = (
            int(re.sub(r"\D", "", self.headers["Range"].split("-")[0]))
            if self.headers["Range"]
            else 0
        )
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        if self.hub.cut_after is not None and name.endswith(LARGE) and self.command == "GET":
            return self._cut(name, data[begin:], headers)
        return self._send(206 if begin else 200, data[begin:], **headers)

    def _cut(self, name: str, data: bytes, headers: dict[str, str]) -> None:
        """Send the beginning, once; then refuse."""
        if name in self.cut:
            return self._refuse(503, "Busy")
        self.cut.add(name)
        self.close_connection = True
        return self._send(200, data, first=self.hub.cut_after, **headers)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", **{"X-Error-Code": code})

    def _send(
        self,
        status: int,
        data: bytes,
        first: int | None = None,
        type: str = "text/plain",
        **headers: str,
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": type,
            "Content-Length": str(len(data)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[:first])

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Hub]:
    """Yield a Hub that answers until the end."""
    hub = Hub()
    handler = type("Serving", (Handler,), {"hub": hub, "cut": set()})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url, hub.files_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
