"""What stands in the library now: read from its notes and from the disk each time, never kept.

It changes nothing. echo-mini, which is part of the repository, always stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from echo.config import ROOT
from echo.errors import Conflict, NotFound
from echo.languages import gettext
from echo.services.library import room
from echo.services.library.catalogue import AdapterSource, Catalogue, RepositorySource
from echo.services.library.models import InstalledModel, ModelFiles
from echo.services.library.records import Record, Records

GGUF_NAME = "model.gguf"


@dataclass(frozen=True)
class Shelf:
    """The models of one folder, with those of the repository."""

    folder: Path
    catalogue: Catalogue
    root: Path = ROOT

    @property
    def records(self) -> Records:
        return Records(self.folder)

    def home(self, name: str) -> Path:
        """Return the folder of a model's own files."""
        return self.folder / name

    def installed(self) -> tuple[InstalledModel, ...]:
        """Return every model, the embedded one first and the youngest last; incomplete ones, too."""
        known = {record.name: record for record in self.all_records()}
        begun = [record for record in self.records.begun() if record.name not in known]
        return (
            *(self._described(record, known) for record in known.values()),
            *(self._begun(record) for record in begun),
        )

    def all_records(self) -> tuple[Record, ...]:
        """Return the note of every model that is here, the repository's own included."""
        return (*self._embedded(), *self.records.all())

    def get(self, name: str) -> InstalledModel:
        """Return a model by its name, whatever its case; raises NotFound, saying how it could be had."""
        for model in self.installed():
            if model.name.casefold() == name.casefold():
                return model
        entry = self.catalogue.get(name)
        if entry is None:
            raise NotFound(
                gettext("The model “%(name)s” is not installed.", name=name), field="name"
            )
        raise NotFound(
            gettext(
                "The model “%(name)s” is not installed: python run.py models add %(entry)s.",
                name=name,
                entry=entry.name,
            ),
            field="name",
        )

    def files(self, name: str) -> ModelFiles:
        """Return what an engine needs to serve a model.

        Raises:
            NotFound: it is not installed.
            Conflict: it is incomplete; the text says why.
        """
        model = self.get(name)
        if model.state != "installed":
            raise Conflict(
                gettext(
                    "“%(model)s” cannot be served: %(problem)s.",
                    model=model.name,
                    problem=model.problem,
                ),
                field="name",
            )
        base = self.get(model.base) if model.base else model
        if base.state != "installed":
            raise Conflict(
                gettext(
                    "“%(base)s”, its base, cannot be served: %(problem)s.",
                    base=base.name,
                    problem=base.problem,
                ),
                field="name",
            )
        return ModelFiles(
            name=model.name,
            folder=base.path if base.path.is_dir() else None,
            gguf=None if base.path.is_dir() else base.path,
            adapter=model.path if model.kind == "adapter" else None,
            base=model.base,
            home=self.home(base.name),
            weights=model.weights,
        )

    def _embedded(self) -> list[Record]:
        """The models of the repository."""
        return [
            Record(
                name=entry.name,
                kind="folder",
                source="repository",
                path=self.root / source.folder,
                licence=entry.licence,
                weights=entry.weights,
            )
            for entry in self.catalogue.models
            for source in entry.sources
            if isinstance(source, RepositorySource)
        ]

    def _described(self, record: Record, known: dict[str, Record]) -> InstalledModel:
        own = self._own_adapter(record)
        base = known.get(record.base) if record.base else None
        kind = "adapter" if own else record.kind
        shares = base is not None and kind != "adapter"
        path = own or self._path(base if shares and base else record)
        problem = None if path.exists() else gettext("%(path)s is gone", path=path)
        if record.base and base is None:
            problem = gettext("its base %(base)s is not installed", base=record.base)
        return InstalledModel(
            name=record.name,
            kind=kind,
            path=path,
            base=record.base,
            bytes=0 if shares else room.bytes_of(self._taken(record, path)),
            licence=record.licence,
            source=record.source,
            added_at=None if record.source == "repository" else record.added_at,
            state="incomplete" if problem else "installed",
            problem=problem,
            weights=record.weights,
        )

    def _begun(self, record: Record) -> InstalledModel:
        """A model whose adding was cut, or goes on in another process."""
        return InstalledModel(
            name=record.name,
            kind=record.kind,
            path=self.home(record.name),
            base=record.base,
            bytes=room.bytes_of(self.home(record.name)),
            licence=record.licence,
            source=record.source,
            added_at=record.added_at,
            state="incomplete",
            problem=gettext(
                "it is not all here yet; `models add %(name)s` goes on", name=record.name
            ),
            weights=record.weights,
        )

    def _path(self, record: Record) -> Path:
        if record.path is not None:
            return record.path
        home = self.home(record.name)
        return home / GGUF_NAME if record.kind == "gguf" else home

    def _taken(self, record: Record, path: Path) -> Path:
        """Return where what the model takes lies: what was made of its file counts, too."""
        return (
            path
            if record.path is not None or not self.home(record.name).exists()
            else self.home(record.name)
        )

    def card_folders(self, name: str) -> list[Path]:
        """Return where a model's card may lie, the nearest first."""
        model = self.get(name)
        entry = self.catalogue.get(model.name)
        sources = entry.sources if entry else ()
        own = [self.root / each.folder for each in sources if isinstance(each, AdapterSource)]
        files = [model.path, *([self.get(model.base).path] if model.base else [])]
        return [*own, *(path if path.is_dir() else path.parent for path in files)]

    def _own_adapter(self, record: Record) -> Path | None:
        """Return Echo's own adapter of this entry, where the repository holds one."""
        entry = self.catalogue.get(record.name)
        for source in entry.sources if entry else ():
            folder = self.root / source.folder if isinstance(source, AdapterSource) else None
            if folder and (folder / "adapter_model.safetensors").is_file():
                return folder
        return None
