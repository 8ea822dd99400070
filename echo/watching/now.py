"""The numbers of this moment, read when somebody asks for them. Knows no history."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from flask import Flask
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import echo
from echo.extensions import connections_in
from echo.hub_lag import HubLag
from echo.logs import logged_errors
from echo.services.turns import Turns, longest_waits

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

LIBRARIES: Final = ("flask", "eventlet")


class Now(Collector):
    """Gauges of the engine, the hub, the sockets and the disk; counters that somebody else keeps."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._build = {
            "version": echo.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        }

    def collect(self) -> Iterable[Metric]:
        yield from self._engine()
        yield from self._waits()
        yield _gauge(
            "echo_socket_connections", "Open tabs of this process.", sum(1 for _ in connections_in())
        )  # fmt: skip
        yield _gauge(
            "echo_hub_lag_seconds",
            "How late a green thread was woken, at worst in the last 15 seconds.",
            HubLag.of(self._app).worst(),
        )
        yield from self._disk()
        yield CounterMetricFamily(
            "echo_errors", "Lines of the log at ERROR or worse.", value=logged_errors.count
        )
        build = GaugeMetricFamily("echo_build_info", "What runs.", labels=tuple(self._build))
        build.add_metric(tuple(self._build.values()), 1)
        yield build

    def _engine(self) -> Iterator[Metric]:
        engine = Turns.of(self._app).engine
        counters, health = engine.counters(), engine.health()
        yield _gauge("echo_queue_waiting", "Answers that wait for a slot.", counters.queued)
        yield _gauge("echo_running_sequences", "Answers that are written now.", counters.running)
        yield _gauge(
            "echo_cache_tokens",
            "Tokens whose keys and values are in memory, of all models.",
            counters.cache_tokens,
        )
        yield _gauge(
            "echo_engine_ready", "1 while the usual model answers.", float(health.state == "ready")
        )
        yield CounterMetricFamily(
            "echo_engine_restarts", "How often the engine was started again.", value=health.restarts
        )

    def _waits(self) -> Iterator[Metric]:
        waits = longest_waits(Turns.of(self._app))
        family = GaugeMetricFamily(
            "echo_longest_wait_seconds",
            "How long the answer has waited that waits longest: for a slot, for its first word.",
            labels=("for",),
        )
        family.add_metric(("slot",), waits.slot)
        family.add_metric(("first_word",), waits.first_word)
        yield family

    def _disk(self) -> Iterator[Metric]:
        disk = shutil.disk_usage(self._app.instance_path)
        yield _gauge("echo_disk_free_bytes", "Free on the disk of the instance folder.", disk.free)
        yield _gauge("echo_disk_size_bytes", "Size of that disk.", disk.total)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
