"""The engine's own thread: build the runner, serve, restart after a crash, swap models.

It does not know callers: they reach it through the inbox.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from .config import EngineConfig
from .counters import EngineHealth, EngineState
from .engine_loop import EngineLoop
from .errors import EngineUnavailable, InvalidConfig, ModelLoadError
from .inbox import Inbox
from .model_swap import ModelSwap
from .runner import ModelRunner

log = logging.getLogger(__name__)
CRASHED = "The engine failed and is being restarted. Please try again."
STOPPED = "The engine was stopped."


class EngineThread:
    """torch wants to be loaded, warmed up and run in one and the same thread: this one."""

    def __init__(
        self,
        build: Callable[[], ModelRunner],
        config: EngineConfig,
        inbox: Inbox,
        loop: EngineLoop,
    ) -> None:
        self.health = EngineHealth("loading", config.model, "", "", 0, None)
        self.swap: ModelSwap | None = None
        self._build = build
        self._config = config
        self._inbox = inbox
        self._loop = loop
        self._failures: list[float] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, name="echo-engine", daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """End every stream; a thread that does not come back in time is left behind."""
        self._inbox.stopping = True
        self._stopped.set()
        self._inbox.news.set()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._thread is None or self._thread.is_alive():
            self._set_state("stopped")
            self._loop.abandon(STOPPED)

    def _main(self) -> None:
        """Whatever happens, every stream ends."""
        try:
            while not self._inbox.stopping and self._build_runner():
                if not self._serve():
                    break
            if self.health.state != "failed":
                self._set_state("stopped")
        except BaseException as error:
            log.exception("The engine's thread ends")
            self._set_state("failed", f"{type(error).__name__}: {error}")
        finally:
            self._close_runner()
            self._loop.end_everything(self.health.error or STOPPED)
            if self.swap is not None and not self.swap.done.done():
                self.swap.done.set_exception(EngineUnavailable(STOPPED))

    def _build_runner(self) -> bool:
        """True when there is a runner; False when trying again has no sense."""
        while not self._inbox.stopping:
            if self._failures:  # longer after each failure
                self._stopped.wait(self._config.restart_pause_seconds * len(self._failures))
            try:
                self._loop.use(self._build())
                self._set_state("ready")
                return True
            except (ModelLoadError, InvalidConfig) as error:
                log.error("The model cannot be loaded: %s", error)
                self._set_state("failed", str(error))
                return False
            except Exception as error:
                log.exception("The model cannot be loaded")
                if not self._try_again(error):
                    return False
        return False

    def _serve(self) -> bool:
        """Steps until the end; True when the runner has crashed and shall be built again."""
        try:
            while not self._inbox.stopping:
                if self.swap is not None:
                    self._swap_when_due(self.swap)
                self._loop.step()
        except Exception as error:
            log.exception("The engine's step failed")
            again = self._try_again(error)
            self._close_runner()  # first: a broken runner need not let go of single rows
            self._loop.end_running(CRASHED)
            return again
        return False

    def _try_again(self, error: Exception) -> bool:
        """Restart, unless it has failed too often within a short time."""
        now = time.monotonic()
        recent = now - self._config.quick_failure_seconds
        self._failures = [when for when in self._failures if when > recent] + [now]
        text = f"{type(error).__name__}: {error}"
        if len(self._failures) >= self._config.max_quick_failures:
            self._set_state("failed", text)
            return False
        self._set_state("restarting", text, restarts=self.health.restarts + 1)
        return True

    def _swap_when_due(self, swap: ModelSwap) -> None:
        """Running replies finish on the old model; whoever waits is served by the new one."""
        if swap.runner is not None and not self._loop.scheduler.running:
            self._close_runner()
            self._loop.use(swap.runner)
            self._build = swap.build
            self._set_state("ready")
            swap.done.set_result(self.health)
        self._loop.draining = swap.runner is not None and not swap.done.done()
        if swap.done.done():
            self.swap = None

    def _close_runner(self) -> None:
        runner, self._loop.runner = self._loop.runner, None
        if runner is None:
            return
        try:
            runner.close()
        except Exception:
            log.exception("The runner cannot be closed")

    def _set_state(
        self, state: EngineState, error: str | None = None, restarts: int | None = None
    ) -> None:
        runner, old = self._loop.runner, self.health
        facts = runner.facts if runner is not None else None
        self.health = EngineHealth(
            state=state,
            model=facts.model if facts else old.model,
            device=facts.device if facts else old.device,
            dtype=facts.dtype if facts else old.dtype,
            restarts=old.restarts if restarts is None else restarts,
            error=error,
        )
