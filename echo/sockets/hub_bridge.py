"""From the engine's native thread to the green pumps: one wake-up for each engine step.

Knows that streams have readers, not what a stream says.
"""

from __future__ import annotations

from collections.abc import Callable

from echo import hub
from echo.services.turns import Turns
from echo.sockets.model_news import ModelNews


def start(turns: Turns, wakeup: hub.Wakeup) -> hub.Task:
    """Begin to wake the reader of every stream that has news, and to tell what models do."""
    return hub.Task(wakeup.listen, _waker(turns))


def _waker(turns: Turns) -> Callable[[], None]:
    def wake_pumps() -> None:
        for stream in turns.engine.drain_ready():
            id_ = stream.request_id
            reader = turns.live.get(id_) or turns.calls.live.get(id_)
            if reader is not None:
                reader.news.notify()
        if turns.engine.models_changed():
            ModelNews.of(turns.app).tell_soon()

    return wake_pumps
