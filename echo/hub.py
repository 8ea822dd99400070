"""Green threads, the bridge from native threads, native help: beside what bounds eventlet all that knows it.

It does not know what runs in it: leaving eventlet later means changing this file and `run.py`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import eventlet
import eventlet.event
import eventlet.hubs
import eventlet.patcher
import eventlet.semaphore
import eventlet.tpool
import eventlet.wsgi

from echo.request_body import BoundedProtocol

# native threads and signal handlers post wake-ups: they must get the calls that never wait greenly
native_os = eventlet.patcher.original("os")

SERVER_PLACES = 4096
CLOSE_SECONDS = 1.0
SILENCE_SECONDS = 60.0
PIPELINE_LOOK_SECONDS = 1.0

P = ParamSpec("P")
T = TypeVar("T")


def spawn(work: Callable[..., object], *args: Any) -> None:
    """Run `work` in a green thread of its own."""
    eventlet.spawn_n(work, *args)


class Task:
    """Work in a green thread of its own that can be ended in the middle of whatever it waits for."""

    def __init__(self, work: Callable[..., object], *args: Any) -> None:
        self._thread = eventlet.spawn(work, *args)

    def end(self) -> None:
        """Let it end soon, its `finally` blocks run; the caller does not wait. Unbegun, it never runs."""
        eventlet.hubs.get_hub().schedule_call_global(0, self._thread.kill)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError where the block, which must wait greenly, takes longer."""
    limit = eventlet.Timeout(max(0.0, seconds))
    try:
        yield
    except eventlet.Timeout as over:
        if over is not limit:
            raise
        raise TimeoutError(f"nothing came within {seconds:g} s") from None
    finally:
        limit.cancel()


def sleep(seconds: float = 0) -> None:
    """Let other green threads run for at least `seconds`."""
    eventlet.sleep(seconds)


