"""One model on its way into memory, in a helper thread where it can be. It does not know who waits.

torch wants to be loaded, warmed up and run in one and the same thread, and loses its second core
once another has computed in parallel. So the engine's own thread builds, unless others are being
served meanwhile; what takes long without torch (fetching, converting) is always the helper's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .model_source import ModelSource, Progress
from .model_spec import ModelSpec
from .runner import ModelRunner


class ModelLoading:
    def __init__(
        self,
        spec: ModelSpec,
        source: ModelSource,
        apart: bool,
        progress: Progress,
        news: Callable[[], None],
    ) -> None:
        self.error: Exception | None = None
        self.prepared = False
        self._runner: ModelRunner | None = None
        self._spec = spec
        self._source = source
        self._apart = apart
        self._progress = progress
        self._news = news
        self._thread = threading.Thread(target=self._main, name="echo-model-loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def runner(self) -> ModelRunner:
        """The runner, once `prepared`; raises what the loading raised."""
        if self.error is not None:
            raise self.error
        return self._runner if self._runner is not None else self._source.build(self._spec)

    def _main(self) -> None:
        try:
            self._source.prepare(self._spec, self._progress)
            self._progress(None, "loading")
            if self._apart:
                self._runner = self._source.build(self._spec)
        except Exception as error:
            self.error = error
        finally:
            self.prepared = True
            self._news()
