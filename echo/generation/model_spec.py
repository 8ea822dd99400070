"""Which models an engine may serve. It does not know how they are loaded or who may use them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import InvalidConfig


@dataclass(frozen=True)
class ModelSpec:
    """A model under a name: weights of its own, or an adapter over the weights of another."""

    name: str
    source: str = ""  # a folder, a GGUF file, or the name of a model on the hub
    adapter: str = ""  # a LoRA folder in peft's format
    base: str = ""  # the name of the model whose weights the adapter changes
    served: str = ""  # where a GGUF file's converted form is kept; beside the file if empty
    context_length: int | None = None  # tokens of prompt and reply; None: the engine's setting
    template: str = ""  # a chat template instead of the model's own

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidConfig("A model needs a name.")
        if bool(self.adapter) is not bool(self.base):
            raise InvalidConfig(f"{self.name}: an adapter and its base are named together.")
        if not self.adapter and not self.source:
            raise InvalidConfig(f"{self.name}: a model needs a folder, a file or a Hub id.")

    @property
    def weights(self) -> str:
        """The name of the model that holds the weights: its own, or its base's."""
        return self.base or self.name

    @classmethod
    def of_source(cls, source: str) -> ModelSpec:
        """A model that is named by its folder, file or Hub id alone."""
        path = Path(source.rstrip("/"))
        name = path.stem if path.suffix == ".gguf" else path.name
        return cls(name or source, source)