def run_native(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a pure, slow function on a native pool thread while the hub goes on.

    `work` must touch no database session, request or green object. Its exception is raised here.
    """
    result: T = eventlet.tpool.execute(work, *args, **kwargs)
    return result


class Signal:
    """A green flag that any number of green threads may wait for; `notify` wakes them all once."""

    def __init__(self) -> None:
        self._event = eventlet.event.Event()

    def notify(self) -> None:
        """Wake everybody who waits now."""
        waiting, self._event = self._event, eventlet.event.Event()
        waiting.send(None)

    def wait(self, timeout: float) -> bool:
        """Wait for the next `notify`; False when `timeout` seconds passed first."""
        event = self._event
        with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(timeout):
            event.wait()
            return True
        return False


class Latch:
    """A green flag for one reader: a `notify` that comes while it is busy is kept for its next `wait`."""

    def __init__(self) -> None:
        self._signal = Signal()
        self._set = False

    def notify(self) -> None:
        """Wake the reader, now or when it next waits."""
        if not self._set:  # else it has not looked since, and will
            self._set = True
            self._signal.notify()

    def wait(self, timeout: float) -> bool:
        """Wait for a `notify` that no `wait` has returned yet; False after `timeout` seconds."""
        told = self._set or self._signal.wait(timeout)
        self._set = False
        return told


class Wakeup:
    """Lets native threads and signal handlers wake one green thread, by an eventfd (elsewhere a pipe).

    `post` may be called from anywhere, holds no lock and costs one system call only when the reader
    has not been woken already. Source of the shape and its figures: docs/decisions/0001.
    """

    def __init__(self) -> None:
        self._read_fd, self._write_fd = _wakeup_pair()
        self._armed = False

    def post(self) -> None:
        """Wake the reader; calls that come before it ran are joined."""
        if not self._armed:
            self._armed = True
            native_os.write(self._write_fd, (1).to_bytes(8, "little"))

    def listen(self, on_wake: Callable[[], None]) -> None:
        """Call `on_wake` in a green thread after each `post`, for ever."""
        while True:
            self.wait()
            on_wake()

    def wait(self) -> None:
        """Wait for the next `post`."""
        eventlet.hubs.trampoline(self._read_fd, read=True)
        with contextlib.suppress(BlockingIOError):
            native_os.read(self._read_fd, 8192)
        self._armed = False  # cleared before the news is read, so that none is missed


def _wakeup_pair() -> tuple[int, int]:
    if hasattr(os, "eventfd"):
        fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        return fd, fd
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    os.set_blocking(write_fd, False)
    return read_fd, write_fd


def listen(host: str, port: int) -> Any:
    """Return a listener on the address; callers wait in its backlog until a server takes it.

    Raises:
        OSError: somebody else listens there (eventlet would share the port with another Echo).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = eventlet.listen((host, port), family=family, backlog=1024, reuse_port=False)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Server:
    """The WSGI server on a listener of its own: small packets leave at once, the end is orderly.

    `max_size` is raised because each websocket holds a place for life. Figures: docs/decisions/0001.
    A connection from which nothing comes for `silence_seconds` is closed, so that idle ones do not use up
    the places; a websocket answers a ping every 20 seconds. What a streamed answer yields leaves as it is
    yielded: eventlet would gather 4 KB first.
    """

    def __init__(self, app: Any, listener: Any, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.port: int = listener.getsockname()[1]
        self._gate = _Gate(listener)
        self._thread = eventlet.spawn(
            eventlet.wsgi.server,
            self._gate,
            _told_of_ends(app),
            max_size=SERVER_PLACES,
            minimum_chunk_size=1,
            log_output=False,
            debug=False,
            socket_timeout=silence_seconds,
            protocol=BoundedProtocol,
        )

    def stop_accepting(self) -> None:
        """Refuse new connections; those that are open go on."""
        self._gate.close_door()

    def close(self) -> None:
        """End the server; connections that are still open are cut."""
        self._gate.finish()
        with contextlib.suppress(eventlet.Timeout), eventlet.Timeout(CLOSE_SECONDS):
            self._thread.wait()


def _told_of_ends(app: Any) -> Any:
    """eventlet reads bodies in chunks to their end; werkzeug takes them for empty unless it hears so."""

    def told(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            environ["wsgi.input_terminated"] = True
        return app(environ, start_response)

    return told


@contextmanager
def watching_reader(environ: Mapping[str, Any], on_hang_up: Callable[[], object]) -> Iterator[None]:
    """Call `on_hang_up`, in a green thread, as soon as a request's client closes its connection.

    Without this a hang-up is noticed by the second write after it. A client that closes only its sending
    half looks the same and counts as gone. A request that no `Server` serves is not watched.
    """
    source = environ.get("eventlet.input")
    if source is None:
        yield
        return
    watch = eventlet.spawn(_at_end_of, source.get_socket(), on_hang_up)
    try:
        yield
    finally:
        watch.kill()  # before the connection is read for its next request


def _at_end_of(connection: Any, on_hang_up: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):  # a reset is an end too
        while _has_more(connection):
            # the next request waits already and hides the end, which its answer's failure will tell
            eventlet.sleep(PIPELINE_LOOK_SECONDS)
    on_hang_up()


def _has_more(connection: Any) -> bytes:
    """Wait until something can be read and return it without taking it; empty at the end."""
    while True:
        eventlet.hubs.trampoline(connection.fileno(), read=True)
        with contextlib.suppress(BlockingIOError):
            peeked: bytes = connection.fd.recv(1, socket.MSG_PEEK)
            return peeked


class _Gate:
    """A listener whose `accept` can be ended without eventlet closing the connections it served."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener
        self._closing = False
        self._waiting: Any = None  # the green thread that waits for a connection
        self._finished = eventlet.event.Event()

    def accept(self) -> Any:
        self._waiting = eventlet.getcurrent()
        try:
            if not self._closing:
                return self._listener.accept()
        except OSError:
            if not self._closing:
                raise
        finally:
            self._waiting = None
        self._finished.wait()
        raise _closed()

    def close_door(self) -> None:
        self._closing = True
        if self._waiting is not None:  # a closed listener alone wakes nobody
            eventlet.kill(self._waiting, _closed())
        self._listener.close()

    def finish(self) -> None:
        if not self._finished.ready():
            self._finished.send(None)

    def close(self) -> None:
        """eventlet closes its listener at the end; the door is closed already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)


def _closed() -> OSError:
    """What eventlet's server takes for an orderly end."""
    return OSError(errno.ESHUTDOWN, "the listener is closed")
