"""Models as the page tells of them: states, memory, speed and settings in words. Knows no request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from echo.policies import RoleName
from echo.services.library import Entry, InstalledModel, Library, room
from echo.services.serving import ModelStatus, ModelView, ServerStatus
from echo.services.serving.model_settings import Settled

USERS: Final = {
    RoleName.USER: "Everybody",
    RoleName.ANALYST: "Analysts and administrators",
    RoleName.ADMIN: "Administrators",
    RoleName.SUPER_ADMIN: "Super admins",
}
STATES: Final = {
    # the engine's word for it: ours, the colour of its tag, and what follows from it
    "installed": ("not in memory", "", "It is loaded when somebody asks for it."),
    "loading": (
        "being loaded",
        "busy",
        "Whoever asks for it waits; other models answer meanwhile.",
    ),
    "ready": ("ready", "good", ""),
    "restarting": ("being restarted", "bad", "Its engine failed; it is loaded anew by itself."),
    "failed": (
        "cannot be loaded",
        "bad",
        "Nobody can use it. Mend what is said above, then load it again.",
    ),
}
ELSEWHERE: Final = {
    "loading": (
        "being looked for",
        "busy",
        "Its servers have not answered yet; whoever asks waits.",
    ),
    "ready": ("ready", "good", ""),
    "failed": (
        "not reachable",
        "bad",
        "Nobody can use it until a server answers; they are asked again every few seconds.",
    ),
}
"""The same of a model whose servers are elsewhere."""
SERVER_STATES: Final = {"unknown": "not asked yet", "ready": "ready", "resting": "resting"}
SAMPLING: Final = {
    "temperature": "temperature",
    "top_p": "top p",
    "top_k": "top k",
    "repetition_penalty": "repetition penalty",
    "max_new_tokens": "longest answer",
}
AS_FILES_SAY: Final = "as its files say"
AS_SITE_SAYS: Final = "as the site says"


@dataclass(frozen=True)
class Shown:
    """One model as the list shows it."""

    view: ModelView
    state: str
    kind: str
    note: str
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
        state=state,
        kind=kind,
        note=note,
        origin=_origin(status),
        memory=_memory(view),
        speed=speed(status.tokens_per_second),
        answers=answers(status.finished, status.failed, status.cancelled),
        users=USERS[view.settled.least_role],
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
        return "A model of other servers"
    return f"Adapter on {status.base}" if status.base else "Weights of its own"


def _server(one: ServerStatus) -> tuple[str, str, str]:
    parts = [SERVER_STATES[one.state], f"{one.load:,} answering", speed(one.tokens_per_second)]
    if one.first_token_ms is not None:
        parts.append(f"first word after {one.first_token_ms / 1000:.1f} s")
    return one.address, ", ".join(parts), one.error or ""


def speed(tokens_per_second: float) -> str:
    return f"{round(tokens_per_second):,} tokens/s" if tokens_per_second else "idle"


def answers(finished: int, failed: int, stopped: int) -> str:
    """Return the answers since the start, such as "1,204, 2 failed"."""
    parts = [f"{finished:,}"]
    parts += [f"{failed:,} failed"] if failed else []
    parts += [f"{stopped:,} stopped"] if stopped else []
    return ", ".join(parts)


def settled_in_words(settled: Settled, nothing: str = AS_FILES_SAY) -> str:
    """Return what differs from the model's files, or from what is usual here."""
    parts = [f"{SAMPLING[name]} {value:g}" for name, value in settled.sampling.items()]
    parts += ["own system prompt"] if settled.system_prompt else []
    parts += [f"window {settled.context_length:,}"] if settled.context_length else []
    parts += ["own chat template"] if settled.template else []
    parts += [] if settled.help else ["help off"]
    return ", ".join(parts) or nothing


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
        download="asked of the Hub first" if bytes_ is None else room.size(bytes_),
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
    speeds = entry.measured.tokens_per_second.items()
    return " / ".join(f"{value:g}" for _askers, value in speeds) + (
        f" tokens/s for {' / '.join(askers for askers, _value in speeds)} at once, "
        f"{entry.measured.machine}"
    )


def _memory(view: ModelView) -> str:
    status = view.status
    if status.servers:
        return "none here"
    if not status.weight_bytes + status.cache_bytes:
        return "none"
    if status.base:
        return f"that of {status.base}"
    return (
        f"{room.size(status.weight_bytes)} weights, "
        f"{room.size(status.cache_bytes)} keys and values at most"
    )


def _computing(view: ModelView) -> str:
    """Return how its steps are computed; nothing until it is loaded."""
    status = view.status
    if status.servers:
        number = len(status.servers)
        window = f", window of {status.context_length:,} tokens" if status.context_length else ""
        return f"elsewhere, on {number} {'server' if number == 1 else 'servers'}{window}"
    if not status.context_length:
        return ""
    parts = [part for part in (status.way, status.dtype, status.device) if part not in ("", "none")]
    return ", ".join([*parts, f"window of {status.context_length:,} tokens"])


def size(installed: InstalledModel | None) -> str:
    """Return what it takes on the disk; nothing where it takes none of its own."""
    return room.size(installed.bytes) if installed is not None and installed.bytes else ""
