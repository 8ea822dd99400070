"""Settings: each wrong one is named; the secret is made once and kept from others."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from echo import config
from echo.errors import ConfigurationError


def load(folder: Path, **values: Any) -> config.Settings:
    return config.load(_env_file=None, **{"instance": folder, **values})


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in config.Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.chdir(tmp_path)


WRONG = [
    ("SECRET_KEY", "short"),
    ("SECRET_KEY", "a" * 64),
    ("SECRET_KEY", "change-me-change-me-change-me-1234567890"),
    ("PORT", "eighty"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("ECHO_DEVICE", "gpu"),
    ("ECHO_DTYPE", "int8"),
    ("ECHO_THREADS", "0"),
    ("ECHO_SLOTS", "0"),
    ("ECHO_SLOTS", "513"),
    ("ECHO_CONTEXT_LENGTH", "10"),
    ("ECHO_STEP_SECONDS", "0"),
    ("ECHO_MAX_QUEUE", "0"),
    ("ECHO_MAX_QUEUE_PER_USER", "0"),
    ("ECHO_MAX_NEW_TOKENS", "5000"),
    ("ECHO_TEMPERATURE", "2.5"),
    ("ECHO_TEMPERATURE", "warm"),
    ("ECHO_TOP_P", "0"),
    ("ECHO_TOP_P", "1.1"),
    ("ECHO_TOP_K", "201"),
    ("ECHO_REPETITION_PENALTY", "0.5"),
    ("ECHO_SYSTEM_PROMPT", "x" * 2001),
    ("ECHO_ENGINE", "remote"),
    ("ECHO_ENGINE_URL", "10.0.0.5:8000"),
    ("ECHO_ENGINE_URL", "http://10.0.0.5:8000,ftp://10.0.0.6"),
    ("ECHO_ENGINE_URL", "http://me:secret@10.0.0.5:8000"),
    ("ECHO_ENGINE_KEY", "two words"),
    ("ECHO_ENGINE_KEY", "schlüssel"),
    ("ECHO_ENGINE_MODEL", "x" * 65),
    ("ECHO_ENGINE_FIRST_SECONDS", "0"),
    ("ECHO_ENGINE_PAUSE_SECONDS", "-1"),
    ("ECHO_SIGNUP", "maybe"),
    ("ECHO_TRUSTED_PROXIES", "11"),
    ("ECHO_LOG_FORMAT", "xml"),
    ("ECHO_LOG_LEVEL", "LOUD"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_setting_is_named(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refusal:
        config.load(_env_file=None)
    assert name in refusal.value.text
    assert not (tmp_path / "instance").exists()


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("ECHO_SLOTS", "x")
    with pytest.raises(ConfigurationError, match=r"(?s)PORT.*ECHO_SLOTS"):
        config.load(_env_file=None)


def test_secret_of_a_wrong_setting_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with pytest.raises(ConfigurationError) as refusal:
        config.load(_env_file=None)
    assert "hunter2" not in refusal.value.text


def test_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    os.umask(0)
    first = load(tmp_path / "instance")
    path = tmp_path / "instance" / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.secret_key) >= 48
    assert load(tmp_path / "instance").secret_key == first.secret_key
    assert load(tmp_path / "other").secret_key != first.secret_key


def test_spoiled_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigurationError, match="secret_key"):
        load(tmp_path)


def test_empty_variables_count_as_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PORT", "SECRET_KEY", "ECHO_THREADS", "REDIS_URL"):
        monkeypatch.setenv(name, "")
    settings = load(tmp_path)
    assert (settings.port, settings.threads, settings.redis_url) == (5000, None, "")


def test_dotenv_is_read_and_the_environment_is_stronger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"PORT=8000\nHOST=0.0.0.0\nECHO_INSTANCE={tmp_path}/here\n")
    monkeypatch.setenv("PORT", "9000")
    settings = config.load()
    assert (settings.port, settings.host) == (9000, "0.0.0.0")
    assert settings.instance == tmp_path / "here"


@pytest.mark.parametrize("prefix", ["postgresql://", "postgres://"])
def test_postgresql_gets_the_driver_that_cooperates(prefix: str, tmp_path: Path) -> None:
    settings = load(tmp_path, database_url=f"{prefix}u:p@h/d")
    assert settings.sqlalchemy_url == "postgresql+psycopg2://u:p@h/d"


def test_without_database_url_a_file_in_the_instance_folder_is_used(tmp_path: Path) -> None:
    assert load(tmp_path).sqlalchemy_url == f"sqlite:///{tmp_path}/echo.sqlite3"


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as at_once:
        for number in range(50):
            folder = tmp_path / str(number)
            folder.mkdir()
            path = folder / "secret_key"
            found = set(at_once.map(config._kept_secret, [path] * 8))
            assert len(found) == 1
            assert [each.name for each in folder.iterdir()] == ["secret_key"]
            assert path.stat().st_mode & 0o777 == 0o600


def test_on_a_disk_without_links_the_secret_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_names: object) -> None:
        raise PermissionError

    monkeypatch.setattr(config.os, "link", refused)
    path = tmp_path / "secret_key"
    secret = config._kept_secret(path)
    assert config._kept_secret(path) == path.read_text() == secret
    assert path.stat().st_mode & 0o777 == 0o600
    config._write_once(path, "another")
    assert path.read_text() == secret
    assert [each.name for each in tmp_path.iterdir()] == ["secret_key"]
