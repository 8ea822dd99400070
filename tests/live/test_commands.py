"""The command line from outside: fresh folders, admins, wrong settings, the embedded model."""

from __future__ import annotations

import re
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.live.server import PASSWORD, PATIENCE, ROOT, LiveServer

WEIGHTS = ROOT / "weights" / "echo-mini" / "model.safetensors"


@pytest.fixture
def own_server(own_server: LiveServer) -> LiveServer:
    """Here the command itself is tried, from its first import on."""
    own_server.cold = True
    return own_server


@pytest.fixture
def bare(tmp_path: Path) -> LiveServer:
    """A server that is only asked for commands."""
    return LiveServer(tmp_path)


def test_help_lists_the_commands(bare: LiveServer) -> None:
    done = bare.command("--help")
    assert done.returncode == 0
    for name in ("serve", "create-admin", "chat", "db"):
        assert re.search(rf"(?m)^  {name}\b", done.stdout), name


def test_create_admin_makes_one_who_can_log_in(own_server: LiveServer) -> None:
    words = ("create-admin", "--email", "r@example.org", "--username", "root", "--password-stdin")
    assert own_server.command("db", "upgrade").returncode == 0
    weak = own_server.command(*words, stdin="12345678\n")
    assert weak.returncode == 2
    assert "Traceback" not in weak.stderr
    made = own_server.command(*words, stdin=f"{PASSWORD}\n")
    assert (made.returncode, "super admin" in made.stdout) == (0, True), made.stderr
    twice = own_server.command(*words, stdin=f"{PASSWORD}\n")
    assert twice.returncode == 2
    assert "taken" in twice.stderr
    own_server.start()
    root = own_server.person("root")
    answer = root.post("/login", credentials="root", password=PASSWORD)
    assert answer.json()["status"] == "redirect"
    assert "/setup/" not in own_server.output.read_text()  # nobody is needed any more


def test_the_link_of_the_first_start_is_printed_again_and_the_one_before_stops_working(
    own_server: LiveServer,
) -> None:
    own_server.start()
    said = own_server.output.read_text()
    first = re.findall(r"http://\S+/setup/\S+", said)
    assert "run.py setup-link" in said  # where to look when it has scrolled away
    again = own_server.command("setup-link")
    assert again.returncode == 0, again.stderr
    link = again.stdout.strip()
    assert link.startswith(f"{own_server.url.replace('127.0.0.1', 'localhost')}/setup/")
    path = link.partition("/setup/")[2]
    statuses = [
        own_server.person("nobody").http.get(f"{own_server.url}/setup/{token}").status_code
        for token in (first[0].partition("/setup/")[2], path)
    ]
    assert statuses == [404, 200]
    own_server.member("root", role="super_admin")
    refused = own_server.command("setup-link")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "already" in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "short"), ("PORT", "eighty"), ("ECHO_ENGINE", "x"), ("ECHO_SCRIPT", "/none")],
)
def test_wrong_setting_is_one_clear_message(name: str, value: str, tmp_path: Path) -> None:
    server = LiveServer(tmp_path, **{name: value})
    done = server.command()
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert name in done.stderr or value in done.stderr


def test_commands_that_make_the_database_at_once_wait_for_each_other(bare: LiveServer) -> None:
    def make(number: int) -> subprocess.CompletedProcess[str]:
        words = ("--email", f"{number}@example.org", "--username", f"person{number}")
        return bare.command("create-admin", *words, "--password-stdin", stdin=f"{PASSWORD}\n")

    with ThreadPoolExecutor(4) as at_once:
        made = list(at_once.map(make, range(4)))
    assert [done.returncode for done in made] == [0] * 4, [done.stderr[-500:] for done in made]


def test_terminal_chat_answers_once(bare: LiveServer) -> None:
    done = bare.command("chat", "--prompt", "brief")
    assert done.returncode == 0, done.stderr
    assert "A brief answer." in done.stdout


def test_database_can_be_made_by_the_command_alone(bare: LiveServer) -> None:
    assert bare.command("db", "upgrade").returncode == 0
    assert bare.command("db", "check").returncode == 0
    assert (bare.folder / "instance" / "echo.sqlite3").exists()


def test_instance_folder_holds_all_that_is_written(own_server: LiveServer) -> None:
    own_server.start()
    own_server.stop()
    written = {path.name for path in own_server.folder.iterdir()}
    assert written == {"instance", "script.json", "output.txt", "log.txt"}
    secret = own_server.folder / "instance" / "secret_key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


@pytest.mark.skipif(not WEIGHTS.exists(), reason="weights/echo-mini is not here")
@pytest.mark.live
def test_start_without_settings_answers_from_the_embedded_model(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Only the port and the folder are given, so that the test disturbs nobody."""
    server = LiveServer(tmp_path_factory.mktemp("embedded"))
    for name in ("ECHO_ENGINE", "ECHO_SCRIPT", "ECHO_MAX_NEW_TOKENS"):
        del server.environment[name]
    server.start()
    try:
        ready = requests.get(f"{server.url}/readyz", timeout=PATIENCE).json()
        assert (ready["engine"], ready["database"]) == ("ok", "ok")
        tab = server.member("ada").tab()
        greedy = {"temperature": 0, "max_new_tokens": 24}
        answers = []
        for _ in range(2):
            asked = tab.send("Hello! Who are you?", settings=greedy)
            end = tab.wait_for("message_finished", asked["reply"]["id"])
            assert end["status"] == "complete", end
            assert end["tokens"]["completion"] > 0
            stored = tab.stored(asked["conversation_id"])[1]
            assert stored["text"] == tab.text_of(asked["reply"]["id"])
            answers.append(stored["text"])
        assert answers[0] == answers[1]
        assert re.search(r"\w", answers[0])
        tab.close()
        assert server.stop() == 0
    finally:
        server.kill()
