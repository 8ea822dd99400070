"""The engine's own thread: it serves several models in turn, loads them, and replaces what crashed.

It does not know callers: they reach it through the inbox.
"""

from __future__ import annotations

import logging
import math
import threading
import time

from .backoff import Backoff
from .config import EngineConfig
from .counters import EngineHealth, EngineState
from .errors import InvalidConfig, ModelLoadError, NoRoom
from .inbox import Inbox
from .model_loading import ModelLoading
from .model_source import ModelSource
from .model_spec import ModelSpec
from .room import make_room
from .served_model import CHECK_AGAIN, PLACES_EVERY, ServedModel, failed

log = logging.getLogger(__name__)
CRASHED = "The engine failed and is being restarted. Please try again."
STOPPED = "The engine was stopped."


class EngineThread:
    """Steps whichever model has work and has had the least time so far."""

    def __init__(self, source: ModelSource, config: EngineConfig, inbox: Inbox) -> None:
        self.specs: dict[str, ModelSpec] = {}  # replaced as a whole: readable from any thread
        self.models: dict[str, ServedModel] = {}  # by the name of the weights
        self.end: tuple[EngineState, str | None] | None = None  # why the thread is over
        self.stepping_since: float | None = None  # while a step is computed
        self.restarts = 0  # threads before this one, and what they had restarted
        self._source = source
        self._config = config
        self.inbox = inbox
        self._loadings: dict[str, ModelLoading] = {}
        self._backoff = Backoff(config, inbox)
        self._thread: threading.Thread | None = None

    # life --------------------------------------------------------------------------------------

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._main, name="echo-engine", daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """End every stream; a thread that does not come back in time is left behind."""
        self.inbox.stopping = True
        self.inbox.news.set()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._thread is None or self._thread.is_alive():
            self.end = self.end or ("stopped", None)
            self.abandon(STOPPED)

    def give_up(self, failure: str) -> None:
        """From another thread: nothing more is expected of this one, and every stream is told."""
        self.end = ("restarting", failure)
        self.abandon(CRASHED)

    def successor(self) -> EngineThread:
        """Return a thread that can take over, with the same models on offer and none in memory."""
        other = EngineThread(self._source, self._config, self.inbox.successor())
        other.specs = self.specs
        other.restarts = self._all_restarts() + 1
        return other

    @property
    def ident(self) -> int | None:
        return self._thread.ident if self._thread is not None else None

    def _all_restarts(self) -> int:
        return self.restarts + sum(model.restarts for model in list(self.models.values()))

    def abandon(self, text: str) -> None:
        """From any thread, when the engine's own does not come back: only the streams end."""
        for sequence in self.inbox.still_open():
            self.inbox.close(sequence, failed(sequence, "engine_failed", text))
        self.inbox.wake_reader()

    def _main(self) -> None:
        """Whatever happens, every stream ends."""
        try:
            while not self.inbox.stopping and self.end is None:
                self._turn()
            self.end = self.end or ("stopped", None)
        except BaseException as error:
            log.exception("The engine's thread ends")
            self.end = ("failed", f"{type(error).__name__}: {error}")
        finally:
            for served in self.models.values():
                served.let_go()
            self.abandon((self.end and self.end[1]) or STOPPED)

    def health(self, default: str) -> EngineHealth:
        served = self.models.get(default)
        state: EngineState = "loading"
        error = None
        if self.end is not None:
            state, error = self.end
        elif served is not None and served.state != "installed":
            state, error = served.state, served.error
        facts = served.runner.facts if served is not None and served.runner is not None else None
        return EngineHealth(
            state=state,
            model=default,
            device=facts.device if facts else "",
            dtype=facts.dtype if facts else "",
            restarts=self._all_restarts(),
            error=error,
        )

    # one turn ----------------------------------------------------------------------------------

    def _turn(self) -> None:
        if self.inbox.news.is_set():
            self.inbox.news.clear()
            for model in self.models.values():
                model.wake_at = 0.0
        while self.inbox.wishes:
            self.inbox.wishes.popleft()()
        self._take_arrived()
        self._take_cancels()
        self._take_loaded()
        now = time.monotonic()
        served = self._next(now)
        if served is not None:
            self._step(served)
        self._look_after_loading(now)
        self.inbox.wake_reader()
        if served is None:
            self._wait()

    def _take_arrived(self) -> None:
        while self.inbox.arrived:
            sequence = self.inbox.arrived.popleft()
            spec = self.specs.get(sequence.request.model)
            if spec is None:
                text = f"There is no model {sequence.request.model!r}."
                self.inbox.leave(sequence.request.owner)
                self.inbox.close(sequence, failed(sequence, "bad_request", text))
                continue
            served = self.served(spec)
            if not served.busy:  # its time without work does not count for it
                spent = [model.spent for model in self.models.values() if model.busy]
                served.spent = max(served.spent, min(spent, default=0.0))
            served.add(sequence, spec)
            if served.state in ("installed", "failed"):
                self.load(served)

    def served(self, spec: ModelSpec) -> ServedModel:
        """What serves a model: made when it is first asked for."""
        if spec.weights not in self.models:
            served = ServedModel(spec.weights, self._config, self.inbox)
            self.models = {**self.models, spec.weights: served}
        return self.models[spec.weights]

    def _take_cancels(self) -> None:
        if self.inbox.has_cancels:
            self.inbox.has_cancels = False  # before looking: a later mark is seen next time
            for served in self.models.values():
                served.take_cancels()

    def _next(self, now: float) -> ServedModel | None:
        able = [
            model
            for model in self.models.values()
            if model.runner is not None and model.busy and model.wake_at <= now
        ]
        return min(able, key=lambda model: model.spent) if able else None

    def _step(self, served: ServedModel) -> None:
        self.stepping_since = time.monotonic()
        try:
            served.step()
        except Exception as error:
            log.exception("A step of %s failed", served.name)
            served.let_go()  # first: a broken runner need not let go of single rows
            served.end_running(CRASHED)
            self._backoff.failed(served, error)
        finally:
            self.stepping_since = None

    def _look_after_loading(self, now: float) -> None:
        """Waiters of a model that is not there yet see their places too."""
        for served in self.models.values():
            if served.runner is None:
                served.look_after_waiters(now)
                if self._backoff.again_at(served) <= now:
                    self._begin(served)

    def _wait(self) -> None:
        """Until there is news, a token is due, or the waiters' places are."""
        now = time.monotonic()
        dues = [model.wake_at for model in self.models.values() if model.busy and model.runner]
        pause = min([due - now for due in dues] + [CHECK_AGAIN])
        again = min(
            (self._backoff.again_at(model) for model in self.models.values()), default=math.inf
        )
        if any(model.busy or model.state == "restarting" for model in self.models.values()):
            waiting = any(model.runner is None for model in self.models.values())
            self.inbox.news.wait(max(0.0, min(pause, PLACES_EVERY) if waiting else pause))
        else:
            self.inbox.news.wait(None if again == math.inf else max(0.0, again - now))

    # loading -----------------------------------------------------------------------------------

    def load(self, served: ServedModel) -> None:
        """Begin to load a model that is not in memory."""
        if served.runner is None and served.name not in self._loadings:
            self._backoff.wanted(served.name)
            self._begin(served)

    def unload(self, name: str) -> None:
        """Free the memory of a model that nobody uses at this moment."""
        served = self.models.get(name)
        if served is not None and not served.busy and served.runner is not None:
            served.let_go()
            served.state = "installed"
            self.inbox.note_models()

    def forget(self, spec: ModelSpec) -> None:
        """A model is no longer offered; its waiters are told."""
        served = self.models.get(spec.weights)
        if served is None:
            return
        served.end_all_of(spec.name, f"The model {spec.name!r} was removed.")
        if spec.adapter:
            served.drop_adapter(spec.name)
        else:
            served.let_go()
            self.models = {name: one for name, one in self.models.items() if one is not served}
        self.inbox.note_models()

    def _begin(self, served: ServedModel) -> None:
        served.state, served.doing, served.error = "loading", "", None
        self.inbox.note_models()
        spec = self.specs.get(served.name)
        if spec is None:  # it was withdrawn since somebody wished for it
            self._backoff.give_up(served, f"There is no model {served.name!r}.")
            return
        try:
            make_room(served, self._source.size(spec), self.models, self._config.memory_mb)
        except NoRoom as error:
            self._backoff.give_up(served, str(error))
            served.state = "installed"  # whoever asks later may be luckier
            return
        except (ModelLoadError, InvalidConfig) as error:
            self._backoff.give_up(served, str(error))
            return
        except Exception as error:  # its files are not as they should be; the other models go on
            log.exception("The model %s cannot be looked at", served.name)
            self._backoff.give_up(served, f"{type(error).__name__}: {error}")
            return
        apart = any(model.runner is not None for model in self.models.values())
        loading = ModelLoading(
            spec, self._source, apart, lambda *how: self._progress(served, *how),
            self.inbox.news.set,
        )  # fmt: skip
        self._loadings[served.name] = loading
        loading.start()

    def _progress(self, served: ServedModel, share: float | None, doing: str) -> None:
        """In the helper's thread."""
        served.progress, served.doing = share, doing
        self.inbox.note_models()
        self.inbox.wake_reader()

    def _take_loaded(self) -> None:
        for name, loading in list(self._loadings.items()):
            if not loading.prepared:
                continue
            del self._loadings[name]
            served = self.models.get(name)
            if served is None:
                continue  # it was removed meanwhile
            try:
                served.use(loading.runner())
            except (ModelLoadError, InvalidConfig) as error:
                log.error("The model %s cannot be loaded: %s", name, error)
                self._backoff.give_up(served, str(error))
            except Exception as error:
                log.exception("The model %s cannot be loaded", name)
                self._backoff.failed(served, error)
            self.inbox.note_models()
