"""A real Prometheus reads a real Echo by its token, and the shipped alerts fire when things break."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.live.ports import free_port
from tests.live.server import PATIENCE, ROOT, LiveServer, Person, wait_until

TOKEN = "readers-of-numbers-show-this"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
LOWER = {  # so that a test reaches them with less than a minute, a full disk or a hundred guesses
    'for="first_word"} > 300': 'for="first_word"} > 2',
    'for="slot"} > 30': 'for="slot"} > 2',
    "echo_disk_free_bytes < 1e9": "echo_disk_free_bytes < 1e18",
    'status="failed"}[10m])) > 5': 'status="failed"}[10m])) > 2',
    'result!="ok"}[5m])) > 100': 'result!="ok"}[5m])) > 2',
}
SCRIPT = {
    "replies": [
        {"match": "crash", "text": "Never.", "crash_after": 0, "first_delay_ms": 1},
        {"match": "silent", "text": "At last.", "delay_ms": 1, "first_delay_ms": 3_600_000},
        {"match": "fail", "text": "It breaks off here.", "delay_ms": 1, "fail_after": 1},
    ],
    "default": {"text": "A brief answer.", "delay_ms": 1, "first_delay_ms": 1},
}


class Prometheus:
    """The shipped rules with their times made short, asking once a second."""

    def __init__(self, folder: Path, target: str, lower: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        program = shutil.which("prometheus")
        assert program, "Prometheus is not installed: `make setup-dev` does that"
        (folder / "alerts.yml").write_text(hurried(RULES.read_text(), lower))
        (folder / "token").write_text(TOKEN)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [
                {
                    "job_name": "echo",
                    "static_configs": [{"targets": [target]}],
                    "authorization": {"credentials_file": "token"},
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        self.log = folder / "prometheus.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, path: str, **query: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=query, timeout=PATIENCE)
        return answer.json()["data"]

    def value(self, query: str) -> float | None:
        """Return what a query gives, None where it gives nothing yet."""
        try:
            found = self.ask("query", query=query)["result"]
        except requests.RequestException:
            return None
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        found = self.ask("alerts")["alerts"]
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


def hurried(rules: str, lower: dict[str, str]) -> str:
    """Return the same rules for a test that cannot wait for minutes, some with other bounds."""
    for bound, lowered in lower.items():
        assert rules.count(bound) == 1, bound
        rules = rules.replace(bound, lowered)
    rules = re.sub(r"for: \d+m\b", "for: 1s", rules)
    return re.sub(r"\[\d+m\]", "[30s]", rules)


@pytest.fixture
def lower() -> dict[str, str]:
    return {}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "watched.json").write_text(json.dumps(SCRIPT))
    server = LiveServer(
        folder,
        ECHO_SCRIPT=str(folder / "watched.json"),
        ECHO_METRICS_TOKEN=TOKEN,
        ECHO_SLOTS="1",
        ECHO_PUBLIC_URL="https://chat.example.org",  # so that being here is not enough
    )
    yield server.start()
    server.kill()


@pytest.fixture
def prometheus(server: LiveServer, tmp_path: Path, lower: dict[str, str]) -> Iterator[Prometheus]:
    running = Prometheus(tmp_path, server.url.removeprefix("http://"), lower)
    yield running
    running.stop()


def test_what_breaks_is_told(server: LiveServer, prometheus: Prometheus) -> None:
    assert requests.get(f"{server.url}/metrics", timeout=PATIENCE).status_code == 401
    tab = server.member("ada").tab()
    wait_until(lambda: prometheus.value('up{job="echo"}') == 1, f"see {prometheus.log}")
    said = tab.send("Hello")
    tab.wait_for("message_finished", said["reply"]["id"])
    counted = 'sum(echo_turns_total{status="complete", model="scripted"})'
    wait_until(lambda: prometheus.value(counted) == 1, "the answer is counted")
    assert f"Request {said['reply']['id']} ended after" in server.log.read_text()
    assert prometheus.value("echo_build_info") == 1
    assert prometheus.value("echo_hub_lag_seconds") is not None
    assert prometheus.firing() <= {"EchoDiskAlmostFull"}  # the disk is this machine's own
    for _ in range(3):  # three quick failures, and the engine is not started at once again
        broken = tab.send("crash")
        tab.wait_for("message_finished", broken["reply"]["id"])
    wait_until(
        lambda: {"EchoEngineRestarted", "EchoEngineNotReady"} <= prometheus.firing(), "alerts"
    )
    tab.close()
    server.stop()
    wait_until(lambda: "EchoDown" in prometheus.firing(), "that it is gone is told")


@pytest.mark.parametrize("lower", [LOWER])
def test_what_is_slow_full_or_attacked_is_told(server: LiveServer, prometheus: Prometheus) -> None:
    """Each of the other alerts fires by its own cause; where that would take long, above a lower bound."""
    tab = server.member("ada").tab()
    wait_until(lambda: prometheus.value('up{job="echo"}') == 1, f"see {prometheus.log}")
    wait_until(lambda: "EchoDiskAlmostFull" in prometheus.firing(), "any disk is too small here")

    def failures_are_told() -> bool:
        failed = tab.send("fail")
        tab.wait_for("message_finished", failed["reply"]["id"])
        wrong = Person(server, "ada").post("/login", credentials="ada", password="wrong")
        assert wrong.status_code in (401, 429), wrong.text
        return {"EchoErrors", "EchoLoginStorm"} <= prometheus.firing()

    wait_until(failures_are_told, "alerts", step=1.1)  # so that Prometheus sees the numbers grow
    silent, waiting = tab.send("silent"), tab.send("anything")
    wait_until(lambda: {"EchoNoFirstWord", "EchoQueueLong"} <= prometheus.firing(), "alerts")
    assert server.process
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(2.0)
    server.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "EchoHubLag" in prometheus.firing(), "alerts")
    for asked in (waiting, silent):
        tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
        tab.wait_for("message_finished", asked["reply"]["id"])
    tab.close()


def test_every_alert_fires_here() -> None:
    """The tests above name each alert that is shipped."""
    named = re.findall(r"alert: (\w+)", RULES.read_text())
    assert [name for name in named if f'"{name}"' not in Path(__file__).read_text()] == []
