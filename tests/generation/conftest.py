"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from echo.generation import Engine

from .helpers import Reader, save_model, tiny_config

if TYPE_CHECKING:
    from echo.generation.sampling import Sampler


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("qwen"), tiny_config("qwen2"))


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the C kernels are compiled once."""
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


MakeSampler = Callable[[int, int], "Sampler"]  # slots, vocabulary


@pytest.fixture(params=["torch", "own kernels"])
def make_sampler(request: pytest.FixtureRequest) -> MakeSampler:
    """Whatever must hold for both ways of choosing."""
    import torch

    from echo.generation.native import NativeSampling, library
    from echo.generation.sampling import Sampler
    from echo.generation.torch_sampling import TorchSampling

    if request.param == "torch":
        cpu = torch.device("cpu")
        return lambda slots, vocabulary: Sampler(TorchSampling(slots, vocabulary, cpu))
    code = library(request.getfixturevalue("kernels"))
    return lambda slots, vocabulary: Sampler(NativeSampling(slots, vocabulary, 2, code))


StartEngine = Callable[..., tuple[Engine, Reader]]


@pytest.fixture
def start_engine() -> Iterator[StartEngine]:
    """start_engine(lambda wake: Engine.scripted(…, wake)) → the running engine and its reader."""
    engines: list[Engine] = []

    def start(make: Callable[[Callable[[], None]], Engine]) -> tuple[Engine, Reader]:
        reader = Reader()
        engine = make(reader.wake)
        reader.engine = engine
        engines.append(engine)
        engine.start()
        return engine, reader

    yield start
    for engine in engines:
        engine.stop(10)
