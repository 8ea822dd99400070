"""What is counted and timed as it happens, in a registry of the application's own.

It does not know when anything happens; `now.py` has the numbers that are read when somebody asks.
No label holds a person, a chat or an address: each takes a few values that are known beforehand.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
ANSWERS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
WAITS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
TOKENS: Final = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2)

# else each row comes with a second one that tells when it was first counted
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One attribute for each; docs/watching.md describes them, and a test compares the two."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_requests = self._counter(
            "echo_http_requests_total", "Requests that were answered", "method", "route", "status"
        )
        self.http_request_seconds = self._histogram(
            "echo_http_request_seconds",
            "From a request to its answer, of a stream: to its beginning", ANSWERS, "route",
        )  # fmt: skip
        self.events = self._counter(
            "echo_events_total", "Socket events that were acknowledged", "event", "outcome"
        )
        self.turns = self._counter(
            "echo_turns_total", "Answers that have ended, to people and to programs", "status", "model"
        )  # fmt: skip
        self.tokens = self._counter(
            "echo_tokens_total",
            "Tokens of ended answers: read, found in the cache, written",
            "kind",
        )
        self.first_token_seconds = self._histogram(
            "echo_first_token_seconds", "From a question to the first word of its answer", WAITS
        )
        self.token_seconds = self._histogram(
            "echo_token_seconds", "Seconds for each token after the first, of one answer", TOKENS
        )
        self.queue_seconds = self._histogram(
            "echo_queue_seconds", "How long an answer waited for a slot", WAITS
        )
        self.database_seconds = self._histogram(
            "echo_database_seconds", "How long the database took for a statement", QUICK, "statement"
        )  # fmt: skip
        self.guard_decisions = self._counter(
            "echo_guard_decisions_total", "What guardrails decided", "act", "where"
        )
        self.signups = self._counter("echo_signups_total", "Accounts that people made themselves")
        self.logins = self._counter("echo_logins_total", "Tries to sign in", "result")
        ProcessCollector(registry=self.registry)  # memory, processor time, open files

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text + ".", labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text + ".", labels, buckets=buckets, registry=self.registry)
