"""One model that is served: its rows, its runner, and one step of both.

Everything here runs in the engine's thread. It does not know how models are loaded, what other
models are served, or how a runner that has crashed is replaced.
"""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict

from .config import EngineConfig
from .counters import ModelState, Tally
from .detokenizer import Piece, TextAssembler
from .errors import ModelLoadError
from .inbox import Inbox
from .model_spec import ModelSpec
from .request import FinishReason
from .runner import ModelRunner, RowError, RowOutput, StepOutcome
from .scheduler import Scheduler
from .sequence import Sequence, SequenceState
from .stream import EndEvent, Failed, Finished, Timing, Usage

log = logging.getLogger(__name__)
PLACES_EVERY = 0.1  # seconds between two updates of the waiters' places
CHECK_AGAIN = 0.25  # seconds at most between two looks at rows that exist but cannot run
ADMIT_SECONDS = 0.02  # of one turn, to take requests in while somebody waits for the next word
ROW_FAILED = "This reply could not be computed. Please try again."


class ServedModel:
    """The rows of one set of weights, those of its adapters among them."""

    def __init__(self, name: str, config: EngineConfig, inbox: Inbox) -> None:
        self.name = name
        self.scheduler = Scheduler(
            config.slots, config.prefill_tokens_per_step, config.stalled_reader_seconds
        )
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)  # by the name asked for
        self.runner: ModelRunner | None = None
        self.state: ModelState = "installed"
        self.doing = ""
        self.progress: float | None = None
        self.error: str | None = None
        self.restarts = 0
        self.adapters: set[str] = set()  # names that the runner knows
        self._folders: dict[str, str] = {}  # of adapters, by name
        self.spent = 0.0  # seconds of steps: who has had least comes next
        self.wake_at = 0.0  # nothing can be computed before
        self.used_at = time.monotonic()
        self._inbox = inbox
        self._places_at = 0.0
        self._stalled_at = 0.0

    def use(self, runner: ModelRunner) -> None:
        self.runner = runner
        self.adapters = set()
        self.scheduler.slots = runner.facts.slots
        self.state, self.doing, self.progress, self.error = "ready", "", None, None

    def let_go(self) -> None:
        """Close the runner; whatever it held is free."""
        runner, self.runner = self.runner, None
        self.adapters = set()
        if runner is None:
            return
        try:
            runner.close()
        except Exception:
            log.exception("The runner of %s cannot be closed", self.name)

    @property
    def busy(self) -> bool:
        return bool(self.scheduler.running or len(self.scheduler.waiting))

    def add(self, sequence: Sequence, spec: ModelSpec) -> None:
        if spec.adapter:
            self._folders[spec.name] = spec.adapter
        self.scheduler.add(sequence)
        self.used_at = time.monotonic()

    def drop_adapter(self, name: str) -> None:
        """Forget an adapter; no row uses it."""
        if name in self.adapters:
            self.adapters.discard(name)
            self._runner.drop_adapter(name)

    def step(self) -> None:
        """One turn: admit, plan, compute, hand out. Whatever it raises is the supervisor's business."""
        self._admit()
        now = time.monotonic()
        plan = self.scheduler.plan(now)
        outcome = StepOutcome([], CHECK_AGAIN)
        if plan:
            begun = time.monotonic()
            outcome = self._runner.step(plan)
            self.scheduler.advance(plan, time.monotonic() - begun)
            if self._inbox.has_cancels:
                self.take_cancels()
            self._route(outcome)
        self.look_after_waiters(now)
        self.used_at = time.monotonic()
        self.spent += self.used_at - now
        self.wake_at = self._next_look(outcome)

    def take_cancels(self) -> None:
        for sequence in list(self.scheduler.everyone()):
            if sequence.stream.cancelled:
                self._cancel(sequence)

    def end_running(self, text: str) -> None:
        """The step has failed: nobody knows what the rows hold, so all of them end."""
        for sequence in list(self.scheduler.running):
            self.fail(sequence, "engine_failed", text)

    def end_all_of(self, name: str, text: str) -> None:
        """Rows that asked for this model by its name."""
        for sequence in list(self.scheduler.everyone()):
            if name in (sequence.request.model, self.name):
                self.fail(sequence, "engine_failed", text)

    def end_everything(self, text: str) -> None:
        for sequence in list(self.scheduler.everyone()):
            self.fail(sequence, "engine_failed", text)

    # taking ----------------------------------------------------------------------------------

    @property
    def _runner(self) -> ModelRunner:
        if self.runner is None:
            raise RuntimeError("This model has no runner.")
        return self.runner

    def _admit(self) -> None:
        """Take in who waits: while somebody reads an answer, as many as add `ADMIT_SECONDS` to a step."""
        enough = time.monotonic() + (ADMIT_SECONDS if self.scheduler.is_read else math.inf)
        while (sequence := self.scheduler.next_to_admit()) is not None:
            self._start(sequence)
            if time.monotonic() > enough:
                return

    def _start(self, sequence: Sequence) -> None:
        self._inbox.leave(sequence.request.owner)
        self.scheduler.start(sequence)
        self._inbox.announce(sequence.stream)
        try:
            self._prepare(sequence)
        except RowError as error:
            self.fail(sequence, error.code, error.text)
        except Exception as error:
            request = sequence.request
            log.exception("Request %s cannot be prepared", request.request_id, extra=request.trace)
            self.fail(sequence, "bad_request", f"The request cannot be used: {error}")

    def _be_fair(self) -> None:
        """An owner with several rows gives one back to an owner who has none and waits."""
        while (found := self.scheduler.unfair()) is not None:
            row, owner = found
            self._runner.release(row, failed=False)
            self.scheduler.preempt(row)
            self._inbox.come_back(row.request.owner)
            sequence = self.scheduler.waiting.pop_of(owner)
            if sequence is not None:
                self._start(sequence)

    def _prepare(self, sequence: Sequence) -> None:
        self._have_adapter(sequence.request.model)
        admission = self._runner.admit(sequence)
        sequence.computed = admission.cached
        if sequence.text is not None:
            return  # it has been here before, and was preempted
        sequence.tokens = admission.tokens
        sequence.prompt_length = len(admission.tokens)
        sequence.cached = admission.cached
        sequence.budget = admission.budget
        sequence.text = TextAssembler(admission.detokenizer, admission.stop)
        tally = self._tally(sequence)
        tally.prompt_tokens += sequence.prompt_length
        tally.cached_tokens += sequence.cached

    def _have_adapter(self, name: str) -> None:
        if name == self.name or name in self.adapters:
            return
        try:
            self._runner.add_adapter(name, self._folders[name])
        except ModelLoadError as error:
            raise RowError("engine_failed", str(error)) from error
        self.adapters.add(name)

    def look_after_waiters(self, now: float) -> None:
        if now - self._places_at >= PLACES_EVERY and len(self.scheduler.waiting):
            self._places_at = now
            if self.runner is not None:
                self._be_fair()
            for sequence in self.scheduler.update_places(now):
                self._inbox.announce(sequence.stream)
        if now - self._stalled_at >= 1.0:
            self._stalled_at = now
            for sequence in self.scheduler.stalled(now):
                self._cancel(sequence)

    def _next_look(self, outcome: StepOutcome) -> float:
        """When the next step makes sense: at once after tokens, else when one is due."""
        if outcome.rows or outcome.pause <= 0:
            return 0.0
        pause = min(outcome.pause, CHECK_AGAIN)
        return self.used_at + (min(pause, PLACES_EVERY) if len(self.scheduler.waiting) else pause)

    # handing out -----------------------------------------------------------------------------

    def _tally(self, sequence: Sequence) -> Tally:
        return self.tallies[sequence.request.model]

    def _route(self, outcome: StepOutcome) -> None:
        for row in outcome.rows:
            if row.sequence.state is not SequenceState.DECODING:
                continue  # cancelled while the step was computed
            if row.error is not None:
                request = row.sequence.request
                log.error("Request %s: %s", request.request_id, row.error, extra=request.trace)
                self.fail(row.sequence, "engine_failed", ROW_FAILED)
            else:
                self._accept(row)

    def _accept(self, row: RowOutput) -> None:
        sequence = row.sequence
        if row.ended:
            self._finish(sequence, FinishReason.STOP)
            return
        sequence.tokens.append(row.token)
        sequence.completion += 1
        tally = self._tally(sequence)
        tally.generated_tokens += 1
        tally.rate.add(1)
        assert sequence.text is not None  # set in _prepare
        if row.logprob is not None:
            sequence.logprobs.append(row.logprob)
        piece = sequence.text.push(row.token)
        self._write(sequence, piece)
        if piece.stopped:
            self._finish(sequence, FinishReason.STOP, piece.stopped)
        elif sequence.completion >= sequence.budget:
            self._finish(sequence, FinishReason.LENGTH)

    def _write(self, sequence: Sequence, piece: Piece) -> None:
        if not piece.text:
            return
        if sequence.first_text_at is None:
            sequence.first_text_at = time.monotonic()
        sequence.stream.put(piece.text, piece.tokens, tuple(sequence.logprobs))
        sequence.logprobs.clear()
        self._inbox.announce(sequence.stream)

    def _finish(self, sequence: Sequence, reason: FinishReason, stop: str = "") -> None:
        if sequence.text is not None:
            self._write(sequence, sequence.text.flush())
            if sequence.logprobs:  # of tokens without text of their own
                sequence.stream.put("", 0, tuple(sequence.logprobs))
        end = Finished(reason, usage_of(sequence), timing_of(sequence), stop)
        self._end(sequence, SequenceState.FINISHED, end)

    def _cancel(self, sequence: Sequence) -> None:
        end = Finished(FinishReason.CANCELLED, usage_of(sequence), timing_of(sequence))
        self._end(sequence, SequenceState.CANCELLED, end)

    def fail(self, sequence: Sequence, code: str, text: str) -> None:
        self._end(sequence, SequenceState.FAILED, failed(sequence, code, text))

    def _end(self, sequence: Sequence, state: SequenceState, event: EndEvent) -> None:
        """The only way out: the slot is free, the books are right, the stream has its end."""
        was_waiting = sequence.state is SequenceState.WAITING
        self.scheduler.finish(sequence, state)
        if was_waiting:
            self._inbox.leave(sequence.request.owner)
        self._inbox.close(sequence, event)
        self._tally(sequence).count(state)
        if not was_waiting and self.runner is not None:
            self.runner.release(sequence, failed=state is SequenceState.FAILED)


def failed(sequence: Sequence, code: str, text: str) -> Failed:
    return Failed(code, text, usage_of(sequence), timing_of(sequence))


def usage_of(sequence: Sequence) -> Usage:
    return Usage(sequence.prompt_length, sequence.cached, sequence.completion)


def timing_of(sequence: Sequence) -> Timing:
    now = time.monotonic()
    arrived = sequence.stamps[SequenceState.WAITING]
    started = sequence.stamps.get(SequenceState.PREFILLING, now)
    first = sequence.first_text_at
    return Timing(
        queue_ms=1000 * (started - arrived),
        first_token_ms=None if first is None else 1000 * (first - arrived),
        total_ms=1000 * (now - arrived),
    )
