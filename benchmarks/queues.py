"""Engines that answer questions, simulated: arrivals by chance, prompts one by one, words together.

Measures nothing and knows no Echo. Each engine reads prompts first come, first served, while its writing
pauses, and then writes one word of every open answer at a time: the more are open, the more words a second
in all and the fewer for each. Answers that are open share the rate, so their progress is one number for each
engine (processor sharing in virtual time: Parekh and Gallager, 1993): an answer ends when that number has
grown by its length.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.common import percentile

LOOKED_AT = 8
"""Engines of many that a balancer compares: whoever sends work does not know all of them."""
WARM_SHARE = 0.2
"""Of the time, before anything is counted."""


@dataclass(frozen=True)
class Rates:
    """An engine: words a second in all by how many answers are open; between two of them a line is drawn."""

    name: str
    prompt_rate: float  # tokens of prompt read a second
    curve: tuple[tuple[int, float], ...]
    slots: int

    def per_second(self, open_: int) -> float:
        """Tokens a second of all answers together."""
        before = self.curve[0]
        for point in self.curve:
            if open_ <= point[0]:
                share = (open_ - before[0]) / max(1, point[0] - before[0])
                return before[1] + share * (point[1] - before[1])
            before = point
        return before[1]

    def engine_seconds(self, work: Work) -> float:
        """Of one question on average, where as many answers are open as there are slots."""
        writing = work.answer_tokens / self.per_second(self.slots)
        return self.reading_seconds(work.prompt_tokens) + writing

    def reading_seconds(self, tokens: float) -> float:
        return tokens / self.prompt_rate


ENGINES = (
    # writing alone: engine-20261121-025820.json, 128 tokens of prompt and 128 of answer, in bf16
    Rates("echo-mini, 2 cores", 18_000, ((1, 700), (8, 3000), (32, 4600)), 32),
    # engine-20261128-164906.json: 145 tokens of prompt in 1.18 s, then 63 in 2.85 s; at 8, 512 in 7.6 s
    Rates("echo-small at 8 bits, 2 cores", 122, ((1, 22), (8, 68)), 8),
    Rates("8 B on one GPU by vLLM (assumed)", 8_000, ((1, 90), (64, 2500)), 64),
)


@dataclass(frozen=True)
class Work:
    """What comes: questions a second, and how long prompts (what is new) and answers are on average."""

    rate: float
    prompt_tokens: float = 300.0
    answer_tokens: float = 200.0
    longest_answer: int = 1024
    spread: float = 0.8  # of the logarithm of an answer's length


@dataclass(frozen=True)
class Waits:
    """Seconds from a question to its first word, words a second of one answer, and how busy engines were.

    `queue_p95`: those before its own prompt is read.
    """

    questions: int
    queue_p95: float
    first_p50: float
    first_p95: float
    first_p99: float
    speed_p50: float
    busy: float


@dataclass
class Question:
    """One question on its way."""

    asked: float
    prompt: float
    length: float
    first: float = 0.0


@dataclass
class Engine:
    """One engine. `progress` grows by one for each token that each open answer gets."""

    rates: Rates
    clock: float = 0.0
    progress: float = 0.0
    busy: float = 0.0
    waiting: deque[Question] = field(default_factory=deque)
    reading: Question | None = None
    read_at: float = 0.0
    open_: list[tuple[float, int, Question]] = field(default_factory=list)
    number: int = 0
    ended: list[tuple[Question, float]] = field(default_factory=list)

    @property
    def load(self) -> int:
        return len(self.waiting) + len(self.open_) + (self.reading is not None)

    def next_event(self) -> float:
        """When something happens here by itself."""
        if self.reading is not None:
            return self.read_at
        if not self.open_:
            return math.inf
        return self.clock + (self.open_[0][0] - self.progress) / self._each()

    def run_to(self, moment: float) -> None:
        """Let everything happen that does until then."""
        while (event := self.next_event()) <= moment:
            self._advance(event)
            if self.reading is not None:
                self._begin_writing(self.reading)
            else:
                self.ended.append((heapq.heappop(self.open_)[2], event))
            self._begin_reading()
        self._advance(moment)

    def take(self, question: Question) -> None:
        self.waiting.append(question)
        self._begin_reading()

    def _each(self) -> float:
        return self.rates.per_second(len(self.open_)) / len(self.open_)

    def _advance(self, moment: float) -> None:
        if self.load:
            self.busy += moment - self.clock
        if self.reading is None and self.open_:
            self.progress += (moment - self.clock) * self._each()
        self.clock = moment

    def _begin_reading(self) -> None:
        if self.reading is None and self.waiting and len(self.open_) < self.rates.slots:
            self.reading = self.waiting.popleft()
            self.read_at = self.clock + self.rates.reading_seconds(self.reading.prompt)

    def _begin_writing(self, question: Question) -> None:
        self.reading = None
        question.first = self.clock
        self.number += 1
        heapq.heappush(self.open_, (self.progress + question.length, self.number, question))


def simulate(rates: Rates, engines: int, work: Work, seconds: float, seed: int) -> Waits:
    """Let questions come for so long (longer where they are few), and return how long people waited."""
    chance = random.Random(seed)
    seconds = max(seconds, 1000 / work.rate)
    pool = [Engine(rates) for _ in range(engines)]
    clock = 0.0
    while clock < seconds:
        clock += chance.expovariate(work.rate)
        looked_at = pool if engines <= LOOKED_AT else chance.sample(pool, LOOKED_AT)
        for engine in looked_at:
            engine.run_to(clock)
        least = min(looked_at, key=lambda one: one.load)
        least.take(_question(clock, work, chance))
    for engine in pool:
        engine.run_to(clock)
    return _waits(pool, clock)


def _question(asked: float, work: Work, chance: random.Random) -> Question:
    mean = math.log(work.answer_tokens) - work.spread**2 / 2
    length = min(chance.lognormvariate(mean, work.spread), work.longest_answer)
    return Question(asked, chance.expovariate(1 / work.prompt_tokens), max(1.0, length))


def _waits(pool: Sequence[Engine], seconds: float) -> Waits:
    """Count those that were asked once it was warm; who waits still has waited until now at least."""
    warm = WARM_SHARE * seconds
    ended = [pair for engine in pool for pair in engine.ended if pair[0].asked >= warm]
    begun = [one for engine in pool for _, _, one in engine.open_ if one.asked >= warm]
    answered = [*(one for one, _ in ended), *begun]
    firsts = [one.first - one.asked for one in answered]
    reads = [pool[0].rates.reading_seconds(one.prompt) for one in answered]
    queued = [first - read for first, read in zip(firsts, reads, strict=True)]
    unread = [engine.reading for engine in pool if engine.reading is not None]
    late = [
        seconds - one.asked
        for one in [*unread, *(one for engine in pool for one in engine.waiting)]
        if one.asked >= warm
    ]
    firsts, queued = firsts + late, queued + late
    speeds = [one.length / (end - one.first) for one, end in ended if end > one.first]
    return Waits(
        questions=len(firsts),
        queue_p95=percentile(queued, 0.95),
        first_p50=percentile(firsts, 0.5),
        first_p95=percentile(firsts, 0.95),
        first_p99=percentile(firsts, 0.99),
        speed_p50=percentile(speeds, 0.5) if speeds else 0.0,
        busy=sum(engine.busy for engine in pool) / (len(pool) * seconds),
    )
