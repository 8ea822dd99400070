"""Starts `run.py` from a process that has imported it once: each start is a fork, and costs a tenth.

The process that comes of it is like any other: its own environment, folder, files and exit status, and
`main()` of `run.py` from its first line on. Only the imports are shared. `LiveServer.cold` does without.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import json
import os
import posix  # as it was before eventlet's patch
import signal
import subprocess
import sys
import termios
import threading
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from tests.live import census

ROOT = Path(__file__).resolve().parent.parent.parent


class Forked:
    """A started process, with what is used of `subprocess.Popen`."""

    def __init__(self, pid: int, news: threading.Condition) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._news = news

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._news:
            self._news.wait_for(lambda: self.returncode is not None, timeout)
            if self.returncode is None:
                raise subprocess.TimeoutExpired("run.py", timeout or 0.0)
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Prefork:
    """The side of the tests: asks for forks and hears of their ends."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._running: dict[int, Forked] = {}
        self._started: dict[int, Forked] = {}
        self._asked = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.prefork"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        atexit.register(self._close)

    def start(
        self, words: list[str], cwd: Path, env: dict[str, str], files: list[Path | str]
    ) -> Forked:
        """Start `run.py` with these words; `files` are its input, and where output and errors are added."""
        order = {"words": words, "cwd": str(cwd), "env": env, "files": list(map(str, files))}
        with self._news:
            self._asked += 1
            number = self._asked
            assert self._process.stdin
            self._process.stdin.write(json.dumps({"n": number, **order}).encode() + b"\n")
            self._process.stdin.flush()
            assert self._news.wait_for(lambda: number in self._started, 60.0), "no fork was made"
            return self._started.pop(number)

    def _listen(self, lines: BinaryIO) -> None:
        for line in lines:
            told = json.loads(line)
            with self._news:
                if "n" in told:
                    one = Forked(told["pid"], self._news)
                    self._started[told["n"]] = self._running[one.pid] = one
                else:
                    self._running.pop(told["pid"]).returncode = told["code"]
                self._news.notify_all()

    def _close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def prefork() -> Prefork:
    """Return the one of this process, started when it is first asked for."""
    return Prefork()


# ── in the process that is forked ───────────────────────────────────────────────────────────


def main() -> None:
    """Import everything, then fork for each line on the input, until it ends."""
    import run
    from echo.cli import _register, serve  # noqa: F401

    _register()
    _share_nothing_open()
    gc.freeze()
    signal.signal(signal.SIGCHLD, lambda *_: _tell_ends())
    buffered = b""
    while piece := posix.read(0, 65536):
        *lines, buffered = (buffered + piece).split(b"\n")
        for line in lines:
            _fork(json.loads(line), run.main)
    os._exit(0)


def _share_nothing_open() -> None:
    """Importing has made an eventlet hub; its poll would tell each process of the others' events."""
    from eventlet import hubs

    hubs.use_hub()
    gc.collect()
    files = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    opened = [os.readlink(file) for file in files if os.path.exists(file)]
    assert not any(name.startswith(("anon_inode", "socket")) for name in opened), opened


def _fork(order: dict[str, Any], run: Any) -> None:
    ends = {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # its start is told before its end
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
        _become(order, run)
    _tell({"n": order["n"], "pid": pid})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)


def _tell(told: dict[str, Any]) -> None:
    posix.write(1, json.dumps(told).encode() + b"\n")  # short: in one piece


def _tell_ends() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = posix.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            _tell({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _become(order: dict[str, Any], run: Any) -> None:
    """Be what `python run.py WORDS` would be; does not return."""
    flags = (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT | os.O_APPEND] * 2)
    for number, (path, how) in enumerate(zip(order["files"], flags, strict=True)):
        opened = os.open(path, how, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    if os.isatty(0):  # its own: keys such as Ctrl-C reach this process
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update({"OMP_WAIT_POLICY": "PASSIVE", **order["env"]})
    time.tzset()
    if path := os.environ.pop(census.VARIABLE, ""):
        census.answer_at(path)
    sys.argv = [str(ROOT / "run.py"), *order["words"]]
    os._exit(_exit_code(run))


def _exit_code(run: Any) -> int:
    code: object = 0
    try:
        run()
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 1


if __name__ == "__main__":
    main()
