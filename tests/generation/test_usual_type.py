"""torch's usual type belongs to all threads: while one loads a model it is that model's; nobody may care.

The kernels once wrote floats to numbers of half their size, which another thread's loading had made usual:
the server died when a second model was loaded while the first one wrote.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig

from echo.generation import Engine
from echo.generation.native_model import rotary_angles
from echo.generation.penalties import Penalties
from echo.generation.runner import Chunk, StepPlan

from .conftest import StartEngine
from .helpers import build_runner, request, save_model, tiny_config
from .test_native import GREEDY, SHAPE, native, row_of

SOURCES = Path(__file__).resolve().parents[2] / "echo" / "generation"
MAKERS = {"empty", "zeros", "ones", "full", "rand", "randn", "linspace", "eye"}


@contextmanager
def usual(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("usual"), tiny_config("qwen2", **SHAPE))


@pytest.mark.slow  # a C compiler makes what is tested
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_logits_are_floats_whatever_is_usual(
    folder: Path, kernels: Path, dtype: torch.dtype
) -> None:
    compute = build_runner(native(folder, kernels)).backend.compute
    _, wanted = compute(StepPlan([Chunk(row_of([7, 8, 9], 0), 0, 3)]))
    with usual(dtype):
        _, found = compute(StepPlan([Chunk(row_of([7, 8, 9], 1), 0, 3)]))
        penalties = Penalties(2, 16, torch.device("cpu"))
        tables = (penalties._factors, penalties._counts)
    assert found.dtype == torch.float32
    assert torch.equal(found, wanted)
    assert {table.dtype for table in tables} == {torch.float32}


@pytest.mark.slow
def test_an_answer_is_the_same_while_the_usual_type_changes(
    folder: Path, kernels: Path, start_engine: StartEngine
) -> None:
    engine, reader = start_engine(lambda wake: Engine.local(native(folder, kernels), wake))

    def told() -> str:
        stream = engine.submit(request("tell", repetition_penalty=1.2, **GREEDY))
        reader.read(stream)
        return reader.text(stream)

    wanted, over = told(), threading.Event()

    def load_again_and_again() -> None:
        while not over.is_set():
            with usual(torch.bfloat16):
                over.wait(0.001)

    loading = threading.Thread(target=load_again_and_again)
    loading.start()
    try:
        assert [told() for _ in range(10)] == [wanted] * 10
    finally:
        over.set()
        loading.join()


def test_reading_a_models_angles_leaves_the_usual_type_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = AutoConfig.from_pretrained(folder)
    config.dtype = torch.bfloat16
    seen: list[torch.dtype] = []
    monkeypatch.setattr(torch, "set_default_dtype", seen.append)
    cosines, sines = rotary_angles(config, 8)
    assert set(seen) <= {torch.float32}
    assert (cosines.dtype, sines.dtype) == (torch.float32, torch.float32)


def test_every_tensor_of_the_engine_says_its_type() -> None:
    silent = [
        f"{file.name}:{call.lineno}"
        for file in sorted(SOURCES.rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in MAKERS
        and getattr(call.func.value, "id", None) == "torch"
        and not {"dtype", "out"} & {word.arg for word in call.keywords}
    ]
    assert silent == []
