"""A conversion in a process of its own, and every way in which that process can die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from echo.generation import ModelLoadError
from echo.generation.gguf import apart, convert_apart, read_record
from echo.generation.gguf.apart import Limits

from .making import FAMILIES, Making, ignore

ROOMY = Limits(memory=3 << 30, seconds=120, file_bytes=1 << 30)

pytestmark = pytest.mark.slow  # each file is converted by a process of its own


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return FAMILIES["qwen2"].write(tmp_path / "model.gguf")


def test_a_file_is_converted_and_its_progress_told(path: Path, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    convert_apart(path, tmp_path / "served", "bfloat16", lambda *news: told.append(news))
    assert read_record(tmp_path / "served") is not None
    assert [what for _, what in told][:2] == ["Reading the tokenizer", "Checking the file"]
    assert told[-1] == (1.0, "Ready")
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    told.clear()
    convert_apart(path, tmp_path / "served", "bfloat16", lambda *news: told.append(news))
    assert told == [(1.0, "Ready")]


def test_it_can_be_called_from_a_thread(path: Path, tmp_path: Path) -> None:
    thread = threading.Thread(
        target=convert_apart, args=(path, tmp_path / "served", "bfloat16", ignore)
    )
    thread.start()
    thread.join(120)
    assert read_record(tmp_path / "served") is not None


def test_it_works_in_a_thread_of_a_process_that_is_patched_like_the_server(
    path: Path, tmp_path: Path
) -> None:
    """Its own waiting must neither need nor wake a hub of green threads."""
    code = (
        "import eventlet; eventlet.monkey_patch(thread=False)\n"
        "import sys, threading; from pathlib import Path\n"
        "from echo.generation.gguf import convert_apart, inspect\n"
        "told = []\n"
        "def work():\n"
        "    inspect(Path(sys.argv[1]))\n"
        "    convert_apart(Path(sys.argv[1]), Path(sys.argv[2]), 'bfloat16', lambda *a: told.append(a))\n"
        "thread = threading.Thread(target=work); thread.start(); beats = 0\n"
        "while thread.is_alive():\n"
        "    eventlet.sleep(0.01); beats += 1\n"
        "print(told[-1], beats > 3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path), str(tmp_path / "served")],
        cwd=apart.ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "(1.0, 'Ready') True"
    assert read_record(tmp_path / "served") is not None


def test_what_is_wrong_with_a_file_is_said_by_the_process(tmp_path: Path) -> None:
    path = Making("llama", pre="martian-7").write(tmp_path / "model.gguf")
    with pytest.raises(ModelLoadError) as caught:
        convert_apart(path, tmp_path / "served", "bfloat16", ignore)
    assert str(caught.value).endswith("cuts words by martian-7, which is not known here.")


def test_a_lying_header_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 60)
    monkeypatch.setattr(apart, "_start", None)
    with pytest.raises(ModelLoadError, match="version is"):
        convert_apart(path, tmp_path / "served", "bfloat16", ignore)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            Limits(memory=50 << 20, seconds=120, file_bytes=1 << 30),
            r"not enough memory|conversion failed",
        ),
        (
            Limits(memory=3 << 30, seconds=120, file_bytes=20_000),
            r"larger than its header|too large",
        ),
    ],
)
def test_a_process_at_its_limit_ends_with_a_clear_error(
    limits: Limits, words: str, path: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelLoadError, match=words) as caught:
        convert_apart(path, tmp_path / "served", "bfloat16", ignore, limits=limits)
    assert str(caught.value).startswith("model.gguf: ")
    assert not (tmp_path / "served").exists()
    assert not (tmp_path / ".served.part").exists()


@pytest.mark.parametrize("death", ["cpu", "killed", "cancelled", "raised"])
def test_a_process_that_does_not_end_by_itself(
    death: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program stands in for the converter: it computes for ever, within its second."""
    (tmp_path / "endless.py").write_text(
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 9))\n"
        'print(\'{"fraction": 0.5, "doing": "Nothing"}\', flush=True)\nwhile True: pass\n'
    )
    monkeypatch.setattr(apart, "PACKAGE", "endless")
    monkeypatch.setattr(apart, "ROOT", tmp_path)
    processes: list[Any] = []
    start = apart._start

    def started(*arguments: Any) -> Any:
        processes.append(start(*arguments))
        return processes[0]

    monkeypatch.setattr(apart, "_start", started)
    (tmp_path / ".served.part").mkdir()

    def progress(_: float, __: str) -> None:
        if death == "killed":
            os.kill(processes[0].pid, signal.SIGKILL)
        if death == "raised":
            raise ZeroDivisionError

    wanted = {"cpu": "took too long", "killed": "killed; most likely", "cancelled": "cancelled"}
    with pytest.raises((ModelLoadError, ZeroDivisionError)) as caught:
        convert_apart(
            path, tmp_path / "served", "bfloat16", progress,
            cancelled=lambda: death == "cancelled",
        )  # fmt: skip
    assert wanted.get(death, "") in str(caught.value)
    assert processes[0].poll() is not None
    assert not (tmp_path / ".served.part").exists()


def test_a_process_whose_parent_is_gone_ends(path: Path, tmp_path: Path) -> None:
    """It looks at each report: the parent here is a shell that leaves at once."""
    limits = json.dumps(vars(ROOMY))
    command = [sys.executable, "-W", "ignore", "-m", apart.PACKAGE, str(path),
               str(tmp_path / "served"), "bfloat16", limits]  # fmt: skip
    done = subprocess.run(
        command, cwd=apart.ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1] == {"done": True}  # with its parent there, the command works for people too
    orphan = (
        "import os, subprocess, sys\n"
        f"subprocess.Popen({command[:-3]!r} + [{str(tmp_path / 'other')!r}, 'bfloat16', {limits!r}],"
        " stdout=open(os.devnull, 'w'))\n"
    )
    subprocess.run([sys.executable, "-c", orphan], cwd=apart.ROOT, timeout=60, check=True)
    threading.Event().wait(0.1)
    assert read_record(tmp_path / "other") is None


def test_the_process_loads_neither_the_web_nor_torch() -> None:
    code = (
        "import importlib, sys; importlib.import_module(sys.argv[1]); "
        "print([n for n in ('flask', 'torch', 'transformers', 'eventlet') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, apart.PACKAGE],
        cwd=apart.ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
