"""`python run.py tune`: from a file of chats to a model in the list, with a toy model in seconds."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo
from safetensors.torch import load_file

from echo.cli import tuning
from echo.cli.tune import tune
from echo.extensions import db
from echo.models import MessageRating
from echo.services.library import Library, room
from tests.generation.helpers import save_model, tiny_config
from tests.generation.test_adapters import make_adapter
from tests.services.people import conversation_of

Run = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore")
WORDS = ("--data", "chats.jsonl", "--base", "base", "--out", "mine")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("tune") / "base", tiny_config("qwen2"))


def write_chats(path: Path, count: int = 40) -> None:
    lines = [
        {
            "prompt": f"Tell me a story about house {n % 5}.",
            "completion": "Hello, how are you today?",
        }
        for n in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")


@pytest.fixture
def run(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command where a base is installed and a file of chats lies."""
    for name in [name for name in os.environ if name.startswith("ECHO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECHO_INSTANCE", str(tmp_path))
    monkeypatch.setenv("ECHO_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    write_chats(tmp_path / "chats.jsonl")
    library = Library(tmp_path / "models")
    library.add(library.plan(str(base), "base"))
    return lambda *words: CliRunner().invoke(tune, list(words))


def test_a_file_of_chats_becomes_a_model_of_the_list(run: Run, tmp_path: Path, base: Path) -> None:
    done = run(*WORDS)
    assert done.exit_code == 0, done.output
    assert "mine: base learns 40 chats, in rows of" in done.stdout
    assert "step 1 of at most" in done.stdout
    assert "Loss " in done.stdout
    assert "python run.py models default mine" in done.stdout
    folder = tmp_path / "adapters" / "mine"
    assert {each.name for each in folder.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "log.jsonl", "loss.png",
    }  # fmt: skip
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    library = Library(tmp_path / "models")
    files = library.files("mine")
    assert (files.folder, files.adapter, files.base) == (base, folder, "base")


def test_ctrl_c_keeps_the_step_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, before = tuning._told, signal.getsignal(signal.SIGINT)

    def pressed(step: Any) -> str:
        if step.step == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return told(step)

    monkeypatch.setattr(tuning, "_told", pressed)
    stopped = run(*WORDS)
    assert stopped.exit_code == 1
    assert "the same command goes on from there" in stopped.output
    assert Library(tmp_path / "models").installed()[-1].name == "base"
    monkeypatch.setattr(tuning, "_told", told)
    heard: list[int] = []
    monkeypatch.setattr(tuning, "_told", lambda step: heard.append(step.step) or told(step))
    assert run(*WORDS).exit_code == 0
    assert heard[0] == 8  # not a step is lost, though the last regular checkpoint is farther back
    log = (tmp_path / "adapters" / "mine" / "log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in log] == list(range(1, heard[-1] + 1))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_that_waits_is_not_mixed_with_another(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(step: Any) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    monkeypatch.setattr(tuning, "_told", pressed)
    assert run(*WORDS).exit_code == 1
    write_chats(tmp_path / "chats.jsonl", count=41)
    other = run(*WORDS, "--epochs", "2")
    assert (other.exit_code, "begun with other chats and other numbers" in other.output) == (
        1,
        True,
    )
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECHO_INSTANCE", str(tmp_path))
    assert run(*WORDS, "--epochs", "2", "--restart").exit_code == 0


def test_an_adapter_is_tuned_further_on_its_own_base(
    run: Run, tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "models")
    own = make_adapter(base, tmp_path / "own", r=4, lora_alpha=8)
    (own / "echo.json").write_text('{"system_prompt": "Be kind.", "sampling": {"top_k": 3}}')
    library.add(library.plan(str(own), "own", "base"))
    begun: list[Any] = []
    monkeypatch.setattr(
        tuning, "tune_encoded",
        lambda *given, **named: begun.append(given) or real(*given, **named),
    )  # fmt: skip
    done = run("--data", "chats.jsonl", "--base", "own", "--out", "mine", "--epochs", "1")
    assert done.exit_code == 0, done.output
    settings, start = begun[0][3], begun[0][6]
    assert (settings.rank, settings.alpha, start) == (4, 8, own)
    made = library.files("mine")
    assert made.base == "base"
    assert library.card("mine").system_prompt == "Be kind."
    before, after = (load_file(f / "adapter_model.safetensors") for f in (own, made.adapter))
    name = next(name for name in before if name.endswith("q_proj.lora_A.weight"))
    moved = (after[name].float() - before[name].float()).abs().mean()
    assert 0 < moved < 0.5 * before[name].abs().mean()  # it began there, and has learned


real = tuning.tune_encoded


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--data", "nix.jsonl", "--base", "base", "--out", "mine"), 2, "does not exist"),
        ((*WORDS, "--minutes", "0"), 2, "0 is not in the range"),
        ((*WORDS[:4], "--out", "base"), 1, "“base” is taken"),
        ((*WORDS[:4], "--out", "echo-small"), 1, "name of a model in the catalogue"),
        ((*WORDS[:4], "--out", "../mine"), 1, "is no name for a model"),
        ((*WORDS[:2], "--base", "nix", "--out", "mine"), 1, "“nix” is not installed"),
    ],
)
def test_what_is_asked_wrongly_is_a_line(
    words: tuple[str, ...], status: int, said: str, run: Run, tmp_path: Path
) -> None:
    done = run(*words)
    assert (done.exit_code, said in done.output) == (status, True), done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "adapters" / "mine").exists()


