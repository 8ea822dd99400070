"""Windows in a process of Node: each runs the page's own socket, conversation and message store."""

from __future__ import annotations

import json
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
PATIENCE = 60.0


class Windows:
    """The process. `tell` says one thing to one window and waits for the answer; any thread may."""

    def __init__(self, node: str, log: Path) -> None:
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._asked = 0
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [node, "--import", str(FOLDER / "register.mjs"), str(FOLDER / "windows.mjs")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=FOLDER.parent.parent,
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, window: str, act: str, **more: Any) -> tuple[bool, Any]:
        """Return whether it could be done, and what came of it."""
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            self._asked += 1
            self._waiting[self._asked] = answer
            order = {"n": self._asked, "window": window, "act": act, **more}
            assert self._process.stdin
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        found = answer.result(PATIENCE)
        return found["ok"], found["value"]

    def state(self, window: str) -> dict[str, Any]:
        ok, state = self.tell(window, "state")
        assert ok, state
        return dict(state)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        if self._process.stdout:
            self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["n"]).set_result(answer)
        for lost in self._waiting.values():
            lost.set_exception(AssertionError("the windows' process has ended"))
