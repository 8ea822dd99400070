"""What only the server's own process can count, told to its tests from inside.

A thread of its own answers each connection to a socket in the file system with one object of JSON. It is
started by the tests' way of starting a server alone (`tests/live/prefork.py`); it knows no test.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

VARIABLE = "TESTS_CENSUS"


def take(path: Path) -> dict[str, Any]:
    """Return the counts of the server that answers at this path."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(20)
        wire.connect(str(path))
        with wire.makefile("rb") as answer:
            found: dict[str, Any] = json.loads(answer.read())
    return found


def answer_at(path: str) -> None:
    """Answer whoever connects, from now to the end of this process."""
    from eventlet.patcher import original

    plain = original("socket")  # this thread is none of the hub's
    Path(path).unlink(missing_ok=True)
    listener = plain.socket(plain.AF_UNIX)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=_answer, args=(listener,), name="tests-census", daemon=True).start()


def _answer(listener: Any) -> None:
    while True:
        asker, _ = listener.accept()
        try:
            asker.sendall(json.dumps(_counted()).encode())
        finally:
            asker.close()


def _counted() -> dict[str, Any]:
    while True:
        try:
            return _counts()
        except RuntimeError:  # something changed its size meanwhile
            continue


def _counts() -> dict[str, Any]:
    from echo.extensions import db, socketio
    from echo.services.turns import Turns

    app = socketio.sockio_mw.flask_app
    turns = Turns.of(app)
    thread = turns.engine._thread
    with app.app_context():
        pool = db.engine.pool
    rooms = socketio.server.manager.rooms.get("/", {})
    return {
        "turns": len(turns.live) + len(turns._starting),
        "engine": turns.engine._inbox.queued + len(turns.engine._inbox.still_open()),
        "slots": sum(one.runner.slots_used for one in thread.models.values() if one.runner),
        "connections": len(socketio.server.eio.sockets),
        "rooms": sorted(str(room) for room, inside in rooms.items() if inside),
        "borrowed": pool.checkedout() if hasattr(pool, "checkedout") else 0,
        "pooled": pool.checkedin() if hasattr(pool, "checkedin") else 0,
        "peers": sorted(_peers()),
        "threads": sorted(
            one.name for one in threading.enumerate() if not one.name.startswith("tpool")
        ),
        "greenlets": _greenlets(),
    }


def _peers() -> list[int]:
    """Return the other end's port of each socket of this process, 0 for one that has none.

    -1 for one that was connected from here and is so no more: it may lie in a pool until it is used.
    """
    from eventlet.patcher import original

    plain, found = original("socket"), []
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with plain.socket(fileno=os.dup(int(name))) as wire:
                    found.append(_peer(wire, plain))
        except OSError:  # it is closed meanwhile
            found.append(0)
    return found


def _peer(wire: Any, plain: Any) -> int:
    with contextlib.suppress(OSError):
        peer = wire.getpeername()
        return peer[1] if isinstance(peer, tuple) else 0
    listens = wire.getsockopt(plain.SOL_SOCKET, plain.SO_ACCEPTCONN)
    own = wire.getsockname()
    is_ours = not isinstance(own, tuple) or own[1] == int(os.environ.get("PORT", "0"))
    return 0 if listens or is_ours else -1


def _greenlets() -> dict[str, list[str]]:
    """Return where each green thread began, and where those that began there wait now.

    Those of connections that could ask more, and do not, are "idle"; they are closed after a minute.
    """
    import greenlet

    gc.collect()  # what is dead but lies in a circle is nobody's
    living = [
        one for one in gc.get_objects() if isinstance(one, greenlet.greenlet) and not one.dead
    ]
    found: dict[str, list[str]] = {}
    for one in living:
        if own := _own_frames(one.gr_frame):
            name = "idle" if "HttpProtocol._read_request_line" in own[:2] else own[-1]
            found.setdefault(name, []).append(" < ".join(own))
    return found


def _own_frames(frame: Any) -> list[str]:
    """Return the functions that are running, the innermost first, without eventlet's own."""
    names = []
    while frame is not None:
        code = frame.f_code
        if "/eventlet/green" not in code.co_filename and "/eventlet/hubs" not in code.co_filename:
            names.append(code.co_qualname)
        frame = frame.f_back
    return names
