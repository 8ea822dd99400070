"""The server at size: connects as fast as they come, and a very long chat.

    python -m benchmarks.size [--connects 1000] [--messages 10000]

The engine is scripted: what is measured is everything around it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import common
from benchmarks.server import join, served
from tests.live.server import LiveServer, LiveTab

ASKERS = 8  # tabs at once


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the server at size.")
    parser.add_argument("--connects", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=10_000)
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": common.machine(), "options": vars(options)}
    report["connects"] = measure_connects(options.connects)
    report["long_chat"] = measure_long_chat(options.messages)
    show(report)
    print(f"\n{common.save('size', report)}")


def measure_connects(count: int) -> dict[str, float]:
    """Let people who are signed in join as fast as they can; what they hold is counted afterwards."""
    with served() as server:
        people = [server.start().member("ada")]
        people += [server.member(f"ada{n}") for n in range(ASKERS - 1)]
        assert server.process
        before = common.memory_mb(server.process.pid)
        began = time.monotonic()
        with ThreadPoolExecutor(ASKERS) as pool:
            wires = list(pool.map(lambda n: join(people[n % ASKERS]), range(count)))
        taken = time.monotonic() - began
        grown = common.memory_mb(server.process.pid) - before
        for wire in wires:
            wire.close()
        return {"connects": count, "seconds": taken, "memory_mb": grown}


def measure_long_chat(count: int) -> dict[str, float]:
    """Open a chat of so many messages, and page up in it, as the page does."""
    with served() as server:
        person = server.start().member("ada")
        chat = fill(server, person.name, count)
        tab = LiveTab(person)
        first, opened = _timed(lambda: tab.ask("open_conversation", {"conversation_id": chat}))
        assert len(opened["messages"]) < count
        where = {"conversation_id": chat, "before": opened["messages"][0]["id"]}
        older, _ = _timed(lambda: tab.ask("open_conversation", where))
        asked, _ = _timed(lambda: tab.send("Hi", conversation_id=chat))
        tab.close()
        return {
            "messages": count,
            "open_ms": first * 1000,
            "older_ms": older * 1000,
            "ask_ms": asked * 1000,
        }


def fill(server: LiveServer, name: str, count: int) -> str:
    """Write one long chat into the server's database; return its id."""
    from echo.extensions import db
    from echo.models import Conversation, Message
    from echo.models.types import new_id
    from echo.services.accounts import accounts

    with server.app.app_context():
        user = accounts.find(name)
        assert user
        chat = Conversation(id=new_id(), user_id=user.id, title="Long", message_count=count)
        ids = [new_id() for _ in range(count)]
        chat.head_id = ids[-1]
        rows = [
            Message(
                id=ids[n], conversation_id=chat.id, user_id=user.id, parent_id=ids[n - 1] if n else None,
                ordinal=n + 1, role="assistant" if n % 2 else "user", text=f"Message {n}. " * 20,
                status="complete",
            )
            for n in range(count)
        ]  # fmt: skip
        db.session.add(chat)
        db.session.flush()
        for start in range(0, count, 500):
            db.session.add_all(rows[start : start + 500])
            db.session.flush()
        db.session.commit()
        db.engine.dispose()
        return str(chat.id)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    found = work()
    return time.monotonic() - began, found


def show(report: dict[str, Any]) -> None:
    connects, chat = report["connects"], report["long_chat"]
    common.show(
        f"{connects['connects']} connects as fast as they come",
        [
            common.row("all joined after", connects["seconds"], connects["connects"] / 100, "s"),
            common.row("they hold", connects["memory_mb"], 0.15 * connects["connects"], "MB"),
        ],
    )
    common.show(
        f"A chat of {chat['messages']} messages",
        [
            common.row("opened after", chat["open_ms"], 200, "ms"),
            common.row("a page further up", chat["older_ms"], 200, "ms"),
            common.row("a question taken after", chat["ask_ms"], 200, "ms"),
        ],
    )


if __name__ == "__main__":
    main()
