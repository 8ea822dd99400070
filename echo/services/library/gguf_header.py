"""What a GGUF file says of itself: its facts and the shapes of its tensors, without their numbers.

It reads the head of the file alone and believes none of its counts: each is held against the length of the
file before it is followed, so that a hostile file costs neither memory nor time. It does not convert and does
not know which families the engine can serve. Source of the format: the GGUF specification, versions 2 and 3.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from echo.errors import InvalidInput
from echo.languages import gettext
from echo.services.library.safetensors_header import Shapes

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
FACTS_MAX: Final = 10_000
TENSORS_MAX: Final = 100_000
TEXT_MAX: Final = 1_000_000
SHORT: Final = 4096
STRING, ARRAY = 8, 9
SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
} | {
    11: "<q",
    12: "<d",
}
TYPES: Final = {
    # number in the file: name, numbers in a block, bytes of a block
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
}
PLACES: Final = {
    # a tensor's name in GGUF, behind its layer: its name in transformers
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


@dataclass(frozen=True)
class GgufHeader:
    """Facts by their keys (lists left out), shapes by transformers' names, and how the numbers are kept."""

    facts: dict[str, Any]
    shapes: Shapes
    types: dict[str, int]
    """How many tensors are of each type, by the type's name."""

    @property
    def architecture(self) -> str:
        return str(self.facts.get("general.architecture", ""))

    @property
    def context(self) -> int | None:
        """Tokens that the model reads."""
        found = self.facts.get(f"{self.architecture}.context_length")
        return found if isinstance(found, int) else None


def read(file: Path) -> GgufHeader:
    """Read the head of a GGUF file.

    Raises:
        InvalidInput: it is none, is cut off, or says what cannot be.
    """
    try:
        if not file.is_file():
            raise ValueError("it is no file")  # a pipe would be waited for
        with file.open("rb") as stream:
            return _Reader(stream, file.stat().st_size).header()
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as failure:
        raise InvalidInput(
            gettext(
                "%(file)s is no GGUF file that can be read: %(failure)s.",
                file=file.name,
                failure=failure,
            )
        ) from failure


class _Reader:
    """A place in the file, and what may still follow."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size

    def header(self) -> GgufHeader:
        if self._bytes(4) != MAGIC:
            raise ValueError("it does not begin as one")
        version = self._number("<I")
        if version not in VERSIONS:
            raise ValueError(f"version {version} of the format is not known")
        tensors = self._count(self._number("<Q"), TENSORS_MAX, "tensors")
        facts = self._count(self._number("<Q"), FACTS_MAX, "facts")
        said = {self._text(): self._value() for _ in range(facts)}
        described = [self._tensor() for _ in range(tensors)]
        self._refuse_beyond(described, said.get("general.alignment", 32))
        types = [TYPES[kind][0] for _, _, kind, _ in described]
        return GgufHeader(
            facts={key: value for key, value in said.items() if value is not None},
            shapes={_name(name): tuple(reversed(dims)) for name, dims, _, _ in described},
            types={name: types.count(name) for name in dict.fromkeys(types)},
        )

    def _tensor(self) -> tuple[str, list[int], int, int]:
        """Return its name, its lengths (the innermost first), its type and where it begins."""
        name = self._text()
        rank = self._count(self._number("<I"), 4, "dimensions")
        dims = [self._number("<Q") for _ in range(rank)]
        kind, offset = self._number("<I"), self._number("<Q")
        if kind not in TYPES:
            raise ValueError(f"{name} is of type {kind}, which is not known")
        return name, dims, kind, offset

    def _refuse_beyond(self, tensors: list[tuple[str, list[int], int, int]], align: Any) -> None:
        if not isinstance(align, int) or not 1 <= align <= 4096:
            raise ValueError("its alignment is none")
        begin = -(-self.stream.tell() // align) * align
        for name, dims, kind, offset in tensors:
            _, block, width = TYPES[kind]
            if begin + offset + math.prod(dims) // block * width > self.size:
                raise ValueError(f"it is cut off: {name} lies beyond its end")

    def _value(self) -> Any:
        """Return a number or a text; None for a list, which is passed over."""
        return self._of(self._number("<I"))

    def _of(self, kind: int) -> Any:
        if kind in SCALARS:
            return self._number(SCALARS[kind])
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            return self._pass_over(self._number("<I"), self._number("<Q"))
        raise ValueError(f"a fact is of kind {kind}, which is not known")

    def _pass_over(self, kind: int, length: int) -> None:
        if kind in SCALARS:
            return self._skip(length * struct.calcsize(SCALARS[kind]))
        if kind != STRING:
            raise ValueError("a list of lists is not known")
        self._count(length, self.size // 8, "texts")
        for _ in range(length):
            self._skip(self._number("<Q"))
        return None

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._bytes(struct.calcsize(form)))[0]

    def _text(self) -> str:
        length = self._count(self._number("<Q"), TEXT_MAX, "characters in a text")
        return self._bytes(length).decode("utf-8", "replace")

    def _bytes(self, length: int) -> bytes:
        found = self.stream.read(length)
        if len(found) != length:
            raise ValueError("it is cut off")
        return found

    def _skip(self, length: int) -> None:
        if length <= SHORT:
            self._bytes(length)  # a seek would throw the stream's buffer away
        elif length > self.size - self.stream.tell():
            raise ValueError("it is cut off")
        else:
            self.stream.seek(length, 1)

    def _count(self, found: Any, most: int, what: str) -> int:
        if found > most:
            raise ValueError(f"{found:,} {what} cannot be")
        return int(found)


def _name(name: str) -> str:
    """`blk.3.attn_q.weight` is `model.layers.3.self_attn.q_proj.weight`; others keep their name."""
    parts = name.split(".")
    if len(parts) == 4 and parts[0] == "blk" and parts[2] in PLACES:
        return f"model.layers.{parts[1]}.{PLACES[parts[2]]}.{parts[3]}"
    return name
