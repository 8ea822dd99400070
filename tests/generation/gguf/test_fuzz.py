"""Files with wrong bytes in any place: a clear error or a right result, never anything else."""

from __future__ import annotations

import functools
import resource
import shutil
import struct
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from tokenizers import Tokenizer

from echo.generation import ModelLoadError
from echo.generation.gguf import convert, inspect

from .making import Making, ignore

NUMBERS = [0, 1, 2**7, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]


@functools.cache
def base(tokenizer: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        making = Making(
            "qwen2", layers=1, hidden=32, inner=32, heads=2, kv_heads=1, tokenizer=tokenizer
        )
        return making.write(Path(folder) / "model.gguf").read_bytes()


def header_length(content: bytes) -> int:
    """About: where the first tensor is named, and a page more."""
    return content.index(b"token_embd.weight") + 2_000


mutations = st.lists(
    st.one_of(
        st.tuples(st.just("byte"), st.integers(0, 2**20), st.integers(0, 255)),
        st.tuples(st.just("number"), st.integers(0, 2**20), st.sampled_from(NUMBERS)),
        st.tuples(st.just("cut"), st.integers(0, 2**20), st.integers(0, 64)),
        st.tuples(st.just("swap"), st.integers(0, 2**20), st.integers(1, 4_000)),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, changes: list[tuple[str, int, int]], inside: int) -> bytes:
    data = bytearray(content)
    for kind, place, value in changes:
        at = place % inside
        if kind == "byte":
            data[at : at + 1] = bytes([value])
        elif kind == "number":
            data[at : at + 8] = struct.pack("<Q", value)
        elif kind == "cut":
            del data[at : at + value]
        else:
            data[at : at + 8], data[at + value : at + value + 8] = (
                data[at + value : at + value + 8], data[at : at + 8],
            )  # fmt: skip
    return bytes(data)


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def check(content: bytes) -> None:
    """Either refused in one line, or converted into a folder that the libraries open."""
    folder = Path(tempfile.mkdtemp())
    begun, before = time.thread_time(), memory()
    try:
        path = folder / "model.gguf"
        path.write_bytes(content)
        refusal = ""
        try:
            assert inspect(path).layers == 1
            convert(path, folder / "served", "bfloat16", ignore)
        except ModelLoadError as error:
            refusal = str(error)
        if refusal:
            assert "\n" not in refusal
            assert refusal.startswith("model.gguf: ")
            assert not (folder / "served").exists()
        else:
            Tokenizer.from_file(str(folder / "served" / "tokenizer.json"))
            with safe_open(folder / "served" / "model.safetensors", "np") as file:
                assert len(list(file.keys())) == 14
    finally:
        shutil.rmtree(folder)
    assert time.thread_time() - begun < 5
    assert memory() - before < 200 << 20


relaxed = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@relaxed
@given(mutations, st.sampled_from(["gpt2", "llama"]))
def test_wrong_bytes_in_the_header(changes: list[tuple[str, int, int]], tokenizer: str) -> None:
    content = base(tokenizer)
    check(mutated(content, changes, header_length(content)))


@relaxed
@given(mutations)
def test_wrong_bytes_around_the_tensors(changes: list[tuple[str, int, int]]) -> None:
    """Where the shapes, types and places of tensors stand."""
    content = base("gpt2")
    start = content.index(b"token_embd.weight") - 8
    head, tail = content[:start], content[start:]
    check(head + mutated(tail, changes, 1_200))


@settings(relaxed, max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_at_all(content: bytes) -> None:
    check(b"GGUF" + struct.pack("<I", 3) + content)
    check(content)


def test_the_base_itself_is_right() -> None:
    for tokenizer in ("gpt2", "llama"):
        check(base(tokenizer))
