"""Who waits, who runs, and what the next step computes. It does not know torch, text or threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .prefill import PrefillPace, share_out
from .runner import StepPlan
from .sequence import Sequence, SequenceState
from .stream import QueuePlace
from .waiting_line import WaitingLine

FIRST_GUESS_SECONDS = 5.0  # how long a reply takes, until one has been seen


class Scheduler:
    """Owned by the engine's thread. A step is some prompt chunks and one token of each live row."""

    def __init__(self, slots: int, prefill_tokens_per_step: int, stalled_seconds: float) -> None:
        self.slots = slots
        self.waiting: WaitingLine[Sequence] = WaitingLine()
        self.running: list[Sequence] = []
        self._pace = PrefillPace(prefill_tokens_per_step)
        self._stalled_seconds = stalled_seconds
        self._mean_seconds = FIRST_GUESS_SECONDS
        self._seen_any = False

    # waiting ---------------------------------------------------------------------------------

    def add(self, sequence: Sequence) -> None:
        self.waiting.add(sequence)

    def next_to_admit(self) -> Sequence | None:
        return self.waiting.pop() if len(self.running) < self.slots else None

    def start(self, sequence: Sequence) -> None:
        sequence.state = SequenceState.PREFILLING
        sequence.stream.place = None
        self.running.append(sequence)

    def unfair(self) -> tuple[Sequence, str] | None:
        """All slots are taken, and an owner without a row waits while another has several.

        Returns the row to take back (the newest of the owner with most) and who waits.
        """
        if len(self.running) < self.slots:
            return None
        held = Counter(row.request.owner for row in self.running)
        waits = next((owner for owner in self.waiting.owners() if owner not in held), None)
        most, count = held.most_common(1)[0]
        if waits is None or count < 2:
            return None
        rows = [row for row in self.running if row.request.owner == most]
        return rows[-1], waits

    def preempt(self, sequence: Sequence) -> None:
        """Back to the line; what it wrote is computed again as part of its prompt."""
        self.running.remove(sequence)
        sequence.stalled_since = None
        sequence.stream.paused = False
        sequence.state = SequenceState.WAITING
        self.waiting.put_back(sequence)

    def update_places(self, now: float) -> list[Sequence]:
        """Give each waiter its place; returns those whose position changed."""
        moved = []
        starts = self._free_times(now)
        for index, sequence in enumerate(self.waiting.in_order()):
            rounds, place = divmod(index, len(starts))
            eta = round(starts[place] + rounds * self._mean_seconds, 1)
            before = sequence.stream.place
            if before is None or before.position != index + 1:
                moved.append(sequence)
            elif before.eta_seconds == eta:
                continue
            sequence.stream.place = QueuePlace(index + 1, eta)
        return moved

    def expected_wait(self, ahead: int, now: float) -> float:
        """Seconds until a request with so many ahead of it would start."""
        starts = self._free_times(now)
        rounds, place = divmod(max(0, ahead), len(starts))
        return starts[place] + rounds * self._mean_seconds

    def _free_times(self, now: float) -> list[float]:
        """When each slot will be free, in seconds from now, soonest first."""
        left = [self._time_left(sequence, now) for sequence in list(self.running)]
        return sorted(left + [0.0] * (self.slots - len(left)))

    def _time_left(self, sequence: Sequence, now: float) -> float:
        spent = now - sequence.stamps.get(SequenceState.PREFILLING, now)
        return max(0.1 * self._mean_seconds, self._mean_seconds - spent)

    # running ---------------------------------------------------------------------------------

    @property
    def is_read(self) -> bool:
        """Somebody has the beginning of an answer."""
        return any(row.state is SequenceState.DECODING for row in self.running)

    def plan(self, now: float) -> StepPlan:
        live = [row for row in self.running if row.state is SequenceState.DECODING]
        prompts = [row for row in self.running if row.state is not SequenceState.DECODING]
        decode = [row for row in live if not self._pause(row, now)]
        return StepPlan(share_out(prompts, self._pace.budget(bool(decode))), decode)

    def advance(self, plan: StepPlan, seconds: float) -> None:
        """The plan has been computed in so long: prompts that are complete go on to decoding."""
        self._pace.learn(sum(chunk.end - chunk.start for chunk in plan.chunks), seconds)
        for chunk in plan.chunks:
            chunk.sequence.computed = chunk.end
            if chunk.end == len(chunk.sequence.tokens):
                chunk.sequence.state = SequenceState.DECODING
        for sequence in plan.decode:
            sequence.computed = len(sequence.tokens)

    def stalled(self, now: float) -> list[Sequence]:
        """Rows whose reader has taken nothing for too long."""
        return [
            sequence
            for sequence in self.running
            if sequence.stalled_since is not None
            and now - sequence.stalled_since > self._stalled_seconds
        ]

    def finish(self, sequence: Sequence, state: SequenceState) -> None:
        """Out of the running (or waiting) rows; a natural end teaches how long replies take."""
        if sequence in self.running:
            self.running.remove(sequence)
        else:
            self.waiting.remove(sequence)
        sequence.state = state
        started = sequence.stamps.get(SequenceState.PREFILLING)
        if started is not None and state is SequenceState.FINISHED:
            self._learn(sequence.stamps[state] - started)

    def everyone(self) -> Iterable[Sequence]:
        return [*self.running, *self.waiting.in_order()]

    def _learn(self, seconds: float) -> None:
        if self._seen_any:
            seconds = 0.9 * self._mean_seconds + 0.1 * seconds
        self._mean_seconds, self._seen_any = max(0.01, seconds), True

    def _pause(self, sequence: Sequence, now: float) -> bool:
        """A reader that lags too far behind gets no more until it has read."""
        stream = sequence.stream
        stream.paused = stream.full
        if not stream.paused:
            sequence.stalled_since = None
        elif sequence.stalled_since is None:
            sequence.stalled_since = now
        return stream.paused
