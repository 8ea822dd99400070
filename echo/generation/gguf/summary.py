"""What can be told of a GGUF file before it is converted. Only its header is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .blocks import SERVED
from .errors import border
from .layout import plan
from .model_file import ModelFile, opened


@dataclass(frozen=True)
class GgufSummary:
    architecture: str
    name: str | None
    licence: str | None
    parameters: int
    context: int
    vocabulary: int
    layers: int
    quantisation: dict[str, int]  # type → tensors, the most frequent first
    file_bytes: int
    served_bytes: dict[str, int]  # served type → bytes of the weights

    @property
    def main_type(self) -> str:
        """The quantisation in one word: the type of most matrices."""
        return next((kind for kind in self.quantisation if kind != "F32"), "F32")


def inspect(source: Path) -> GgufSummary:
    """Raises ModelLoadError for whatever `convert` would refuse by the header alone."""
    with border(source), opened(source) as model:
        plan(model.family, model.sizes, model.tensors, 2)
        model.rope()
        return _summary(model)


def _summary(model: ModelFile) -> GgufSummary:
    return GgufSummary(
        architecture=model.meta.architecture,
        name=model.meta.text("general.name"),
        licence=model.meta.text("general.license"),
        parameters=model.parameters,
        context=model.sizes.context,
        vocabulary=model.sizes.vocabulary,
        layers=model.sizes.layers,
        quantisation=model.quantisation,
        file_bytes=os.fstat(model.file.fileno()).st_size,
        served_bytes={name: model.parameters * kind.width for name, kind in SERVED.items()},
    )
