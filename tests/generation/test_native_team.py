"""Threads that share a step's work: every item once, whoever calls, and the same bits."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from echo.generation.native import library
from echo.generation.runner import Chunk, StepPlan

from .helpers import build_runner, request, save_model, tiny_config
from .test_native import SHAPE, native, row_of

pytestmark = pytest.mark.slow  # a C compiler makes what is tested

Part = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)


CHILD = """
import ctypes, os, sys, threading
both = threading.Barrier(2, timeout=20)
Part = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
meet = Part(lambda *_: both.wait() and None)  # each of two parts waits for the other
share_out = ctypes.CDLL(sys.argv[1]).share_out
share_out(2, 2, 1, meet, None)
assert not both.broken
child = os.fork()
share_out(2, 2, 1, meet, None)
assert not both.broken
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="session")
def code(kernels: Path) -> Path:
    library(kernels)
    [file] = kernels.glob("kernels-*.so")
    return file


@pytest.fixture(scope="session")
def share_out(code: Path) -> Any:
    return ctypes.CDLL(str(code)).share_out


def done(share_out: Any, threads: int, items: int, least: int) -> list[tuple[int, int]]:
    """Return which parts were computed."""
    parts: list[tuple[int, int]] = []
    share_out(
        threads, items, least, Part(lambda _work, first, end: parts.append((first, end))), None
    )
    return sorted(parts)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(("items", "least"), [(0, 1), (1, 1), (7, 8), (8, 1), (1000, 3), (4097, 1)])
def test_every_item_is_done_once(share_out: Any, threads: int, items: int, least: int) -> None:
    for _ in range(20):
        parts = done(share_out, threads, items, least)
        assert [n for first, end in parts for n in range(first, end)] == list(range(items))
        assert len(parts) == 1 or all(end - first >= least for first, end in parts)


def test_work_below_the_least_is_not_shared(share_out: Any) -> None:
    assert done(share_out, 8, 15, 8) == [(0, 15)]
    assert len(done(share_out, 8, 1600, 8)) > 1


def test_helpers_that_sleep_are_woken(share_out: Any) -> None:
    """They sleep after half a millisecond; whoever takes a part after that was woken."""
    for _ in range(5):
        threading.Event().wait(0.05)
        by: Counter[int] = Counter()
        begun = threading.Barrier(2, timeout=20)

        def part(_work: Any, _first: int, _end: int, by: Any = by, begun: Any = begun) -> None:
            if threading.get_ident() not in by:
                by[threading.get_ident()] += 1
                begun.wait()  # until another has a part as well

        share_out(2, 2, 1, Part(part), None)
        assert len(by) == 2


def test_several_callers_at_once(share_out: Any) -> None:
    """One of them has the helpers, the others do their work alone."""
    found: list[bool] = []

    def call() -> None:
        for items in range(1, 200):
            parts = done(share_out, 3, items, 1)
            found.append([n for a, b in parts for n in range(a, b)] == list(range(items)))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 3 * 199
    assert all(found)


def test_a_child_process_has_helpers_of_its_own(code: Path) -> None:
    """It has none of its parent's threads, though it has its memory."""
    subprocess.run([sys.executable, "-c", CHILD, str(code)], timeout=60, check=True)


@pytest.mark.parametrize("model", ["base", "tuned"])
def test_threads_change_no_bit(kernels: Path, tmp_path: Path, model: str) -> None:
    """Of a prompt that all of them share, and of a single token; with an adapter, too."""
    pytest.importorskip("peft")
    from .test_adapters import make_adapter

    folder = save_model(tmp_path / "model", tiny_config("qwen2", **SHAPE))
    adapter = make_adapter(folder, tmp_path / "adapter", 1)
    torch.manual_seed(3)
    tokens = torch.randint(3, 400, (150,)).tolist()
    found = []
    for threads in (1, 2, 5):
        runner = build_runner(native(folder, kernels, threads=threads))
        runner.add_adapter("tuned", str(adapter))
        row = row_of(tokens, 0)
        row.request = request(model=model)
        with torch.inference_mode():
            [_, prompt] = runner.backend.compute(StepPlan([Chunk(row, 0, 150)]))
            row.tokens.append(11)
            [_, single] = runner.backend.compute(StepPlan([], [row]))
        found.append((prompt, single))
    for prompt, single in found[1:]:
        assert torch.equal(prompt, found[0][0])
        assert torch.equal(single, found[0][1])
