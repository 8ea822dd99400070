"""What `models info` prints: facts of a model, an entry of the catalogue or a GGUF file. Looks nothing up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from echo.services.library import Entry, InstalledModel, gguf_header, room, safetensors_header
from echo.services.library.catalogue import (
    AdapterSource,
    HubSource,
    PackagesSource,
    RepositorySource,
)

Fact = tuple[str, str]


def facts_of_model(model: InstalledModel) -> list[Fact]:
    """Return what is known of a model that was added."""
    return [
        ("name", model.name),
        ("state", f"{model.state}: {model.problem}" if model.problem else model.state),
        ("kind", model.kind),
        ("path", str(model.path)),
        *([("base", model.base)] if model.base else []),
        ("on disk", room.size(model.bytes)),
        ("from", model.source),
        ("licence", model.licence or "not stated"),
        *([("added", f"{model.added_at:%Y-%m-%d %H:%M} UTC")] if model.added_at else []),
        *_memory(model.weights),
    ]


def facts_of_entry(entry: Entry) -> list[Fact]:
    """Return what the catalogue says of a model."""
    return [
        ("name", entry.name),
        ("title", entry.title),
        *([("note", entry.note)] if entry.note else []),
        ("tried", "with Echo" if entry.tried else "not yet"),
        ("licence", entry.licence),
        ("parameters", f"{entry.parameters:,}"),
        ("context", f"{entry.context:,} tokens"),
        ("template", entry.template),
        *_memory(entry.weights),
        *_measured(entry),
        *_sources(entry),
    ]


def facts_of_file(path: Path) -> list[Fact]:
    """Return what a GGUF file says of itself; raises InvalidInput where it is none."""
    header = gguf_header.read(path)
    weights = safetensors_header.count(header.shapes)
    said = [
        (word, str(header.facts[key]))
        for word, key in (("name", "general.name"), ("licence", "general.license"))
        if key in header.facts
    ]
    kept = ", ".join(f"{count} × {name}" for name, count in sorted(header.types.items()))
    return [
        ("file", str(path)),
        ("on disk", room.size(path.stat().st_size)),
        *said,
        ("family", header.architecture or "not stated"),
        ("tensors", kept),
        ("numbers", f"{weights:,}"),
        *([("context", f"{header.context:,} tokens")] if header.context else []),
        ("chat template", "yes" if "tokenizer.chat_template" in header.facts else "none"),
        *_memory(weights),
    ]


def _memory(weights: int | None) -> Iterator[Fact]:
    """Yield what serving takes, in each type, Echo itself included."""
    if weights:
        needs = [
            f"{name} {room.size(room.memory_needed(weights, w))}" for name, w in room.WIDTHS.items()
        ]
        yield "memory", "about " + ", ".join(needs)


def _measured(entry: Entry) -> Iterator[Fact]:
    if entry.measured:
        speeds = entry.measured.tokens_per_second.items()
        told = ", ".join(f"{speed:,.0f} for {askers}" for askers, speed in speeds)
        memory = entry.measured.memory_bytes
        held = f", holding {room.size(memory)}" if memory else ""
        yield (
            "tokens/s",
            f"{told} at once ({entry.measured.served_as}{held}; {entry.measured.machine})",
        )
    for behaviour, share in (entry.rates or {}).items():
        yield "measured", f"{share:.0%}  {behaviour}"


def _sources(entry: Entry) -> Iterator[Fact]:
    for source in entry.sources:
        if isinstance(source, RepositorySource):
            yield "from", f"this repository, {source.folder}"
        elif isinstance(source, AdapterSource):
            yield "from", f"{source.base}, with the adapter in {source.folder} where one lies there"
        elif isinstance(source, HubSource):
            gated = ", for signed-in people (HF_TOKEN)" if source.gated else ""
            yield "from", f"the Hub, {source.repo}{'/' + source.file if source.file else ''}{gated}"
        elif isinstance(source, PackagesSource):
            yield "from", f"{len(source.pieces)} Python packages, read as data"
            yield "sha256", source.sha256
