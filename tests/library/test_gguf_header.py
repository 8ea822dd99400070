"""The head of a GGUF file: what it says is read, and what cannot be is refused unfollowed."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.config import ROOT
from echo.errors import InvalidInput
from echo.services.library import Library, gguf_header, safetensors_header
from tests.library.made_models import (
    HIDDEN,
    LAYERS,
    SHAPES,
    VOCABULARY,
    WEIGHTS,
    fact,
    gguf_bytes,
    text,
)  # fmt: skip

REAL = [
    model.path
    for model in Library(ROOT / "instance" / "models").installed()
    if model.kind == "gguf" and model.state == "installed"
]


def read(folder: Path, data: bytes) -> gguf_header.GgufHeader:
    file = folder / "made.gguf"
    file.write_bytes(data)
    return gguf_header.read(file)


def test_facts_and_shapes_are_read_under_transformers_names(tmp_path: Path) -> None:
    header = read(tmp_path, gguf_bytes())
    assert (header.architecture, header.context) == ("llama", 128)
    assert header.facts["general.license"] == "apache-2.0"
    assert "tokenizer.ggml.tokens" not in header.facts
    assert header.shapes["model.layers.1.mlp.down_proj.weight"] == (HIDDEN, 16)
    assert header.shapes["token_embd.weight"] == (VOCABULARY, HIDDEN)
    assert header.types == {"F32": 1 + LAYERS * len(SHAPES)}
    assert safetensors_header.count(header.shapes) == WEIGHTS


def head(tensors: int = 0, facts: int = 0, rest: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, facts) + rest


LYING = {
    "empty": b"",
    "another format": b"PK\3\4" + bytes(100),
    "a version to come": head(version=9),
    "a billion tensors": head(tensors=10**9),
    "a billion facts": head(facts=10**9),
    "a text beyond the file": head(facts=1, rest=struct.pack("<Q", 10**15)),
    "a list beyond the file": head(facts=1, rest=text("a") + struct.pack("<IIQ", 9, 4, 10**15)),
    "texts beyond the file": head(facts=1, rest=text("a") + struct.pack("<IIQ", 9, 8, 10**15)),
    "a list of lists": head(facts=1, rest=text("a") + struct.pack("<IIQ", 9, 9, 1) + bytes(99)),
    "a kind of fact to come": head(facts=1, rest=text("a") + struct.pack("<I", 77) + bytes(99)),
    "nine dimensions": head(tensors=1, rest=text("a") + struct.pack("<I", 9) + bytes(200)),
    "a type to come": head(tensors=1, rest=text("a") + struct.pack("<IQIQ", 1, 1, 99, 0)),
    "an alignment of none": head(1, 1, fact("general.alignment", 0) + text("a") + bytes(99)),
    "a tensor beyond the file": head(
        tensors=1, rest=text("a") + struct.pack("<IQQIQ", 2, 10**9, 10**9, 0, 0) + bytes(99)
    ),
    "a tensor that begins beyond the file": head(
        tensors=1, rest=text("a") + struct.pack("<IQIQ", 1, 1, 0, 2**62) + bytes(99)
    ),
    "cut off": gguf_bytes(cut=40),
}


@pytest.mark.parametrize("what", LYING)
def test_a_lying_file_is_refused_at_once_and_costs_no_memory(what: str, tmp_path: Path) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(InvalidInput, match=r"made\.gguf is no GGUF file that can be read"):
        read(tmp_path, LYING[what])
    assert time.process_time() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(InvalidInput, match="no file"):
        gguf_header.read(tmp_path / "pipe.gguf")


def test_types_are_those_that_the_engine_reads() -> None:
    from gguf.constants import GGML_QUANT_SIZES

    from echo.generation.gguf.blocks import READABLE

    known = {int(kind): (kind.name, *GGML_QUANT_SIZES[kind]) for kind in READABLE}
    assert known == gguf_header.TYPES


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_spoiled_head_is_read_or_refused_and_never_worse(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(gguf_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 900))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidInput):
        read(tmp_path_factory.mktemp("spoiled"), bytes(whole))


@pytest.mark.skipif(not REAL, reason="no GGUF file is installed in instance/models")
def test_real_files_are_read() -> None:
    for file in REAL:
        header = gguf_header.read(file)
        assert header.context
        assert "model.layers.0.self_attn.q_proj.weight" in header.shapes
