"""One server elsewhere: what it lists, how busy it is, how it has done of late, and when it rests.

Knows no requests and no other servers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, Literal

import structlog

from echo import hub
from echo.generation import ServerStatus, Tally
from echo.limits import MODEL_NAME_CHARS
from echo.remote import failures
from echo.remote.bodies import Known
from echo.remote.config import RemoteConfig, shown
from echo.remote.failures import RemoteFailure
from echo.remote.http import Door
from echo.text import storable

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
EACH_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 2.0
MOST_MODELS: Final = 200
WINDOWS: Final = (
    "max_model_len",
    "context_length",
    "max_context_length",
    "context",
    "context_window",
)
"""By which servers tell how many tokens a model reads: vLLM and SGLang, routers, LM Studio, Echo, others."""
ROUTE_ABSENT: Final = "status 404"
LATELY: Final = 0.2


class Server:
    """Owned by the hub's thread."""

    def __init__(self, address: str, config: RemoteConfig) -> None:
        self.address = shown(address)
        self.door = Door(address, config.key, max(config.first_seconds, config.pause_seconds))
        self.known = Known(self.address)
        self.load = 0
        self.asked = 0
        """When it was asked last, as a number that grows."""
        self.models: Mapping[str, int | None] | None = None
        """Its models with their windows, as far as it tells; None: it has not answered yet."""
        self.error: str | None = None
        self.words = failures.AWAY
        """For people, why it rests."""
        self.away = False
        """It could not be reached, or let nobody in, the last time."""
        self.tally = Tally()
        self._failures = 0
        self._rest_until = 0.0
        self._looks = False
        self._look_at = 0.0
        self._first_token_ms: float | None = None

    # ── how it does ─────────────────────────────────────────────────────────────────────────

    @property
    def rest(self) -> float:
        """Seconds for which it had better not be asked; 0: it may be."""
        return max(0.0, self._rest_until - time.monotonic())

    @property
    def state(self) -> Literal["unknown", "ready", "resting"]:
        if self.away or self.rest:
            return "resting"
        return "unknown" if self.models is None else "ready"

    @property
    def is_there(self) -> bool:
        """Whether it answers at all."""
        return self.models is not None and not self.away

    def serves(self, model: str) -> bool:
        """Whether it may be asked for a model: it lists that, or does not say what it has."""
        return not self.models or model in self.models

    def failed(self, failure: RemoteFailure, **whose: str) -> None:
        """Note a failure: it rests, longer after each; one that is not its fault changes nothing.

        Answers that break together are one failure. `whose`: what the line of log has beside it.
        """
        detail = self.door.hide(failure.detail)
        log.warning("a server elsewhere failed", server=self.address, why=detail, **whose)
        if failure.rest == 0:
            return
        self.error, self.words = detail, failure.text
        if failure.text == failures.AWAY:
            self.away, self._look_at = True, 0.0
        if not self.rest:
            self._failures += 1
        usual = failures.REST_SECONDS * 2 ** min(self._failures - 1, 10)
        rest = min(usual, failures.LONGEST_REST_SECONDS) if failure.rest is None else failure.rest
        self._rest_until = max(self._rest_until, time.monotonic() + rest)

    def answered(self) -> None:
        """Note that it does well."""
        self._failures, self._rest_until = 0, 0.0
        self.error, self.away = None, False

    def began(self, first_token_ms: float) -> None:
        """Note how long an answer's first piece took."""
        before = self._first_token_ms
        self._first_token_ms = (
            first_token_ms if before is None else before + LATELY * (first_token_ms - before)
        )
        self.answered()

    def status(self) -> ServerStatus:
        return ServerStatus(
            self.address,
            self.state,
            self.load,
            self.tally.rate.per_second(),
            self._first_token_ms,
            self.error,
        )

    # ── looking after it ────────────────────────────────────────────────────────────────────

    @property
    def is_due(self) -> bool:
        """Whether it is time to look after it."""
        return not self._looks and not self.rest and time.monotonic() >= self._look_at

    def look(self) -> None:
        """Ask which models it has; it rests where it does not answer."""
        self._looks = True
        try:
            with hub.time_limit(LOOK_SECONDS):
                self.models = listed(self.door.get("/models"))
            self._is_here()
        except TimeoutError:
            self.failed(RemoteFailure(failures.AWAY, f"no list of models in {LOOK_SECONDS:g} s"))
        except RemoteFailure as failure:
            if failure.detail.startswith(ROUTE_ABSENT):
                self.models = self.models or {}
                self._is_here()
            else:
                self.failed(failure)
                self.away = True  # whoever does not let Echo see its models lets it ask nothing
        finally:
            self._looks = False
            self._look_at = time.monotonic() + (AGAIN_SECONDS if self.away else EACH_SECONDS)

    def _is_here(self) -> None:
        """It is there again; answers that failed are not forgiven by a list."""
        if self.away:
            self.answered()


def listed(found: Any) -> dict[str, int | None]:
    """Return the models that `GET /models` lists, with their windows; what is no model is passed over."""
    entries = found.get("data") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        return {}
    models = [one for one in entries[:MOST_MODELS] if isinstance(one, dict)]
    names = [(one.get("id"), one) for one in models]
    return {name: _window(one) for name, one in names if isinstance(name, str) and _is_name(name)}


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MODEL_NAME_CHARS and storable(name) == name


def _window(entry: dict[str, Any]) -> int | None:
    for name in WINDOWS:
        value = entry.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
