"""Alerts and dashboard: Prometheus takes them, each alert is tried, and all that they ask for exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as families

from echo.services import health
from tests.conftest import Tab
from tests.contract.test_documents import DOCS, rows
from tests.live.server import ROOT
from tests.web.browser import Browser

RULES = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "echo.json"
OURS = re.compile(r"\b(?:echo|process)_[a-z0-9_]+\b")
LABELS = re.compile(r"\b(echo_[a-z0-9_]+)\{([^}]*)\}")
BOUND = re.compile(r"[<>] ([\d.e]+)")
OF_THE_SCRAPE = {"instance", "job", "le"}


def promtool(*words: str) -> str:
    program = shutil.which("promtool")
    assert program, "Prometheus is not installed: `make setup-dev` does that"
    done = subprocess.run([program, *words], cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def panels() -> list[dict[str, Any]]:
    return [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]


def expressions() -> list[str]:
    """Return every question that alerts and dashboard ask."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [one["expr"] for one in json.loads(DASHBOARD.read_text())["annotations"]["list"]]
    return asked + [rule["expr"] for rule in alerts().values()]


@pytest.fixture
def samples(client: Browser, tab: Tab) -> dict[str, set[str]]:
    """The names of all samples, with their labels, once a little of everything has happened."""
    asked = tab.ask("send_message", {"client_id": "c", "text": "Hi"})
    tab.wait_for("message_finished", asked["reply"]["id"])
    client.get("/healthz")
    found: dict[str, set[str]] = {}
    for family in families(client.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_prometheus_takes_config_and_rules() -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_above_its_bound_and_not_below() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")
    tried: dict[str, set[bool]] = {}
    for group in yaml.safe_load((RULES / "alerts.test.yml").read_text())["tests"]:
        for one in group["alert_rule_test"]:
            tried.setdefault(one["alertname"], set()).add(bool(one["exp_alerts"]))
    assert tried == {name: {True, False} for name in alerts()}


def test_each_alert_is_documented_and_says_what_to_do() -> None:
    assert set(alerts()) == set(rows(DOCS / "watching.md", "Alerts"))
    for rule in alerts().values():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["do"]


def test_the_page_of_health_judges_by_the_same_bounds() -> None:
    assert {
        name: [float(bound) for bound in BOUND.findall(alerts()[name]["expr"])]
        for name in ("EchoNoFirstWord", "EchoQueueLong", "EchoHubLag", "EchoDiskAlmostFull")
    } == {
        "EchoNoFirstWord": [health.FIRST_WORD_SECONDS],
        "EchoQueueLong": [health.SLOT_SECONDS],
        "EchoHubLag": [health.LAG_SECONDS],
        "EchoDiskAlmostFull": [health.LITTLE_BYTES, health.LITTLE_SHARE],
    }


def test_all_that_is_asked_for_exists(samples: dict[str, set[str]]) -> None:
    asked = {name for text in expressions() for name in OURS.findall(text)}
    assert asked - set(samples) == set()
    assert len(asked) > 15


def test_all_labels_that_are_asked_for_exist(samples: dict[str, set[str]]) -> None:
    for text in expressions():
        for name, matchers in LABELS.findall(text):
            used = set(re.findall(r"(\w+)\s*[=!]~?", matchers)) - OF_THE_SCRAPE
            assert used <= samples[name], text


def test_every_metric_of_ours_is_watched_by_something(samples: dict[str, set[str]]) -> None:
    """What nobody looks at need not be measured."""
    asked = " ".join(expressions())
    bare = {
        re.sub(r"_(bucket|sum|count)$", "", name) for name in samples if name.startswith("echo_")
    }
    assert {name for name in bare if name not in asked} == set()


def test_the_dashboard_is_drawn_without_overlaps() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        }  # fmt: skip
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    assert len(set(ids)) == len(ids)
