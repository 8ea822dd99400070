"""Files for containers, clusters and systemd: they fit their schemas, each other and the code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import requests
import yaml

from echo import config
from tests.deploy.nginx import Nginx
from tests.live.server import ROOT

DEPLOY = ROOT / "deploy"
K8S = DEPLOY / "k8s"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SETTINGS = {str(field.alias) for field in config.Settings.model_fields.values()}


@cache
def objects() -> list[dict[str, Any]]:
    files = sorted(path for path in K8S.glob("*.yaml") if path.name != "kustomization.yaml")
    return [each for path in files for each in yaml.safe_load_all(path.read_text())]


def the(kind: str, name: str = "echo") -> dict[str, Any]:
    found = [each for each in objects() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, (kind, name)
    return found[0]


@pytest.mark.parametrize("thing", objects(), ids=lambda thing: str(thing["kind"]))
def test_kubernetes_takes_each_object(thing: dict[str, Any]) -> None:
    kubernetes_validate.validate(thing, "1.37", strict=True)


def test_kustomization_names_every_file_but_the_example() -> None:
    named = yaml.safe_load((K8S / "kustomization.yaml").read_text())
    files = {path.name for path in K8S.glob("*.yaml")}
    assert set(named["resources"]) == files - {"kustomization.yaml", "secret.example.yaml"}


def pod() -> dict[str, Any]:
    found: dict[str, Any] = the("Deployment")["spec"]["template"]
    return found


def test_everything_in_the_cluster_means_the_same_pods() -> None:
    labels = pod()["metadata"]["labels"]
    assert the("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert the("Service")["spec"]["selector"] == labels
    assert the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    autoscaler = the("HorizontalPodAutoscaler")["spec"]
    assert autoscaler["scaleTargetRef"]["name"] == "echo"
    assert autoscaler["minReplicas"] == the("Deployment")["spec"]["replicas"]
    assert "app: none" in (K8S / "ingress.yaml").read_text()


def test_pods_and_image_agree_on_port_user_and_folders() -> None:
    container = pod()["spec"]["containers"][0]
    port = container["ports"][0]["containerPort"]
    assert f"PORT={port} " in DOCKERFILE
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert the("NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"] == port
    user = pod()["spec"]["securityContext"]
    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in DOCKERFILE
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_settings_in_manifests_are_echos_own() -> None:
    secret = set(the("Secret")["stringData"])
    literals = yaml.safe_load((K8S / "kustomization.yaml").read_text())["configMapGenerator"][0]
    named = {literal.split("=")[0] for literal in literals["literals"]} | secret
    named |= set(COMPOSE["services"]["echo"]["environment"])
    assert named <= SETTINGS
    assert secret >= {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}


def test_compose_fits_the_schema_of_compose() -> None:
    package = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((package / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_compose_mounts_what_is_there() -> None:
    missing = [
        source
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
        if (source := volume.split(":")[0]).startswith(".") and not (DEPLOY / source).exists()
    ]
    assert missing == []
    named = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
    }
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_compose_says_all_it_asks_for_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    example = (DEPLOY / "compose.env.example").read_text()
    assert set(re.findall(r"(?m)^(\w+)=", example)) == asked


def test_containers_of_compose_are_closed() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        for port in service.get("ports", ()):
            assert name == "nginx" or port.startswith("127.0.0.1:"), name


def test_nginx_takes_the_files_of_compose() -> None:
    with Nginx("127.0.0.1:9", site=DEPLOY / "compose" / "site.conf") as nginx:
        certificate = str(nginx.certificate)
        assert requests.get(nginx.tls_url, verify=certificate, timeout=20).status_code == 503


def test_prometheus_takes_the_files_of_compose(tmp_path: Path) -> None:
    text = (DEPLOY / "compose" / "prometheus.yml").read_text()
    (tmp_path / "token").write_text("a token")
    text = text.replace("/run/secrets/metrics_token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(text)
    shutil.copy(DEPLOY / "prometheus" / "alerts.yml", tmp_path)
    words = ["promtool", "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " rules found" in done.stdout


def hadolint() -> str:
    return str(Path(sys.executable).with_name("hadolint"))


def test_dockerfile_passes_the_linter() -> None:
    done = subprocess.run(
        [hadolint(), "-"], input=DOCKERFILE, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_image_takes_what_it_needs_and_no_more() -> None:
    """Every folder that the product imports or reads, but not tests, benchmarks, documents or instances."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    assert rules[1] == "*"
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    assert {"run.py", "echo", "analytics", "migrations", "static", "templates", "weights"} <= taken
    assert {"scripts/vendor.py", "scripts/translations.py", "translations"} <= taken
    assert not taken & {"tests", "benchmarks", "docs", "instance", ".git", ".env", "node_modules"}
    assert all((ROOT / name).exists() for name in taken)


def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there, since systemd looks for it."""
    text = (DEPLOY / "echo.service").read_text()
    text = text.replace("/opt/echo/.venv/bin/python", "/usr/bin/env")
    (tmp_path / "echo.service").write_text(text)
    return tmp_path / "echo.service"


needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="there is no systemd-analyze"
)


@needs_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "echo.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@needs_systemd
def test_unit_is_closed(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
