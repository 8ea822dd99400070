"""Fixed replies with fixed delays and faults, for development, tests and demonstrations.

It does not know models: a token is one word, and no torch is imported.
"""

from __future__ import annotations

import json
import logging
import math
import re
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from .config import EngineConfig
from .errors import InvalidConfig, ModelLoadError
from .model_source import ModelSize, Progress
from .model_spec import ModelSpec
from .request import GenerationRequest
from .runner import (
    Admission,
    ModelFacts,
    RowError,
    RowOutput,
    StepOutcome,
    StepPlan,
    too_long,
)
from .sequence import Sequence
from .tool_form import HERMES

log = logging.getLogger(__name__)
WORDS = re.compile(r"\s*\S+|\s+$")
DEFAULT_CONTEXT = 8192
MB = 1024 * 1024
DEFAULT_TEXT = """You asked: *{question}*

I am Echo's **scripted** voice: no model is loaded, yet everything else is real. Words arrive one \
by one, as they do from a model.

- This list has two items.
- Here is the second, with `inline code`.

```python
def greet(name: str) -> str:
    return f"Hello, {name}!"
```

Ask me something else, or press **Stop** while I am still writing."""


class ScriptedCrash(RuntimeError):
    """A fault that the script asked for: the engine's loop must survive it."""


class ScriptedDeath(BaseException):
    """Another one: the engine's thread ends by it, and must be replaced."""


@dataclass(frozen=True)
class ScriptedReply:
    match: str = "*"  # a part of the last question, or * for any
    text: str = DEFAULT_TEXT  # {question} and {model} are replaced
    delay_ms: float = 20.0  # between two pieces
    first_delay_ms: float = 50.0
    fail_after: int | None = None  # pieces, then this reply fails
    crash_after: int | None = (
        None  # pieces, then the engine's loop raises, or what `crash_how` says
    )
    crash_times: int = 1_000_000  # afterwards the reply goes through
    crash_how: str = "raise"  # or "die": its thread ends; or "hang": the step takes `hang_seconds`
    hang_seconds: float = 600.0

    def __post_init__(self) -> None:
        if self.crash_how not in ("raise", "die", "hang"):
            raise ValueError("crash_how is one of: raise, die, hang")


@dataclass(frozen=True)
class Script:
    replies: tuple[ScriptedReply, ...] = ()
    default: ScriptedReply = field(default_factory=ScriptedReply)
    log: bool = False  # log every token
    load_ms: float = 0.0  # how long a model takes to be loaded
    models: tuple[str, ...] = ("scripted",)  # names to choose from, the default first
    broken: tuple[str, ...] = ()  # those of them that cannot be loaded
    megabytes: int = 0  # what each model takes
    prompt_tokens_per_char: float = 0.25
    functions: bool = False  # its models call functions that they may do without

    def reply_for(self, question: str) -> ScriptedReply:
        for reply in self.replies:
            if reply.match == "*" or reply.match in question:
                return reply
        return self.default


def load_script(path: str | Path) -> Script:
    """Read a script from JSON; keys are the fields of Script and ScriptedReply."""
    try:
        data = json.loads(Path(path).read_text("utf-8"))
        replies = tuple(ScriptedReply(**reply) for reply in data.pop("replies", ()))
        default = ScriptedReply(**data.pop("default", {}))
        for names in ("models", "broken"):
            if names in data:
                data[names] = tuple(data[names])
        return Script(replies=replies, default=default, **data)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidConfig(f"The script {path} cannot be used: {error}") from error


class ScriptedModels:
    """Any name is a model; the script says how long it takes to load and which ones are broken."""

    def __init__(self, script: Script, config: EngineConfig) -> None:
        self._script = script
        self._config = config
        self._crashes: dict[str, int] = {}  # outlives the runners

    def size(self, spec: ModelSpec) -> ModelSize:
        return ModelSize(self._script.megabytes * MB, 0)

    def prepare(self, spec: ModelSpec, progress: Progress) -> None:
        steps = max(1, round(self._script.load_ms / 50))
        for step in range(steps):
            progress(step / steps, "reading the script")
            _wait(self._script.load_ms / 1000 / steps)
        if spec.name in self._script.broken:
            raise ModelLoadError(f"The script says that {spec.name} is broken.")

    def build(self, spec: ModelSpec) -> ScriptedRunner:
        return ScriptedRunner(self._script, self._config, self._crashes)


