"""What administrators do with models: settled, loaded, unloaded, made the default; each act audited."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from echo.errors import Conflict, InvalidInput
from echo.extensions import db
from echo.generation import SamplingParams, Script, ScriptedReply
from echo.models import AuditEvent, Conversation, ModelSetting
from echo.models.types import new_id
from echo.policies import RoleName
from echo.services import site_settings
from echo.services.library import card
from echo.services.library.card import NO_CARD, Card
from echo.services.serving import Chosen, Models
from echo.services.serving.model_settings import Settled, all_settled, change
from echo.services.site_settings import SiteSettings
from echo.services.turns.sampling import USUAL_PROMPT, defaults, sampling_for, system_prompt
from tests.conftest import superior


@pytest.fixture
def script() -> Script:
    return Script(default=ScriptedReply(text="word " * 500, delay_ms=5), models=("a", "b"))


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def test_what_is_settled_holds_and_is_written_down(app: Flask) -> None:
    values = {
        "system_prompt": "You are terse.", "sampling": {"temperature": 0.3, "top_k": 40}, "help": False,
        "context_length": 512, "template": "{{ messages }}", "least_role": "analyst",
    }  # fmt: skip
    change(superior(), "a", values)
    assert all_settled()["a"] == Settled(
        RoleName.ANALYST, False, "You are terse.", {"temperature": 0.3, "top_k": 40}, 512,
        "{{ messages }}",
    )  # fmt: skip
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.act == "model.changed")).one()
    assert event.target == "model a"
    assert event.detail["system_prompt"] == event.detail["template"] == "changed"
    change(superior(), "a", {"help": False})  # nothing new: nothing is written down
    assert acts().count("model.changed") == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"least_role": "king"}, "least_role"), ({"help": "yes"}, "help"),
        ({"calls_tools": 1}, "calls_tools"),
        ({"other": 1}, "other"),
        ({"system_prompt": "x" * 2001}, "system_prompt"), ({"template": 7}, "template"),
        ({"sampling": {"temperature": 9}}, "temperature"), ({"sampling": {"magic": 1}}, "magic"),
        ({"sampling": {"top_p": True}}, "top_p"), ({"sampling": [1]}, "sampling"),
        ({"context_length": 3}, "context_length"), ({"context_length": "many"}, "context_length"),
    ],
)  # fmt: skip
def test_what_cannot_hold_is_refused(app: Flask, values: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(superior(), "a", values)
    assert caught.value.field == field
    assert db.session.scalars(select(ModelSetting)).all() == []


def test_the_nearest_setting_wins() -> None:
    """The conversation's, else the model's as settled, else the site's, else its authors'."""
    authors = SamplingParams(temperature=0.1, top_p=0.2, top_k=3, repetition_penalty=1.4)
    chosen = Chosen("a", Settled(sampling={"top_p": 0.5, "top_k": 5.0}), authors)
    site = SiteSettings(temperature=0.9, top_p=0.95, max_new_tokens=100)
    usual = defaults(site, chosen)
    assert (usual.temperature, usual.top_p, usual.top_k) == (0.9, 0.5, 5)
    assert usual.repetition_penalty == 1.4
    own = sampling_for({"top_p": 0.7, "max_new_tokens": 900}, site, chosen)
    assert (own.top_p, own.max_new_tokens) == (0.7, 100)


def test_the_models_own_prompt_comes_before_the_sites(app: Flask) -> None:
    requests = app.extensions["turns"].requests
    row = Conversation(id=new_id(), user_id=superior().id, settings={})
    site_settings.change(None, system_prompt="Site.")
    change(superior(), "b", {"system_prompt": "Model."})

    def opened() -> tuple[str, int]:
        around = requests.around(row, row.user_id)
        return around.system, around.shared_chars

    for help_there in (False, True):
        for name in ("a", "b"):
            change(superior(), name, {"help": help_there})
        row.settings = {}
        text, shared = opened()
        identity = text.removesuffix("Site.")
        assert (bool(identity), shared) == (help_there, len(text))
        row.settings = {"model": "b"}
        assert opened() == (f"{identity}Model.", len(f"{identity}Model."))
        row.settings = {"model": "b", "system_prompt": "Mine."}  # nobody else's prompt has it
        assert opened() == (f"{identity}Mine.", len(identity.rstrip()))


def test_loaded_unloaded_and_made_the_default(app: Flask) -> None:
    offered, boss = Models.here(), superior()
    offered.load(boss, "b")
    eventually(lambda: offered.view("b").status.state == "ready")
    offered.unload(boss, "b")
    eventually(lambda: offered.view("b").status.state == "installed")
    offered.make_default(boss, "b")
    assert offered.view("b").is_default
    assert offered.choose(RoleName.USER, None).name == "b"
    assert acts() == ["model.loaded", "model.unloaded", "model.made_default"]
    for act in (offered.load, offered.unload, offered.make_default):
        with pytest.raises(InvalidInput, match="There is no model"):
            act(boss, "nothing")


def test_a_model_that_answers_cannot_be_unloaded(app: Flask) -> None:
    from tests.generation.helpers import request

    engine = Models.here().engine
    stream = engine.submit(request("Hi", max_new_tokens=5000))
    eventually(lambda: engine.counters().running == 1)
    with pytest.raises(Conflict, match="answering"):
        Models.here().unload(superior(), "a")
    stream.cancel()


def test_a_card_stands_below_the_site_and_above_the_authors() -> None:
    """What whoever tuned it recommends; a prompt or a number that the site has changed wins."""
    card = Card(system_prompt="Card.", sampling={"temperature": 0.4, "top_k": 40})
    chosen = Chosen("a", Settled(), SamplingParams(temperature=0.1, top_p=0.2), card)
    usual = defaults(SiteSettings(temperature=0.9), chosen)
    assert (usual.temperature, usual.top_k, usual.top_p) == (0.9, 40, 0.2)
    assert system_prompt(SiteSettings(system_prompt=USUAL_PROMPT), chosen) == "Card."
    assert system_prompt(SiteSettings(system_prompt="Site."), chosen) == "Site."
    settled = replace(chosen, settled=Settled(system_prompt=""))
    assert system_prompt(SiteSettings(system_prompt=USUAL_PROMPT), settled) == ""


def test_a_card_is_read_from_the_nearest_folder(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    for folder, text in (
        (near, {"sampling": {"top_k": 5, "temperature": 99, "magic": 1}}),
        (far, {}),
    ):
        folder.mkdir()
        (folder / "echo.json").write_text(json.dumps({"system_prompt": folder.name, **text}))
    assert card.read([tmp_path, near, far]) == Card(system_prompt="near", sampling={"top_k": 5})
    assert card.read([tmp_path, far]).system_prompt == "far"
    assert card.read([tmp_path]) == NO_CARD
    (near / "echo.json").write_text("{")
    assert card.read([near, far]) == NO_CARD  # a broken one is told in the log, and nothing stops


def test_echo_smalls_card_is_its_own() -> None:
    root = Path(__file__).parents[3] / "weights" / "echo-small"
    assert (card.read([root]).system_prompt or "").startswith("You are Echo")
