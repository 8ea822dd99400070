"""Models as the page tells of them: states, memory, speed and settings in words. Knows no request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from echo.admin import engine_words
from echo.languages import gettext, mark, ngettext, number, tenths
from echo.policies import FROM_ROLE_ON
from echo.services.chats import failures
from echo.services.library import Entry, InstalledModel, Library, room
from echo.services.serving import ModelStatus, ModelView, ServerStatus
from echo.services.serving.model_settings import Settled

STATES: Final = {
    # the engine's word for it: ours, the colour of its tag, and what follows from it
    "installed": (mark("not in memory"), "", mark("It is loaded when somebody asks for it.")),
    "loading": (
        mark("being loaded"),
        "busy",
        mark("Whoever asks for it waits; other models answer meanwhile."),
    ),
    "ready": (mark("ready"), "good", ""),
    "restarting": (
        mark("being restarted"),
        "bad",
        mark("Its engine failed; it is loaded anew by itself."),
    ),
    "failed": (
        mark("cannot be loaded"),
        "bad",
        mark("Nobody can use it. Mend what is said above, then load it again."),
    ),
}
ELSEWHERE: Final = {
    "loading": (
        mark("being looked for"),
        "busy",
        mark("Its servers have not answered yet; whoever asks waits."),
    ),
    "ready": (mark("ready"), "good", ""),
    "failed": (
        mark("not reachable"),
        "bad",
        mark("Nobody can use it until a server answers; they are asked again every few seconds."),
    ),
}
"""The same of a model whose servers are elsewhere."""
SERVER_STATES: Final = {
    "unknown": mark("not asked yet"),
    "ready": mark("ready"),
    "resting": mark("resting"),
}
SAMPLING: Final = {
    "temperature": mark("temperature"),
    "top_p": mark("top p"),
    "top_k": mark("top k"),
    "repetition_penalty": mark("repetition penalty"),
    "max_new_tokens": mark("longest answer"),
}
AS_FILES_SAY: Final = mark("as its files say")
AS_SITE_SAYS: Final = mark("as the site says")
BARE: Final = Markup("<bdi>{}</bdi>")
"""A technical word: it is the same in every language, and stays as it is beside words from right to left."""


@dataclass(frozen=True)
class Shown:
    """One model as the list shows it."""

    view: ModelView
    state: str
    kind: str
    note: str
    error: str
    doing: str
    """While it is loaded: what is being done."""
    origin: str
    memory: str
    speed: str
    answers: str
    users: str
    computing: str
    settings: str
    size: str
    servers: list[tuple[str, str, str]]
    """Those elsewhere that compute for it: address, how it does, and what is wrong."""
    can_load: bool
    can_unload: bool
    can_be_removed: bool


@dataclass(frozen=True)
class Offer:
    """One model of the catalogue as the page of adding shows it."""

    entry: Entry
    download: str
    memory: str
    speed: str
    stands_on: str
    is_installed: bool
    is_gated: bool
    may_be_too_large: bool


def shown(view: ModelView) -> Shown:
    """Return one model in words."""
    status = view.status
    elsewhere = bool(status.servers)
    state, kind, note = (ELSEWHERE if elsewhere else STATES)[status.state]
    own_weights = not status.base and not elsewhere
    return Shown(
        view=view,
        state=gettext(state),
        kind=kind,
        note=note and gettext(note),
        error=failures.said(status.error or ""),
        doing=engine_words.step(status.doing),
        origin=_origin(status),
        memory=_memory(view),
        speed=speed(status.tokens_per_second),
        answers=answers(status.finished, status.failed, status.cancelled),
        users=gettext(FROM_ROLE_ON[view.settled.least_role]),
        computing=_computing(view),
        settings=settled_in_words(view.settled, AS_SITE_SAYS if elsewhere else AS_FILES_SAY),
        size=size(view.installed),
        can_load=status.state in ("installed", "failed"),
        servers=[_server(one) for one in status.servers],
        can_unload=status.state == "ready" and own_weights,
        can_be_removed=view.installed is not None and view.installed.source != "repository",
    )


def _origin(status: ModelStatus) -> str:
    if status.servers:
        return gettext("A model of other servers")
    if status.base:
        return gettext("Adapter on %(model)s", model=status.base)
    return gettext("Weights of its own")


def _server(one: ServerStatus) -> tuple[str, str, str]:
    parts = [
        gettext(SERVER_STATES[one.state]),
        gettext("%(count)s answering", count=number(one.load)),
        speed(one.tokens_per_second),
    ]
    if one.first_token_ms is not None:
        seconds = tenths(one.first_token_ms / 1000)
        parts.append(gettext("first word after %(seconds)s s", seconds=seconds))
    return one.address, _listed(parts), failures.said(one.error or "")


def speed(tokens_per_second: float) -> str:
    if not tokens_per_second:
        return gettext("idle")
    return gettext("%(count)s tokens/s", count=number(round(tokens_per_second)))


def answers(finished: int, failed: int, stopped: int) -> str:
    """Return the answers since the start, such as "1,204, 2 failed"."""
    parts = [number(finished)]
    parts += [gettext("%(count)s failed", count=number(failed))] if failed else []
    parts += [gettext("%(count)s stopped", count=number(stopped))] if stopped else []
    return _listed(parts)


def settled_in_words(settled: Settled, nothing: str = AS_FILES_SAY) -> str:
    """Return what differs from the model's files, or from what is usual here."""
    window = settled.context_length
    parts = [
        f"{gettext(SAMPLING[name])} {number(value)}" for name, value in settled.sampling.items()
    ]
    parts += [gettext("own system prompt")] if settled.system_prompt else []
    parts += [gettext("window %(count)s", count=number(window))] if window else []
    parts += [gettext("own chat template")] if settled.template else []
    parts += [] if settled.help else [gettext("help off")]
    parts += [gettext("may call tools")] if settled.calls_tools else []
    return _listed(parts) or gettext(nothing)


