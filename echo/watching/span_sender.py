"""Takes spans to a collector by OTLP over HTTP, greenly and in bundles. Does not know what they tell.

The library's own sender has a native thread and waits on native locks (between tries for up to a minute): the
hub would stand still with it. Its encoding is used, its sending is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import requests
import structlog
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from echo import hub

log = structlog.get_logger()

EACH_SECONDS: Final = 2.0
AT_ONCE: Final = 500
KEPT: Final = 5_000
"""Spans that wait while the collector is away; beyond them the oldest are lost."""
TIMEOUT_SECONDS: Final = 10.0


class SpanSender(SpanProcessor):
    """Keeps ended spans until the collector has taken them; `run` is to be spawned by the serving process."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._url = endpoint.rstrip("/") + "/v1/traces"
        self._headers = {"Content-Type": "application/x-protobuf", **headers}
        self._waiting: deque[ReadableSpan] = deque(maxlen=KEPT)
        self._is_away = False

    def on_end(self, span: ReadableSpan) -> None:
        self._waiting.append(span)

    def run(self) -> None:
        """Send what waits, again and again, for ever."""
        while True:
            hub.sleep(EACH_SECONDS)
            self.send()

    def send(self, timeout: float = TIMEOUT_SECONDS) -> None:
        """Send what waits now; what the collector does not take waits on."""
        while self._waiting:
            bundle = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            failure = self._post(encode_spans(bundle).SerializeToString(), timeout)
            self._note(failure)
            if failure is not None:
                room = KEPT - len(self._waiting)
                self._waiting.extendleft(reversed(bundle[-room:] if room else []))
                return

    def _post(self, body: bytes, timeout: float) -> str | None:
        """Return why the collector did not take it; what it refuses for good counts as taken."""
        try:
            answer = requests.post(self._url, body, headers=self._headers, timeout=timeout)
        except requests.RequestException as failure:
            return type(failure).__name__
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            return f"status {answer.status_code}"
        if not answer.ok:
            log.warning("the collector refuses traces", status=answer.status_code)
        return None

    def _note(self, failure: str | None) -> None:
        """Write one line when the collector goes away, and one when it is back."""
        if failure is not None and not self._is_away:
            log.warning("the collector of traces cannot be reached", error=failure)
        elif failure is None and self._is_away:
            log.info("the collector of traces is back")
        self._is_away = failure is not None
