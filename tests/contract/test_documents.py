"""Tables in documents, compared with the tables in the code: neither may have a row alone."""

from __future__ import annotations

import re
from pathlib import Path

from echo import config, errors, limits
from echo.sockets import access
from tests.live.server import ROOT

DOCS = ROOT / "docs"
OUTGOING = re.compile(r"""(?:emit|_emit)\(\s*(?:turn,\s*)?["'](\w+)["']""")


def rows(path: Path, heading: str | None = None) -> dict[str, list[str]]:
    """Return the table rows of a document (or of one of its sections) by the name in backticks."""
    text = path.read_text()
    if heading is not None:
        text = re.split(r"(?m)^## ", text.split(f"\n## {heading}\n")[1])[0]
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and (name := re.fullmatch(r"`([\w.]+)`", cells[0])):
            found[name[1]] = cells[1:]
    return found


def outgoing() -> set[str]:
    """Return the names of all events that the code sends."""
    files = (ROOT / "echo" / "sockets").glob("*.py")
    return {name for file in files for name in OUTGOING.findall(file.read_text())}


def test_incoming_events_are_documented_with_their_limits() -> None:
    documented = rows(DOCS / "events.md", "In")
    assert set(documented) == set(access.RULES)
    assert {name: cells[-1] for name, cells in documented.items()} == limits.EVENT_LIMITS


def test_outgoing_events_are_documented() -> None:
    assert outgoing() == set(rows(DOCS / "events.md", "Out"))
    assert {"receive_message", "session_ended", "message_queued"} <= outgoing()


def every_error(kind: type[errors.EchoError] = errors.EchoError) -> list[type[errors.EchoError]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *every_error(sub))]


def test_error_codes_are_documented() -> None:
    codes = {kind.code for kind in every_error() if kind is not errors.ConfigurationError}
    assert codes == set(rows(DOCS / "events.md", "Error codes"))


def test_settings_are_documented_with_their_defaults() -> None:
    fields = {str(field.alias): field for field in config.Settings.model_fields.values()}
    documented = {
        name: cells
        for name, cells in rows(DOCS / "configuration.md").items()
        if name.isupper() and "." not in name
    }
    assert set(documented) == set(fields)
    for name, (default, _meaning) in documented.items():
        value = fields[name].default
        if default.startswith("`") and isinstance(value, str | int) and value != "":
            shown = default.strip("`")
            assert str(value) == shown or str(value).endswith(shown), name


def test_rate_limits_are_documented() -> None:
    documented = rows(DOCS / "configuration.md", "Rate limits")
    assert set(documented) == set(limits.RATE_LIMITS)
    for name, cells in documented.items():
        assert cells[-1].startswith(limits.RATE_LIMITS[name]), name
    assert limits.LOGIN_PER_ACCOUNT in documented["account.login"][-1]


def test_example_environment_names_real_settings() -> None:
    example = ROOT / ".env.example"
    named = set(re.findall(r"(?m)^#?\s?([A-Z][A-Z_]+)=", example.read_text()))
    fields = {str(field.alias) for field in config.Settings.model_fields.values()}
    assert named
    assert named <= fields


def test_lengths_are_documented() -> None:
    text = (DOCS / "configuration.md").read_text().replace(",", "")
    for value in (
        limits.USERNAME_MIN,
        limits.USERNAME_MAX,
        limits.PASSWORD_MIN,
        limits.PASSWORD_MAX,
        limits.MESSAGE_CHARS,
        limits.TITLE_CHARS,
        limits.SYSTEM_PROMPT_CHARS,
        limits.FEEDBACK_MIN,
        limits.FEEDBACK_MAX,
    ):
        assert re.search(rf"\b{value}\b", text), value
