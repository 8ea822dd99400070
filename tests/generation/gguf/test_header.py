"""Headers that lie, are cut or hostile: one clear line, at once, with no memory spent."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from pathlib import Path

import pytest

from echo.generation import ModelLoadError
from echo.generation.gguf import header, inspect

from .making import FAMILIES

U8, U32, I32, F32, STRING, ARRAY, U64 = 0, 4, 5, 6, 8, 9, 10


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def array(key: str, kind: int, count: int, values: bytes = b"") -> bytes:
    return pair(key, ARRAY, struct.pack("<IQ", kind, count) + values)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    dims = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dims + struct.pack("<IQ", kind, offset)


def file(
    *parts: bytes, tensors: int = 0, pairs: int = 0, version: int = 3, magic: bytes = b"GGUF",
    data: int = 0,
) -> bytes:  # fmt: skip
    head = magic + struct.pack("<IQQ", version, tensors, pairs) + b"".join(parts)
    return head + b"\0" * (-len(head) % 32) + b"\0" * data


ARCHITECTURE = pair("general.architecture", STRING, text("llama"))

HOSTILE = {
    "empty": (b"", "too short"),
    "wrong magic": (file(magic=b"ELF!"), "not a GGUF file"),
    "old format": (file(magic=b"GGJT"), "older GGML file"),
    "version 1": (file(version=1), "version is 1"),
    "version 4": (file(version=4), "version is 4"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
    "a billion tensors": (file(tensors=10**9), "1,000,000,000 tensors, more than fit"),
    "all tensors there are": (file(tensors=2**64 - 1), "more than fit"),
    "a billion entries": (file(pairs=10**9), "1,000,000,000 metadata entries"),
    "a long key": (file(struct.pack("<Q", 2**63), b"\0" * 64, pairs=1), "a key has"),
    "a long text": (
        file(pair("general.name", STRING, struct.pack("<Q", 10**12)), pairs=1),
        "general.name has 1,000,000,000,000 bytes",
    ),
    "a text beyond the end": (
        file(pair("general.name", STRING, struct.pack("<Q", 4_000_000)), pairs=1),
        "ends in the middle of its header",
    ),
    "10^12 texts": (file(array("tokenizer.ggml.tokens", STRING, 10**12), pairs=1), "more than fit"),
    "10^12 numbers": (file(array("tokenizer.ggml.scores", F32, 10**12), pairs=1), "more than fit"),
    "too many numbers": (
        file(array("a", U8, 3_000_000, b"\0" * 3_000_000), pairs=1), "at most 2,097,152",
    ),
    "too many in two arrays": (
        file(*(array(name, U8, 1_500_000, b"\0" * 1_500_000) for name in "ab"), pairs=2),
        "values together",
    ),
    "arrays of arrays": (file(array("a", ARRAY, 3, b"\0" * 64), pairs=1), "array of arrays"),
    "unknown value": (file(pair("a", 77, b"\0" * 64), pairs=1), "unknown value type 77"),
    "unknown element": (file(array("a", 77, 1, b"\0" * 64), pairs=1), "unknown value type 77"),
    "a key twice": (file(ARCHITECTURE, ARCHITECTURE, pairs=2), "is there twice"),
    "no UTF-8": (file(pair("a", STRING, text(b"\xff\xfe")), pairs=1), "not UTF-8"),
    "alignment 0": (
        file(pair("general.alignment", U32, struct.pack("<I", 0)), pairs=1), "power of two",
    ),
    "alignment 24": (
        file(pair("general.alignment", U32, struct.pack("<I", 24)), pairs=1), "power of two",
    ),
    "alignment as text": (file(pair("general.alignment", STRING, text("32")), pairs=1), "power of"),
    "a tensor twice": (file(tensor("a", (8,)), tensor("a", (8,)), tensors=2, data=64), "twice"),
    "no dimension": (file(tensor("a", ()), tensors=1, data=64), "0 dimensions"),
    "a billion dimensions": (
        file(text("a") + struct.pack("<I", 10**9), b"\0" * 64, tensors=1), "1000000000 dimensions",
    ),
    "dimension 0": (file(tensor("a", (8, 0)), tensors=1, data=64), "dimension of 0"),
    "a product that overflows": (
        file(tensor("a", (2**33, 2**33)), tensors=1, data=64), "ends at byte",
    ),
    "a product that overflows to 0": (
        file(tensor("a", (2**32, 2**32)), tensors=1, data=64), "ends at byte",
    ),
    "unknown type": (file(tensor("a", (8,), kind=99), tensors=1, data=64), "unknown type 99"),
    "half a block": (file(tensor("a", (48,), kind=2), tensors=1, data=64), "no multiple of Q4_0's 32"),
    "beyond the end": (file(tensor("a", (8,), offset=64), tensors=1, data=64), "ends at byte"),
    "an offset that overflows": (
        file(tensor("a", (8,), offset=2**64 - 32), tensors=1, data=64), "ends at byte",
    ),
    "crooked": (file(tensor("a", (8,), offset=4), tensors=1, data=64), "multiple of 32"),
    "over another": (
        file(tensor("a", (16,)), tensor("b", (8,), offset=32), tensors=2, data=64), "overlap",
    ),
    "cut in the data": (file(tensor("a", (32,)), tensors=1, data=64), "may be incomplete"),
    "no architecture": (file(pairs=0), "does not say general.architecture"),
    "architecture as number": (
        file(pair("general.architecture", U32, struct.pack("<I", 7)), pairs=1), "not a text",
    ),
    "another architecture": (
        file(pair("general.architecture", STRING, text("mamba")), pairs=1), "architecture is mamba",
    ),
    "a name full of escapes": (
        file(pair("general.architecture", STRING, text("\x1b[2J\n" * 500)), pairs=1), "is '",
    ),
    "an adapter": (
        file(ARCHITECTURE, pair("general.type", STRING, text("adapter")), pairs=2), "adapter data",
    ),
    "one of several parts": (
        file(ARCHITECTURE, pair("split.count", U32, struct.pack("<I", 3)), pairs=2), "one part of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_at_once(name: str, tmp_path: Path) -> None:
    content, words = HOSTILE[name]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    tracemalloc.start()
    begun = time.thread_time()
    with pytest.raises(ModelLoadError) as caught:
        inspect(path)
    seconds, (_, peak) = time.thread_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert words in str(caught.value)
    assert str(caught.value).startswith("model.gguf: ")
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert seconds < 0.5
    assert peak < 16 << 20


def test_counts_are_believed_no_more_when_the_file_is_large_but_empty(tmp_path: Path) -> None:
    """A sparse file has room for any count on paper."""
    path = tmp_path / "model.gguf"
    path.write_bytes(file(tensors=10**9))
    os.truncate(path, 100 << 30)
    begun = time.thread_time()
    with pytest.raises(ModelLoadError, match="at most 65,536"):
        inspect(path)
    assert time.thread_time() - begun < 0.5


def test_a_file_of_nothing_but_names_is_refused_by_its_length(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(file(array("tokenizer.ggml.tokens", STRING, 2_000_000), pairs=1))
    os.truncate(path, 100 << 30)  # two million empty tokens, then no architecture
    with pytest.raises(ModelLoadError, match=r"general\.architecture"):
        inspect(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_waited_for(make: object, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    make(path)  # type: ignore[operator]
    with pytest.raises(ModelLoadError, match="not a file"):
        inspect(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"nowhere\.gguf: there is no such file"):
        inspect(tmp_path / "nowhere.gguf")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused_wherever_it_ends(share: float, tmp_path: Path) -> None:
    whole = FAMILIES["qwen2"].write(tmp_path / "model.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelLoadError, match=r"incomplete|middle of its header"):
        inspect(tmp_path / "cut.gguf")


def test_every_value_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(
        file(
            pair("small", 1, struct.pack("<b", -5)),
            pair("large", U64, struct.pack("<Q", 2**40)),
            pair("yes", 7, b"\x02"),
            pair("half", 12, struct.pack("<d", 0.5)),
            pair("word", STRING, text("Grüße")),
            array("numbers", I32, 2, struct.pack("<2i", -1, 9)),
            array("words", STRING, 2, text("a") + text("")),
            tensor("w", (32, 4), 8),
            tensors=1,
            pairs=7,
            version=2,
            data=256,
        )
    )
    with header.open_regular(path) as opened:
        found = header.read_header(opened, ["words"])
    assert {key: found.metadata[key] for key in ("small", "large", "yes", "half", "word", "words")} == {
        "small": -5, "large": 2**40, "yes": True, "half": 0.5, "word": "Grüße", "words": ["a", ""],
    }  # fmt: skip
    assert found.metadata["numbers"].tolist() == [-1, 9]
    one = found.tensors["w"]
    assert (one.shape, one.type.name, one.elements) == ((4, 32), "Q8_0", 128)
    assert (one.size, one.row_bytes, one.offset % 32) == (136, 34, 0)