def test_bad_lines_are_told_before_anything_is_loaded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "carry_out", lambda *given: pytest.fail("it was begun"))
    (tmp_path / "chats.jsonl").write_text('{"prompt": 1, "completion": "a"}\n{"no": 2}\n')
    done = run(*WORDS)
    assert done.exit_code == 1
    assert "chats.jsonl, line 1: “prompt” is no text" in done.output
    assert "chats.jsonl, line 2: it has neither" in done.output


def test_too_little_memory_or_disk_is_said_with_both_numbers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(room, "memory_available", lambda: 400_000_000)
        done = run(*WORDS)
        assert "Tuning “mine” takes 5" in done.output
        assert "400 MB are free now" in done.output
    with monkeypatch.context() as changed:
        changed.setattr(room, "disk_free", lambda folder: 250_000_000)
        done = run(*WORDS)
        assert "of free disk" in done.output
        assert "250 MB are free" in done.output
    assert not (tmp_path / "adapters" / "mine").exists()


def test_a_family_without_adapters_is_refused(run: Run, tmp_path: Path) -> None:
    library = Library(tmp_path / "models")
    library.add(library.plan(str(save_model(tmp_path / "gpt", tiny_config("gpt_neox"))), "gpt"))
    done = run("--data", "chats.jsonl", "--base", "gpt", "--out", "mine")
    assert (done.exit_code, "gpt cannot be tuned here" in done.output) == (1, True), done.output


def test_chats_that_are_too_long_are_shortened_or_left_out(run: Run, tmp_path: Path) -> None:
    exchange = [{"role": "user", "content": "the quick brown fox " * 40},
                {"role": "assistant", "content": "a small house"}]  # fmt: skip
    endless = {"prompt": "日本語のテキスト" * 400, "completion": "ok"}
    with (tmp_path / "chats.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps({"messages": exchange * 4}) + "\n" + json.dumps(endless))
    done = run(*WORDS, "--epochs", "1")
    assert done.exit_code == 0, done.output
    assert "learns 41 chats, in rows of" in done.stdout
    assert "Of 1 long ones the oldest" in done.stdout
    assert "1 more are left out" in done.stdout


def test_a_removed_adapter_stays_and_is_not_written_over(run: Run, tmp_path: Path) -> None:
    assert run(*WORDS, "--epochs", "1").exit_code == 0
    library = Library(tmp_path / "models")
    library.remove("mine")
    done = run(*WORDS)
    assert done.exit_code == 1
    assert f"models add {tmp_path / 'adapters' / 'mine'}" in done.output
    library.add(library.plan(str(tmp_path / "adapters" / "mine"), "other", "base"))
    done = run(*WORDS, "--restart")
    assert (done.exit_code, "is the model other" in done.output) == (1, True)


def test_two_runs_of_one_name_do_not_meet(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second: list[Result] = []

    def meanwhile(*given: Any) -> None:
        thread = threading.Thread(target=lambda: second.append(run(*WORDS)))
        thread.start()
        thread.join()

    monkeypatch.setattr(tuning, "carry_out", meanwhile)
    run(*WORDS)
    assert "Another process is tuning mine" in second[0].output


def test_what_people_rated_up_and_allow_is_learned(
    run: Run, app: Any, make_user: Callable[..., Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    people = [make_user(f"person{number}") for number in range(12)]
    for number, user in enumerate(people):
        user.may_train = number != 11
        conversation_of(user, word="the quick brown fox")
    db.session.query(MessageRating).update({"rating": 1})
    db.session.commit()
    given: list[Any] = []
    monkeypatch.setattr(tuning, "carry_out", lambda *all_given: given.append(all_given[4]))
    words = ("--from-ratings", "--base", "base", "--out", "ours")
    info = ScriptInfo(create_app=lambda: app)
    done = CliRunner().invoke(tune, list(words), obj=info)
    assert done.exit_code == 0, done.output
    (records,) = given
    assert len(records) == 11
    assert {record["last_only"] for record in records} == {True}
    assert records[0]["messages"][-1] == {
        "role": "assistant", "content": "the quick brown fox text 4",
    }  # fmt: skip
    people[0].may_train = people[1].may_train = False
    db.session.commit()
    done = CliRunner().invoke(tune, list(words), obj=info)
    assert done.exit_code == 1
    assert "allow to be learned holds 9 chats, and 10 are the least" in done.output


def test_one_of_both_sources_is_named(run: Run) -> None:
    for words in (WORDS[2:], (*WORDS, "--from-ratings")):
        done = run(*words)
        assert (done.exit_code, "either --data FILE or --from-ratings" in done.output) == (2, True)
