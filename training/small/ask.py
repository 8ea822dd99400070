"""Ask Echo's own engine many chats at once and take whole answers. Does not know what is asked or why."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    ModelSpec,
    SamplingParams,
    TextPiece,
)
from training.corpus import Message

QUEUE = 100_000
CONTEXT = 1024


@dataclass(frozen=True)
class Answer:
    """What the model said, whether it ended by itself, and in how many tokens."""

    text: str
    ended: bool
    tokens: int


class Asker:
    """A running engine with room for any number of waiting chats."""

    def __init__(self, engine: Engine, bell: threading.Event, model: str) -> None:
        self._engine, self._bell, self._model = engine, bell, model
        self._pieces: dict[str, list[str]] = {}

    def each(
        self, chats: list[list[Message]], sampling: SamplingParams, seed: int = 0
    ) -> Iterator[tuple[int, Answer]]:
        """Answers in the order in which they end, with the chat's number.

        The text of a chat depends on its number and the seed, not on its neighbours.
        Raises RuntimeError when the engine fails.
        """
        texts: dict[str, str] = {}
        self._submit(chats[:1], 0, sampling, seed)
        while not texts and not self._pieces:  # then the others find its beginning in the cache
            self._bell.wait(60)
            self._bell.clear()
            yield from self._finished(texts)
        self._submit(chats[1:], 1, sampling, seed)
        while len(texts) < len(chats):
            self._bell.wait(60)
            self._bell.clear()
            yield from self._finished(texts)

    def _submit(
        self, chats: list[list[Message]], first: int, sampling: SamplingParams, seed: int
    ) -> None:
        for number, chat in enumerate(chats, start=first):
            messages = tuple(ChatMessage(m["role"], m["content"]) for m in chat)
            own = replace(sampling, seed=seed * QUEUE + number)
            request = GenerationRequest(messages, own, request_id=str(number), model=self._model)
            self._engine.submit(request)

    def all(
        self, chats: list[list[Message]], sampling: SamplingParams, seed: int = 0
    ) -> list[Answer]:
        """Answers in the order of the chats."""
        found = dict(self.each(chats, sampling, seed))
        return [found[number] for number in range(len(chats))]

    def _finished(self, texts: dict[str, str]) -> Iterator[tuple[int, Answer]]:
        for stream in self._engine.drain_ready():
            key = stream.request_id
            for event in stream.take():
                if isinstance(event, TextPiece):
                    self._pieces.setdefault(key, []).append(event.text)
                elif isinstance(event, Failed):
                    raise RuntimeError(f"the engine failed: {event}")
                elif isinstance(event, Finished):
                    texts[key] = "".join(self._pieces.pop(key, [])).strip()
                    ended = event.reason is FinishReason.STOP
                    yield int(key), Answer(texts[key], ended, event.usage.completion)


@contextmanager
def asking(
    folder: Path,
    adapter: Path | None = None,
    *,
    slots: int = 32,
    threads: int = 1,
    context: int = CONTEXT,
    quant: str = "auto",
) -> Iterator[Asker]:
    """The model of a folder, with an adapter over it where one is named, until the block ends.

    It is served as people get it: with weights of `quant` bits, as the application's setting says.
    """
    bell = threading.Event()
    models = [ModelSpec("base", str(folder))]
    if adapter is not None:
        models.append(ModelSpec("tuned", adapter=str(adapter), base="base"))
    config = EngineConfig(
        quant=quant, context_length=context, slots=slots, threads=threads, max_queue=QUEUE,
        max_queue_per_owner=QUEUE,
    )  # fmt: skip
    engine = Engine.local(config, bell.set, models)
    engine.start()
    try:
        yield Asker(engine, bell, models[-1].name)
    finally:
        engine.stop(10)
