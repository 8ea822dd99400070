"""Any server that speaks OpenAI's chat completions, measured from outside. It does not know Echo's engine."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 300.0
ANSWER_SECONDS = 3600.0


@dataclass
class Rival:
    """A server by its address, or by the command that starts it (with `{port}` in it)."""

    name: str
    how: str
    model: str = "default"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _address: str = ""

    @classmethod
    def read(cls, text: str) -> Rival:
        """`NAME=http://host:port` or `NAME=command --port {port}`; raises ValueError."""
        name, found, how = text.partition("=")
        if not found or not name or not how:
            raise ValueError(f"{text!r} is not NAME=ADDRESS or NAME=COMMAND")
        return cls(name, how)

    def __enter__(self) -> Rival:
        if self.how.startswith("http"):
            self._address = urlsplit(self.how).netloc
            return self
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._address = f"127.0.0.1:{port}"
        command = shlex.split(self.how.format(port=port))
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def memory_mb(self) -> float | None:
        """Resident memory of the server that was started here."""
        if self._process is None:
            return None
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))

    def measure(self, texts: list[str], new_tokens: int) -> dict[str, Any]:
        """All at once; seconds to each first token, and the time of all."""
        self._answer("hello", 4)
        answers: list[tuple[float, int]] = []
        start = time.perf_counter()
        threads = [
            threading.Thread(target=lambda t=text: answers.append(self._answer(t, new_tokens)))
            for text in texts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
        if len(answers) < len(texts):
            raise RuntimeError(f"{self.name} failed {len(texts) - len(answers)} answers")
        return {
            "wall": wall,
            "tokens": sum(tokens for _, tokens in answers),
            "firsts": [first for first, _ in answers],
            "memory_mb": self.memory_mb(),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended at its start: {self.how}")
            try:
                self._answer("hello", 1)
            except (OSError, RuntimeError, http.client.HTTPException):
                time.sleep(0.5)
            else:
                return
        raise TimeoutError(f"{self.name} was not ready in {START_SECONDS:.0f} s")

    def _answer(self, text: str, new_tokens: int) -> tuple[float, int]:
        """→ seconds to the first text, and how many tokens the server says it has written"""
        body = {
            "model": self.model, "messages": [{"role": "user", "content": text}], "temperature": 0,
            "max_tokens": new_tokens, "stream": True, "stream_options": {"include_usage": True},
            "ignore_eos": True, "cache_prompt": False,
        }  # fmt: skip
        start, first, tokens = time.perf_counter(), None, 0
        connection = http.client.HTTPConnection(self._address, timeout=ANSWER_SECONDS)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(f"{self.name} answers {response.status}")
            for line in response:
                if not line.startswith(b"data: {"):
                    continue
                event = json.loads(line[6:])
                for choice in event.get("choices", ()):
                    if choice.get("delta", {}).get("content") and first is None:
                        first = time.perf_counter() - start
                tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        finally:
            connection.close()
        return first if first is not None else time.perf_counter() - start, tokens
