"""The engine's step: take what came, schedule, compute, hand out. It does not know how to restart."""

from __future__ import annotations

import logging
import time

from .config import EngineConfig
from .counters import Tally
from .detokenizer import Piece, TextAssembler
from .inbox import Inbox
from .request import FinishReason, Sequence, SequenceState
from .runner import ModelRunner, RowError, RowOutput, StepOutcome
from .scheduler import Scheduler
from .stream import EndEvent, Failed, Finished, Timing, Usage

log = logging.getLogger(__name__)
PLACES_EVERY = 0.1  # seconds between two updates of the waiters' places
CHECK_AGAIN = 0.25  # seconds at most between two looks at rows that exist but cannot run
ROW_FAILED = "This reply could not be computed. Please try again."


class EngineLoop:
    """Everything here runs in the engine's thread, except abandon()."""

    def __init__(self, config: EngineConfig, inbox: Inbox) -> None:
        self.scheduler = Scheduler(
            config.slots, config.prefill_tokens_per_step, config.stalled_reader_seconds
        )
        self.tally = Tally()
        self.runner: ModelRunner | None = None
        self.draining = False  # nothing new is started: another model is about to take over
        self._inbox = inbox
        self._places_at = 0.0
        self._stalled_at = 0.0

    def use(self, runner: ModelRunner) -> None:
        self.runner = runner
        self.scheduler.slots = runner.facts.slots

    def step(self) -> None:
        """One turn of the loop; whatever it raises is the supervisor's business."""
        self._inbox.news.clear()
        self._take_arrived()
        self._take_cancels()
        self._admit()
        now = time.monotonic()
        plan = self.scheduler.plan(now)
        outcome = StepOutcome([], CHECK_AGAIN)
        if plan:
            outcome = self._runner.step(plan)
            self.scheduler.advance(plan)
            self._take_cancels()
            self._route(outcome)
        self._look_after_waiters(now)
        self._inbox.wake_reader()
        if not outcome.rows and outcome.pause > 0:
            self._wait(outcome.pause)

    def end_running(self, text: str) -> None:
        """The step has failed: nobody knows what the rows hold, so all of them end."""
        for sequence in list(self.scheduler.running):
            self._end(sequence, SequenceState.FAILED, self._failed(sequence, "engine_failed", text))
        self._inbox.wake_reader()

    def end_everything(self, text: str) -> None:
        self._take_arrived()
        for sequence in list(self.scheduler.everyone()):
            self._end(sequence, SequenceState.FAILED, self._failed(sequence, "engine_failed", text))
        self._inbox.wake_reader()

    def abandon(self, text: str) -> None:
        """From another thread, when the engine's own does not come back: only the streams end."""
        arrived = list(self._inbox.arrived)
        for sequence in [*arrived, *self.scheduler.everyone()]:
            if sequence.stream.end(self._failed(sequence, "engine_failed", text)):
                self._inbox.announce(sequence.stream)
        self._inbox.wake_reader()

    # taking ----------------------------------------------------------------------------------

    @property
    def _runner(self) -> ModelRunner:
        if self.runner is None:
            raise RuntimeError("The engine's loop has no runner.")
        return self.runner

    def _take_arrived(self) -> None:
        while self._inbox.arrived:
            self.scheduler.add(self._inbox.arrived.popleft())

    def _take_cancels(self) -> None:
        if not self._inbox.has_cancels:
            return
        self._inbox.has_cancels = False  # before looking: a later mark is seen next time
        for sequence in list(self.scheduler.everyone()):
            if sequence.stream.cancelled:
                self._cancel(sequence)

    def _admit(self) -> None:
        while not self.draining and (sequence := self.scheduler.next_to_admit()) is not None:
            self._start(sequence)

    def _start(self, sequence: Sequence) -> None:
        self._inbox.leave(sequence.request.owner)
        self.scheduler.start(sequence)
        self._inbox.announce(sequence.stream)
        try:
            self._prepare(sequence)
        except RowError as error:
            self._fail(sequence, error.code, error.text)
        except Exception as error:
            log.exception("Request %s cannot be prepared", sequence.request.request_id)
            self._fail(sequence, "bad_request", f"The request cannot be used: {error}")

    def _be_fair(self) -> None:
        """An owner with several rows gives one back to an owner who has none and waits."""
        while not self.draining and (found := self.scheduler.unfair()) is not None:
            row, owner = found
            self._runner.release(row, failed=False)
            self.scheduler.preempt(row)
            self._inbox.come_back(row.request.owner)
            sequence = self.scheduler.waiting.pop_of(owner)
            if sequence is not None:
                self._start(sequence)

    def _prepare(self, sequence: Sequence) -> None:
        admission = self._runner.admit(sequence)
        sequence.computed = admission.cached
        if sequence.text is not None:
            return  # it has been here before, and was preempted
        sequence.tokens = admission.tokens
        sequence.prompt_length = len(admission.tokens)
        sequence.cached = admission.cached
        sequence.budget = admission.budget
        sequence.text = TextAssembler(admission.detokenizer, admission.stop)
        self.tally.prompt_tokens += sequence.prompt_length
        self.tally.cached_tokens += sequence.cached

    def _look_after_waiters(self, now: float) -> None:
        if now - self._places_at >= PLACES_EVERY and len(self.scheduler.waiting):
            self._places_at = now
            self._be_fair()
            for sequence in self.scheduler.update_places(now):
                self._inbox.announce(sequence.stream)
        if now - self._stalled_at >= 1.0:
            self._stalled_at = now
            for sequence in self.scheduler.stalled(now):
                self._cancel(sequence)

    def _wait(self, pause: float) -> None:
        """Until there is news, a token is due, or the waiters' places are."""
        if len(self.scheduler.waiting):
            pause = min(pause, PLACES_EVERY)
        idle = not self.scheduler.running and not len(self.scheduler.waiting)
        self._inbox.news.wait(None if idle else min(pause, CHECK_AGAIN))

    # handing out -----------------------------------------------------------------------------

    def _route(self, outcome: StepOutcome) -> None:
        tokens = 0
        for row in outcome.rows:
            if row.sequence.state is not SequenceState.DECODING:
                continue  # cancelled while the step was computed
            if row.error is not None:
                log.error("Request %s: %s", row.sequence.request.request_id, row.error)
                self._fail(row.sequence, "engine_failed", ROW_FAILED)
            else:
                tokens += self._accept(row)
        if tokens:
            self.tally.generated_tokens += tokens
            self.tally.rate.add(tokens)

    def _accept(self, row: RowOutput) -> int:
        sequence = row.sequence
        if row.ended:
            self._finish(sequence, FinishReason.STOP)
            return 0
        sequence.tokens.append(row.token)
        sequence.completion += 1
        assert sequence.text is not None  # set in _prepare
        piece = sequence.text.push(row.token)
        self._write(sequence, piece)
        if piece.stopped:
            self._finish(sequence, FinishReason.STOP)
        elif sequence.completion >= sequence.budget:
            self._finish(sequence, FinishReason.LENGTH)
        return 1

    def _write(self, sequence: Sequence, piece: Piece) -> None:
        if not piece.text:
            return
        if sequence.first_text_at is None:
            sequence.first_text_at = time.monotonic()
        sequence.stream.put(piece.text, piece.tokens)
        self._inbox.announce(sequence.stream)

    def _finish(self, sequence: Sequence, reason: FinishReason) -> None:
        if sequence.text is not None:
            self._write(sequence, sequence.text.flush())
        end = Finished(reason, _usage(sequence), _timing(sequence))
        self._end(sequence, SequenceState.FINISHED, end)

    def _cancel(self, sequence: Sequence) -> None:
        end = Finished(FinishReason.CANCELLED, _usage(sequence), _timing(sequence))
        self._end(sequence, SequenceState.CANCELLED, end)

    def _fail(self, sequence: Sequence, code: str, text: str) -> None:
        self._end(sequence, SequenceState.FAILED, self._failed(sequence, code, text))

    def _failed(self, sequence: Sequence, code: str, text: str) -> Failed:
        return Failed(code, text, _usage(sequence), _timing(sequence))

    def _end(self, sequence: Sequence, state: SequenceState, event: EndEvent) -> None:
        """The only way out: the slot is free, the books are right, the stream has its end."""
        was_waiting = sequence.state is SequenceState.WAITING
        self.scheduler.finish(sequence, state)
        if was_waiting:
            self._inbox.leave(sequence.request.owner)
        sequence.stream.end(event)
        self._inbox.announce(sequence.stream)
        self._count(state)
        if not was_waiting and self.runner is not None:
            self.runner.release(sequence, failed=state is SequenceState.FAILED)

    def _count(self, state: SequenceState) -> None:
        if state is SequenceState.FINISHED:
            self.tally.finished += 1
        elif state is SequenceState.CANCELLED:
            self.tally.cancelled += 1
        else:
            self.tally.failed += 1


def _usage(sequence: Sequence) -> Usage:
    return Usage(sequence.prompt_length, sequence.cached, sequence.completion)


def _timing(sequence: Sequence) -> Timing:
    now = time.monotonic()
    arrived = sequence.stamps[SequenceState.WAITING]
    started = sequence.stamps.get(SequenceState.PREFILLING, now)
    first = sequence.first_text_at
    return Timing(
        queue_ms=1000 * (started - arrived),
        first_token_ms=None if first is None else 1000 * (first - arrived),
        total_ms=1000 * (now - arrived),
    )
