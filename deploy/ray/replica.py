"""One replica: Echo's engine in an actor, its models loaded as they are asked for. Knows no HTTP.

Of Echo only `echo.generation` is imported: no Flask, no database, no eventlet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from ray import serve

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    EngineUnavailable,
    Failed,
    Finished,
    GenerationRequest,
    InvalidRequest,
    MessageTooLong,
    ModelSpec,
    QueueFull,
    SamplingParams,
    TextPiece,
    TokenStream,
)

MODELS_PER_REPLICA = 2
LOAD_SECONDS = 600.0
LOOK_SECONDS = 0.02
Told = dict[str, Any]
"""What goes to the door: `text`, or an end: `reason` and `usage`, or `error`, `status` and `text`."""


class LoadedModel:
    """A model in this replica's memory; Serve lets go of the longest unused one."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    def __del__(self) -> None:
        try:
            self._engine.unload(self.name)
        except Exception:  # it is answering somebody: the engine's own bound of memory decides
            return


@serve.deployment
class Replica:
    """Serves `models` (name → folder, GGUF file or Hub id); `config` has the fields of `EngineConfig`."""

    def __init__(self, models: dict[str, str], config: dict[str, Any] | None = None) -> None:
        specs = [ModelSpec(name, source) for name, source in models.items()]
        self._engine = Engine.local(EngineConfig(**(config or {})), self._wake, specs)
        self._readers: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._number = 0
        self._engine.start(load=False)

    @serve.multiplexed(max_num_models_per_replica=MODELS_PER_REPLICA)
    async def model(self, name: str) -> LoadedModel:
        """Load a model; others are answered meanwhile."""
        self._engine.load(name)
        deadline = time.monotonic() + LOAD_SECONDS
        while (status := self._status(name)).state != "ready":
            if status.state == "failed" or time.monotonic() > deadline:
                raise EngineUnavailable(
                    f"{name} cannot be loaded: {status.error or 'it takes too long'}"
                )
            await asyncio.sleep(LOOK_SECONDS)
        return LoadedModel(self._engine, name)

    def _status(self, name: str) -> Any:
        return next(one for one in self._engine.models() if one.name == name)

    async def answer(self, asked: Told) -> AsyncIterator[Told]:
        """Yield what the engine writes; whoever stops reading stops it."""
        self._loop = asyncio.get_running_loop()
        try:
            model = await self.model(serve.get_multiplexed_model_id())
            stream = self._engine.submit(self._request(asked, model.name))
        except (InvalidRequest, MessageTooLong) as refusal:
            yield _refused(400, str(refusal))
            return
        except QueueFull as full:
            yield _refused(429, str(full)) | {"retry_after": full.retry_after}
            return
        except EngineUnavailable as away:
            yield _refused(503, str(away))
            return
        async for event in self._read(stream):
            yield event

    async def _read(self, stream: TokenStream) -> AsyncIterator[Told]:
        news = self._readers[stream.request_id] = asyncio.Event()
        try:
            while True:
                for event in stream.take():
                    yield _told(event)
                    if not isinstance(event, TextPiece):
                        return
                await news.wait()
                news.clear()
        finally:
            stream.cancel()
            del self._readers[stream.request_id]

    def _request(self, asked: Told, model: str) -> GenerationRequest:
        self._number += 1
        return GenerationRequest(
            messages=tuple(ChatMessage(**one) for one in asked["messages"]),
            sampling=SamplingParams(**asked["sampling"]),
            model=model,
            whole=True,
            owner=asked.get("owner", ""),
            prefix=asked.get("prefix", ""),
            raw=asked.get("raw", False),
            request_id=str(self._number),
        )

    def _wake(self) -> None:
        """In the engine's thread, once a step."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell_readers)

    def _tell_readers(self) -> None:
        for stream in self._engine.drain_ready():
            if reader := self._readers.get(stream.request_id):
                reader.set()

    def check_health(self) -> None:
        """Serve replaces a replica that raises here."""
        health = self._engine.health()
        if health.state == "failed":
            raise RuntimeError(health.error or "the engine has failed")


def _told(event: TextPiece | Finished | Failed) -> Told:
    if isinstance(event, TextPiece):
        return {"text": event.text}
    if isinstance(event, Failed):
        status = {"bad_request": 400, "too_long": 400}.get(event.code, 500)
        return _refused(status, event.text)
    usage = event.usage
    return {"reason": str(event.reason), "usage": [usage.prompt, usage.cached, usage.completion]}


def _refused(status: int, text: str) -> Told:
    return {"error": True, "status": status, "text": text}