class PieceDetokenizer:
    """A token is the number of a word in the reply."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces

    def push(self, token: int) -> str:
        return self._pieces[token]

    def flush(self) -> str:
        return ""


@dataclass
class _Row:
    reply: ScriptedReply
    pieces: list[str]
    given: int = 0
    due: float = 0.0


class ScriptedRunner:
    def __init__(
        self, script: Script, config: EngineConfig, crashes: dict[str, int] | None = None
    ) -> None:
        self._script = script
        self._rows: dict[int, _Row] = {}
        self._crashes = {} if crashes is None else crashes  # outlives this runner
        self._facts = ModelFacts(
            device="none",
            dtype="none",
            context_length=config.context_length or DEFAULT_CONTEXT,
            slots=config.slots,
            defaults=config.defaults,
            way="fixed replies",
            weight_bytes=script.megabytes * MB,
        )

    @property
    def facts(self) -> ModelFacts:
        return self._facts

    @property
    def slots_used(self) -> int:
        return len(self._rows)

    @property
    def cache_tokens(self) -> int:
        return 0  # nothing is computed, so nothing is kept

    def prepare(self, request: GenerationRequest) -> None:
        """A script follows no schema."""

    def admit(self, sequence: Sequence) -> Admission:
        request = sequence.request
        question = request.messages[-1].content
        reply = self._script.reply_for(question)
        text = reply.text.replace("{question}", question).replace("{model}", request.model)
        pieces = WORDS.findall(text.removeprefix(request.prefix))  # a continued reply goes on
        limit = self.prompt_limit(sequence.budget)
        if (tokens := self._count(question)) > limit:
            raise RowError("too_long", f"The message has {tokens} tokens; at most {limit} fit.")
        length = sum(self._count(message.content) for message in request.messages)
        if request.whole and length >= self._facts.context_length:
            raise too_long(length, self._facts.context_length)
        self._rows[sequence.number] = _Row(reply, pieces, given=sequence.completion)
        if request.tools and (self._script.functions or not request.optional_tools):
            sequence.stream.tool_form = replace(HERMES, begun=bool(request.forced))
        prompt = [0] * max(1, min(length, limit))
        return Admission(
            prompt, 0, sequence.budget, PieceDetokenizer(pieces), request.sampling.stop
        )

    def step(self, plan: StepPlan) -> StepOutcome:
        now = time.monotonic()
        for chunk in plan.chunks:
            row = self._rows[chunk.sequence.number]
            row.due = now + row.reply.first_delay_ms / 1000
        due = [seq for seq in plan.decode if self._rows[seq.number].due <= now]
        outputs = [self._next(sequence, now) for sequence in due]
        return StepOutcome(outputs, 0.0 if outputs else self._until_next(plan, now))

    def release(self, sequence: Sequence, failed: bool) -> None:
        self._rows.pop(sequence.number, None)

    def add_adapter(self, name: str, folder: str) -> None:
        """Its replies are the same; {model} tells them apart."""

    def drop_adapter(self, name: str) -> None:
        """There is nothing to forget."""

    def tokenize(self, text: str) -> list[int]:
        return list(range(self._count(text)))

    def _count(self, text: str) -> int:
        return math.ceil(len(text) * self._script.prompt_tokens_per_char)

    def count_prompt(self, text: str, system_prompt: str, most: int) -> int:
        return self._count(text) + self._count(system_prompt)

    def prompt_limit(self, max_new_tokens: int) -> int:
        context = self._facts.context_length
        return context - min(max_new_tokens, context // 2)

    def close(self) -> None:
        self._rows.clear()

    def _until_next(self, plan: StepPlan, now: float) -> float:
        rows = [*plan.decode, *(chunk.sequence for chunk in plan.chunks)]
        return max(0.0, min(self._rows[row.number].due for row in rows) - now)

    def _next(self, sequence: Sequence, now: float) -> RowOutput:
        row = self._rows[sequence.number]
        reply = row.reply
        if reply.fail_after is not None and row.given >= reply.fail_after:
            return RowOutput(sequence, error="The script asked for this failure.")
        if reply.crash_after is not None and row.given >= reply.crash_after:
            self._crash(reply)
        if row.given >= len(row.pieces):
            return RowOutput(sequence, ended=True)
        token, row.given = row.given, row.given + 1
        row.due = now + reply.delay_ms / 1000
        if self._script.log:
            request = sequence.request
            log.info("token %d of request %s", token, request.request_id, extra=request.trace)
        return RowOutput(sequence, token)

    def _crash(self, reply: ScriptedReply) -> None:
        crashes = self._crashes.get(reply.match, 0)
        if crashes < reply.crash_times:
            self._crashes[reply.match] = crashes + 1
            if reply.crash_how == "hang":
                _wait(reply.hang_seconds)
            elif reply.crash_how == "die":
                raise ScriptedDeath("The script asked for this end.")
            else:
                raise ScriptedCrash("The script asked for this crash.")


def _wait(seconds: float) -> None:
    """Wait in this native thread. `time.sleep` may be a green one, which leaves a hub and its poll behind."""
    threading.Event().wait(seconds)