def offers(library: Library, installed: set[str], most: int) -> list[Offer]:
    """Return the catalogue, those first that were tried, and of these the best; `most` bytes may be taken."""
    known = enumerate(library.catalogue.models)
    ordered = sorted(known, key=lambda found: (found[1].tried, found[0]), reverse=True)
    return [_offer(entry, library, installed, most) for _place, entry in ordered]


def _offer(entry: Entry, library: Library, installed: set[str], most: int) -> Offer:
    base = library.catalogue.get(entry.base) if entry.base else None
    memory = room.memory_needed(entry.weights, library.width)
    fetched = base if base is not None and base.name not in installed else entry
    bytes_ = fetched.download_bytes
    return Offer(
        entry=entry,
        download=gettext("asked of the Hub first") if bytes_ is None else room.size(bytes_),
        memory=room.size(memory),
        speed=_measured(entry),
        stands_on=base.name if base else "",
        is_installed=entry.name in installed,
        is_gated=all(getattr(source, "gated", False) for source in entry.sources),
        may_be_too_large=memory > most,
    )


def _measured(entry: Entry) -> str:
    """Return the speeds that were measured, by the number of people who ask at once."""
    if entry.measured is None:
        return ""
    speeds = entry.measured.tokens_per_second
    return gettext(
        "%(speeds)s tokens/s for %(askers)s at once, %(machine)s",
        speeds=" / ".join(number(value) for value in speeds.values()),
        askers=" / ".join(speeds),
        machine=gettext(entry.measured.machine),
    )


def _memory(view: ModelView) -> str:
    status = view.status
    if status.servers:
        return gettext("none here")
    if not status.weight_bytes + status.cache_bytes:
        return gettext("none")
    if status.base:
        return gettext("that of %(model)s", model=status.base)
    return gettext(
        "%(weights)s weights, %(cache)s keys and values at most",
        weights=room.size(status.weight_bytes),
        cache=room.size(status.cache_bytes),
    )


def _listed(parts: list[str]) -> Markup:
    return Markup(gettext(", ")).join(part for part in parts if part)


def _computing(view: ModelView) -> str:
    """Return how its steps are computed; nothing until it is loaded."""
    status = view.status
    if status.servers:
        parts = [
            ngettext(
                "elsewhere, on %(num)s server",
                "elsewhere, on %(num)s servers",
                len(status.servers),
            )
        ]
    elif not status.context_length:
        return ""
    else:
        known = [part for part in (status.dtype, status.device) if part not in ("", "none")]
        parts = [engine_words.way(status.way), *map(BARE.format, known)]
    window = status.context_length
    said = [gettext("window of %(count)s tokens", count=number(window))] if window else []
    return _listed([*parts, *said])


def size(installed: InstalledModel | None) -> str:
    """Return what it takes on the disk; nothing where it takes none of its own."""
    return room.size(installed.bytes) if installed is not None and installed.bytes else ""
