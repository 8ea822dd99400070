"""What one side of the engine's measurement does in a process of its own: Echo's engine, or generate().

Prints one JSON object. It does not compare anything.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import sys
import threading
import time
from typing import Any

from echo.engines import usual_memory_mb
from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    GenerationRequest,
    SamplingParams,
    TextPiece,
    TokenStream,
)

SENTENCE = "the quick brown fox jumps over a lazy dog while seven small birds sing about rain"
WORDS = SENTENCE.split()
PATIENCE = 600.0
TEMPLATE_TOKENS = 12
LATE = 31  # how many arrive while one is being answered


def questions(count: int, tokens: int, seed: int) -> list[str]:
    """Distinct texts of common words, of which most vocabularies hold each as one token."""
    chance = random.Random(seed)
    words = max(4, tokens - TEMPLATE_TOKENS)
    return [" ".join(chance.choices(WORDS, k=words)) for _ in range(count)]


def main() -> None:
    given: dict[str, Any] = json.loads(sys.argv[1])
    act = {"echo": many, "gaps": gaps, "followups": followups, "generate": generate}[given["act"]]
    print(json.dumps(act(given)))


class Served:
    """Echo's engine in this process, with one model that does not stop by itself."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._bell = threading.Event()
        config = EngineConfig(
            model=given["model"], threads=given["threads"], dtype=given["dtype"], quant=given["quant"],
            context_length=given.get("context"), memory_mb=usual_memory_mb(),
        )  # fmt: skip
        self._engine = Engine.local(config, self._bell.set)
        self._engine.start()
        self.stamps: dict[TokenStream, list[float]] = {}
        self._ends: dict[TokenStream, Any] = {}
        self.read([self.ask("hello", 8)])  # loads, and warms up
        runner: Any = self._engine._thread.models[self._engine.default_model].runner
        runner._eos = frozenset()

    def ask(self, text: str, new_tokens: int, *before: ChatMessage, **more: Any) -> TokenStream:
        sampling = SamplingParams(max_new_tokens=new_tokens, temperature=0.0)
        messages = (*before, ChatMessage("user", text))
        owner = str(len(self.stamps))
        stream = self._engine.submit(
            GenerationRequest(messages, sampling, **{"owner": owner, **more})
        )
        self.stamps[stream] = []
        return stream

    def read(self, streams: list[TokenStream], until: int | None = None) -> list[Any]:
        """Until all have ended, or the first has so many pieces; → their ends"""
        while not all(stream in self._ends for stream in streams):
            if until is not None and len(self.stamps[streams[0]]) >= until:
                return []
            if not self._bell.wait(PATIENCE):
                raise TimeoutError("nothing came from the engine")
            self._bell.clear()
            self._take()
        return [self._ends[stream] for stream in streams]

    def _take(self) -> None:
        for stream in self._engine.drain_ready():
            for event in stream.take():
                if isinstance(event, TextPiece):
                    self.stamps[stream].append(time.perf_counter())
                else:
                    self._ends[stream] = event

    def facts(self) -> dict[str, Any]:
        (status,) = self._engine.models()
        return {"way": status.way, "dtype": status.dtype, "weight_bytes": status.weight_bytes}

    def stop(self) -> None:
        self._engine.stop(5)


def many(given: dict[str, Any]) -> dict[str, Any]:
    """`count` requests submitted at the same instant."""
    served = Served(given)
    asked = questions(given["count"], given["prompt_tokens"], given["seed"])
    start = time.perf_counter()
    ends = served.read([served.ask(text, given["new_tokens"]) for text in asked])
    wall = time.perf_counter() - start
    facts = served.facts()
    served.stop()
    return {
        "wall": wall,
        "tokens": sum(end.usage.completion for end in ends),
        "prompt_tokens": sum(end.usage.prompt for end in ends),
        "firsts": [end.timing.first_token_ms / 1000 for end in ends],
        **facts,
    }


def gaps(given: dict[str, Any]) -> dict[str, Any]:
    """The worst silence of a running stream while 31 others arrive, seconds."""
    served = Served(given)
    texts = questions(LATE + 1, given["prompt_tokens"], given["seed"])
    first = served.ask(texts[0], 400)
    served.read([first], until=32)
    alone = _worst(served.stamps[first])
    arrived = time.perf_counter()
    others = [served.ask(text, 16) for text in texts[1:]]
    ends = served.read(others)
    beside = [stamp for stamp in served.stamps[first] if stamp >= arrived]
    served.stop()
    firsts = sorted(end.timing.first_token_ms / 1000 for end in ends)
    return {"alone": alone, "beside": _worst(beside), "first_p95": firsts[int(0.95 * LATE)]}


def _worst(stamps: list[float]) -> float:
    return max((b - a for a, b in itertools.pairwise(stamps)), default=0.0)


def followups(given: dict[str, Any]) -> dict[str, Any]:
    """Seconds to the first token of the next question, by tokens of history; and of the whole prompt anew."""
    served = Served(given)
    found: dict[str, Any] = {}
    for size in given["sizes"]:
        (history,) = questions(1, size, given["seed"] + size)
        key = {"conversation": str(size), "owner": "one"}
        first, *_ = served.read([served.ask(history, 8, **key)])
        before = (ChatMessage("user", history), ChatMessage("assistant", "Yes."))
        again, *_ = served.read([served.ask("And then?", 4, *before, **key)])
        found[str(size)] = {
            "whole": first.timing.first_token_ms / 1000,
            "followup": again.timing.first_token_ms / 1000,
            "cached": again.usage.cached,
        }
    served.stop()
    return found


class Clock:
    """A streamer that only looks at the time."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def put(self, value: Any) -> None:
        self.stamps.append(time.perf_counter())

    def end(self) -> None:
        pass


def generate(given: dict[str, Any]) -> dict[str, Any]:
    """transformers' generate(), one reply after the other; what n askers see follows from the durations."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(given["threads"])
    tokenizer = AutoTokenizer.from_pretrained(given["model"])
    model = AutoModelForCausalLM.from_pretrained(
        given["model"], dtype=getattr(torch, given["dtype"])
    )
    asked = questions(given["count"] + 1, given["prompt_tokens"], given["seed"])
    with torch.inference_mode():
        _one_reply(model, tokenizer, asked[0], 8)  # warm-up
        measured = [_one_reply(model, tokenizer, text, given["new_tokens"]) for text in asked[1:]]
    names = ("first", "whole", "tokens")
    return {name: statistics.mean(one[n] for one in measured) for n, name in enumerate(names)}


def _one_reply(model: Any, tokenizer: Any, text: str, tokens: int) -> tuple[float, float, int]:
    """→ seconds to the first token, to the last, and how many there were"""
    start, clock = time.perf_counter(), Clock()
    chat = [{"role": "user", "content": text}]
    prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    model.generate(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        do_sample=False,
        streamer=clock,
    )
    return clock.stamps[1] - start, time.perf_counter() - start, len(clock.stamps) - 1


if __name__ == "__main__":
    main()
