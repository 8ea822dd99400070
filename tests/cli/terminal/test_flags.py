"""Each flag and each variable of `python run.py chat`, by what reaches the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from echo import engines
from echo.cli.chat import chat
from echo.config import Settings
from echo.generation import Engine, GenerationRequest
from echo.services.turns.engine_requests import EngineRequests

ANSWER = "An *answer* in words."
Run = Callable[..., Result]


class Seen:
    """What the command asked for."""

    settings: Settings
    requests: list[GenerationRequest]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen = Seen()
    seen.requests = []
    build, send = engines.build, EngineRequests.send

    def building(app: Flask, settings: Settings) -> Engine:
        seen.settings = settings
        return build(app, settings)

    def sending(self: EngineRequests, request: GenerationRequest, question: str) -> Any:
        seen.requests.append(request)
        return send(self, request, question)

    monkeypatch.setattr(engines, "build", building)
    monkeypatch.setattr(EngineRequests, "send", sending)
    return seen


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command with a scripted engine; without other words it asks “Hello”."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({
        "models": ["one", "two"],
        "default": {"text": ANSWER, "delay_ms": 1, "first_delay_ms": 1},
        "replies": [{"match": "fail", "text": "no", "fail_after": 0}],
    }))  # fmt: skip
    monkeypatch.chdir(tmp_path)  # where no .env is
    for name, value in (
        ("ECHO_ENGINE", "scripted"), ("ECHO_SCRIPT", str(script)), ("ECHO_INSTANCE", str(tmp_path / "i")),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def invoke(*words: str, stdin: str = "", once: bool = True, **variables: str) -> Result:
        asked = ["--prompt", "Hello"] if once and "--prompt" not in words else []
        return CliRunner().invoke(chat, [*words, *asked], input=stdin, env=variables)

    return invoke


SAMPLING = [
    (("--max-tokens", "7"), {"LLM_MAX_NEW_TOKENS": "9"}, "max_new_tokens", 7, 9),
    (("--temperature", "0.5"), {"LLM_TEMPERATURE": "1.5"}, "temperature", 0.5, 1.5),
    (("--top-p", "0.4"), {}, "top_p", 0.4, None),
    (("--top-k", "12"), {}, "top_k", 12, None),
    (("--greedy", "--temperature", "1.2"), {}, "temperature", 0.0, None),
]


@pytest.mark.parametrize(("flag", "variable", "name", "by_flag", "by_variable"), SAMPLING)
def test_sampling(
    flag: tuple[str, ...],
    variable: dict[str, str],
    name: str,
    by_flag: float,
    by_variable: float | None,
    run: Run,
    seen: Seen,
) -> None:
    """The flag wins over the variable, and the variable over what is usual."""
    assert run(*flag, **variable).exit_code == 0
    assert getattr(seen.requests[-1].sampling, name) == by_flag
    if by_variable is not None:
        assert run(**variable).exit_code == 0
        assert getattr(seen.requests[-1].sampling, name) == by_variable


LOADING = [
    (("--device", "cpu"), {"LLM_DEVICE": "cuda"}, "device", "cpu"),
    ((), {"LLM_DEVICE": "cpu"}, "device", "cpu"),
    (("--quant", "4"), {"LLM_QUANT_ENABLED": "0"}, "quant", "4"),
    (("--quant", "8"), {"LLM_QUANT_BITS": "4", "LLM_QUANT_ENABLED": "1"}, "quant", "int8"),
    ((), {"LLM_QUANT_BITS": "4", "LLM_QUANT_ENABLED": "1"}, "quant", "4"),
    ((), {"LLM_QUANT_BITS": "4"}, "quant", "4"),
    ((), {"LLM_QUANT_ENABLED": "1"}, "quant", "int8"),
    ((), {"LLM_QUANT_BITS": "4", "LLM_QUANT_ENABLED": "0"}, "quant", "auto"),
    (("--model", "two"), {"LLM_MODEL_PATH": "one"}, "model", "two"),
    ((), {"LLM_MODEL_PATH": "one"}, "model", "one"),
]


@pytest.mark.parametrize(("flags", "variables", "name", "value"), LOADING)
def test_how_the_model_is_loaded(
    flags: tuple[str, ...], variables: dict[str, str], name: str, value: str, run: Run, seen: Seen
) -> None:
    assert run(*flags, **variables).exit_code == 0
    assert getattr(seen.settings, name) == value
    if name == "model" and value in ("one", "two"):
        assert seen.requests[-1].model == value


def test_output_to_a_pipe_is_the_answer_alone(run: Run) -> None:
    for words in ((), ("--no-stream",)):
        done = run(*words, FORCE_COLOR="1")
        assert (done.stdout, done.stderr, done.exit_code) == (f"{ANSWER}\n", "", 0)


def test_a_question_from_standard_input(run: Run, seen: Seen) -> None:
    done = run("--prompt", "-", stdin="Two\nlines\n")
    assert done.stdout == f"{ANSWER}\n"
    assert seen.requests[-1].messages[-1].content == "Two\nlines"


def test_lines_of_a_pipe_are_questions_of_one_conversation(run: Run, seen: Seen) -> None:
    done = run(once=False, stdin="One\n\n/etc/hosts is a path\n/quit\nnever\n")
    assert (done.stdout, done.exit_code) == (f"{ANSWER}\n" * 2, 0)
    assert [one.content for one in seen.requests[-1].messages[1:]] == [
        "One", ANSWER, "/etc/hosts is a path",
    ]  # fmt: skip
    failed = run(once=False, stdin="fail\nnever\n")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert len(seen.requests) == 3


def test_the_system_prompt_stands_after_who_echo_is(run: Run, seen: Seen) -> None:
    assert run("--system", "You are a pirate.").exit_code == 0
    system = seen.requests[-1].messages[0].content
    assert system.endswith("You are a pirate.")
    assert "the assistant of the chat application Echo" in system


def test_a_question_about_echo_gets_its_help(run: Run, seen: Seen) -> None:
    run("--prompt", "How do I change my password?")
    asked = seen.requests[-1].messages[-1].content
    assert asked.startswith("<help>")
    assert asked.endswith("How do I change my password?")
    run("--prompt", "How do I change my password?", ECHO_HELP="off")
    assert seen.requests[-1].messages[-1].content == "How do I change my password?"


def test_a_sum_is_computed_for_the_model_and_a_pipe_reads_the_answer_alone(
    run: Run, seen: Seen
) -> None:
    done = run("--prompt", "What is 23 * 17?")
    assert (
        "\n23 × 17 = 391\n</computed>\nWhat is 23 * 17?" in seen.requests[-1].messages[-1].content
    )
    assert (done.stdout, done.stderr) == (f"{ANSWER}\n", "")


def test_plain_distress_gets_the_fixed_words(run: Run) -> None:
    done = run("--prompt", "I want to kill myself")
    assert "emergency number" in done.stdout
    assert ANSWER not in done.stdout


def test_a_named_session_remembers(run: Run, seen: Seen, tmp_path: Path) -> None:
    run("--session-id", "work")
    run("--session-id", "work", "--prompt", "And then?")
    assert [one.content for one in seen.requests[-1].messages[1:]] == ["Hello", ANSWER, "And then?"]
    kept = json.loads((tmp_path / "i" / "sessions" / "work.json").read_text())
    assert len(kept["messages"]) == 4
    run()  # one question without a name leaves no file
    assert [path.name for path in (tmp_path / "i" / "sessions").glob("*.json")] == ["work.json"]


def test_log_level(run: Run) -> None:
    assert run("--log-level", "debug").exit_code == 0
    assert run(LLM_LOG_LEVEL="LOUD").exit_code == 2


REFUSED = [
    (("--prompt", "fail"), 1),
    (("--prompt", ""), 2),
    (("--prompt", "-"), 2),
    (("--temperature", "3"), 2),
    (("--top-k", "many"), 2),
    (("--quant", "3"), 2),
    (("--device", "tpu"), 2),
    (("--session-id", "../evil"), 2),
    (("--local-path", "/nowhere"), 2),
    (("--model", "one", "--local-path", "script.json"), 2),
    (("--url", "https://chat.example.org"), 2),
    (("--url", "chat.example.org", "--key", "k"), 2),
    (("--url", "https://chat.example.org", "--key", "k", "--quant", "4"), 2),
    (("--url", "http://127.0.0.1:9", "--key", "k"), 1),
    (("--colour",), 2),
]


@pytest.mark.parametrize(("words", "status"), REFUSED)
def test_what_is_wrong_is_a_line_and_a_status(
    words: tuple[str, ...], status: int, run: Run
) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert "Error" in done.stderr


def test_a_model_that_is_not_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_ENGINE", "local")
    for words in (("--model", "nosuch"), ("--adapter", "nosuch"), ("--adapter", "echo-mini")):
        done = run(*words)
        assert done.exit_code == 1, done.stderr
        assert words[1] in done.stderr
        assert "ECHO_MODEL" not in done.stderr
