"""`python run.py chat` at a pseudo-terminal: what a person sees and types, and an Echo elsewhere."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.live.programs import key_on, revoke_all
from tests.live.server import ROOT, LiveServer, wait_until
from tests.live.terminal import ALT_ENTER, CTRL_C, CTRL_D, Terminal

MARKDOWN = """# Heading

Some **bold** words, \x1b[2Ja `name`.

- one
- two

```python
x = 1
```

The end."""
SCRIPT = {
    "models": ["alpha", "beta"],
    "replies": [
        {"match": "markdown", "text": MARKDOWN, "delay_ms": 5, "first_delay_ms": 300},
        {"match": "slow", "text": " ".join(f"word{n}" for n in range(2000)), "delay_ms": 20},
        {"match": "breaks", "text": "Half an answer", "delay_ms": 5, "fail_after": 2},
        {"match": "fails", "text": "none", "fail_after": 0},
    ],
    "default": {"text": "A brief answer.", "delay_ms": 1, "first_delay_ms": 1},
}
Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A folder with settings, where no server runs."""
    server = LiveServer(tmp_path_factory.mktemp("terminal"))
    (server.folder / "script.json").write_text(json.dumps(SCRIPT))
    return server


@pytest.fixture
def chat(place: LiveServer) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(*words: str, at: LiveServer = place) -> Terminal:
        opened.append(Terminal(at, "chat", *words))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def kept(place: LiveServer, name: str) -> list[str]:
    text = (place.folder / "instance" / "sessions" / f"{name}.json").read_text()
    return [said["content"] for said in json.loads(text)["messages"]]


def test_a_conversation(place: LiveServer, chat: Open) -> None:
    """One process for all that a person does in one sitting."""
    terminal = chat("--session-id", "sitting")
    terminal.shows("Echo 0.1.0 · alpha · session sitting")
    terminal.shows("You:")

    terminal.ask("show me markdown", "The end.")
    assert "alpha reads" in terminal.written.decode()  # while nothing had come
    seen = terminal.text
    assert re.search(r"Heading\n", seen)
    assert "Some bold words, [2Ja name." in seen
    assert "• one" in seen
    assert "**" not in seen
    assert seen.count("The end.") == 1
    assert seen.count("x = 1") == 1
    assert kept(place, "sitting") == ["show me markdown", MARKDOWN]

    terminal.ask("/help", "Ctrl-C stops an answer")
    for name in ("/help", "/quit", "/exit", "/clear", "/save", "/history", "/stream", "/model",
                 "/retry", "/copy"):  # fmt: skip
        assert f"\n{name} " in terminal.text, name
    terminal.ask("/nonsense", "There is no command /nonsense")

    terminal.ask(f"two{ALT_ENTER}lines", "A brief answer.")
    assert kept(place, "sitting")[2] == "two\nlines"

    terminal.ask("/copy", "clipboard")
    copied = re.search(rb"\x1b\]52;c;([^\x07]+)\x07", terminal.written)
    assert copied is not None
    assert base64.b64decode(copied[1]).decode() == "A brief answer."

    terminal.ask("/model", "* alpha")
    terminal.ask("/model gamma", "There is no model gamma")
    terminal.ask("/model beta", "beta answers from now on.")
    terminal.ask("/retry", "A brief answer.")
    assert len(kept(place, "sitting")) == 4

    terminal.ask("/stream", "when they are whole")
    terminal.ask("once more", "A brief answer.")
    terminal.ask("/stream", "as they come")
    terminal.ask("/history", "once more")
    assert "beta" in terminal.text

    terminal.ask("this fails", "This reply could not be computed.")
    terminal.ask("this breaks", "The answer broke off")
    assert kept(place, "sitting")[-2:] == ["this breaks", "Half an"]

    terminal.type("slow please\r")
    terminal.shows("word5")
    terminal.type(f"typed{CTRL_C}")
    terminal.shows("Stopped.")
    assert terminal.text.count("word0") == 1
    terminal.type("\b" * 5)  # what was typed meanwhile is at the prompt
    terminal.until(lambda: terminal.text.endswith("You:"), "the prompt")
    stopped = kept(place, "sitting")
    assert stopped[-2] == "slow please"
    assert stopped[-1].startswith("word0 word1")
    assert "word1999" not in stopped[-1]

    terminal.ask("/save", "sitting.json")
    terminal.ask("/clear", "The conversation is empty.")
    assert kept(place, "sitting") == []
    terminal.ask("/retry", "Nothing has been asked yet.")
    terminal.ask("/copy", "There is no answer to copy yet.")
    terminal.ask("/history", "Nothing has been said yet.")
    terminal.ask("last words", "A brief answer.")
    terminal.type("/quit\r")
    assert terminal.end() == 0
    assert kept(place, "sitting") == ["last words", "A brief answer."]


def test_a_session_goes_on_and_ctrl_c_twice_leaves(place: LiveServer, chat: Open) -> None:
    place.command("chat", "--session-id", "kept", "--prompt", "Remember me")
    terminal = chat("--session-id", "kept", "--no-stream")
    terminal.shows("session kept, 1 turn so far")
    second = place.command("chat", "--session-id", "kept", "--prompt", "Hi")
    assert (second.returncode, "another terminal" in second.stderr) == (1, True)
    terminal.type("slow please\r")
    terminal.shows("alpha reads")
    terminal.until(lambda: b"alpha reads" in terminal.written, "the wait")
    terminal.type(CTRL_C)
    terminal.shows("Stopped.")
    terminal.until(lambda: terminal.text.endswith("You:"), "the prompt")
    terminal.type(CTRL_C)
    assert terminal.end() == 0
    assert kept(place, "kept") == ["Remember me", "A brief answer."]  # nothing had been said


def test_ctrl_c_at_the_prompt_and_ctrl_d(chat: Open) -> None:
    first, second = chat(), chat()
    first.shows("You:")
    first.type(CTRL_C)
    first.shows("Ctrl-C again leaves")
    first.until(lambda: first.text.endswith("You:"), "the prompt")
    first.type(CTRL_C)
    second.shows("You:")
    second.type(CTRL_D)
    assert (first.end(), second.end()) == (0, 0)


def test_long_answers_do_not_repeat_what_has_scrolled_away(place: LiveServer, chat: Open) -> None:
    lines = "\n".join(f"line {number}" for number in range(100))
    long = [{"match": "long", "text": f"Before.\n\n```\n{lines}\n```\n\nAfter.", "delay_ms": 2}]
    (place.folder / "long.json").write_text(json.dumps({**SCRIPT, "replies": long}))
    place.environment["ECHO_SCRIPT"] = str(place.folder / "long.json")
    terminal = chat()
    terminal.ask("long", "After.")
    place.environment["ECHO_SCRIPT"] = str(place.folder / "script.json")
    numbers = re.findall(r"line (\d+)", terminal.text)
    assert numbers == [str(number) for number in range(100)]
    assert terminal.text.count("Before.") == 1


# ── an Echo elsewhere ───────────────────────────────────────────────────────────────────────


def test_a_running_echo_answers(server: LiveServer, chat: Open) -> None:
    key = key_on(server, "terry")
    at = ("--url", server.url, "--key", key)
    piped = server.command("chat", *at, "--prompt", "brief")
    assert (piped.stdout, piped.stderr, piped.returncode) == ("A brief answer.\n", "", 0)

    before = stopped(server)
    terminal = chat(*at)
    terminal.shows("scripted")
    terminal.ask("brief", "A brief answer.")
    terminal.ask("/model", "* scripted")
    terminal.type("drip\r")
    terminal.shows("word3")
    terminal.type(CTRL_C)
    terminal.shows("Stopped.")
    wait_until(lambda: stopped(server) > before, "the server has stopped the answer")

    terminal.type("drip\r")
    terminal.until(lambda: terminal.text.count("word3") == 2, "the second answer")
    revoke_all(server, "terry")
    terminal.shows("with which this was asked has ended.")
    terminal.ask("brief", "The key is refused")
    terminal.type("/exit\r")
    assert terminal.end() == 0
    refused = server.command("chat", *at, "--prompt", "brief")
    assert (refused.returncode, "The key is refused" in refused.stderr) == (1, True)


def stopped(server: LiveServer) -> int:
    """Return how many calls were stopped; read as another process does."""
    with closing(sqlite3.connect(server.folder / "instance" / "echo.sqlite3")) as database:
        query = "SELECT count(*) FROM api_calls WHERE status = 'stopped'"
        return int(database.execute(query).fetchone()[0])


def test_a_server_elsewhere_computes(server: LiveServer, tmp_path: Path) -> None:
    """With ECHO_ENGINE=openai the terminal asks as the page would: with its help."""
    settings = {"ECHO_ENGINE": "openai", "ECHO_ENGINE_URL": server.url}
    asking = LiveServer(tmp_path, **settings, ECHO_ENGINE_KEY=key_on(server, "carl"))
    for words in ((), ("--model", "scripted")):
        done = asking.command("chat", *words, "--prompt", "brief")
        assert (done.stdout, done.returncode) == ("A brief answer.\n", 0), done.stderr
    nobody = asking.command("chat", "--model", "nosuch", "--prompt", "brief")
    assert (nobody.returncode, "nosuch" in nobody.stderr) == (1, True)


def test_what_answers_there_is_no_echo(place: LiveServer, server: LiveServer) -> None:
    wrong = place.command("chat", "--url", f"{server.url}/login", "--key", "k", "--prompt", "x")
    assert (wrong.returncode, "no Echo" in wrong.stderr) == (1, True), wrong.stderr
    nobody = place.command("chat", "--url", "http://127.0.0.1:9", "--key", "k", "--prompt", "x")
    assert (nobody.returncode, "Nobody answers" in nobody.stderr) == (1, True), nobody.stderr


@pytest.mark.skipif(
    not (ROOT / "weights" / "echo-mini" / "model.safetensors").exists(), reason="no weights"
)
def test_the_embedded_model_answers(tmp_path: Path) -> None:
    server = LiveServer(tmp_path, ECHO_QUANT="none")  # which compiles nothing
    for name in ("ECHO_ENGINE", "ECHO_SCRIPT"):
        del server.environment[name]
    words = ("--model", "echo-mini", "--greedy", "--max-tokens", "16", "--prompt", "Hello!")
    answer = server.command("chat", *words)
    assert answer.returncode == 0, answer.stderr
    assert re.search(r"\w", answer.stdout)
    assert answer.stderr == ""
