"""Adding a model while Echo serves: what is said before, how far it is, stopping, failing, going on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from echo import signals
from echo.config import ROOT
from echo.errors import Conflict, InvalidInput
from echo.extensions import db
from echo.models import AuditEvent, RoleName, User
from echo.services.library import room
from echo.services.serving import Models, Wanted
from tests.conftest import Tab, superior
from tests.library import made_models
from tests.library.conftest import hub
from tests.library.hub_stand_in import Hub
from tests.model_fixtures import (
    MINI,
    SlowPlace,
    eventually,
    offered,
    script,
    script_with_files,
    slow_place,
)

__all__ = ["hub", "offered", "script", "script_with_files", "slow_place"]


def added(offered: Models, wanted: Wanted) -> None:
    adding = offered.adder.begin(superior(), wanted)
    eventually(lambda: adding.state != "adding")
    assert (adding.state, adding.error) == ("added", "")


def test_a_folder_is_offered_at_once_without_a_restart(offered: Models) -> None:
    assert "mine" not in [view.name for view in offered.views()]
    added(offered, Wanted(str(MINI), "mine"))
    view = offered.view("mine")
    assert view.status.state == "installed"
    assert view.installed.path == MINI
    offered.load(superior(), "mine")
    eventually(lambda: offered.view("mine").status.state == "ready")
    offered.make_default(superior(), "mine")
    assert offered.choose(RoleName.USER, None).name == "mine"


def test_who_added_what_is_written_down_without_paths(offered: Models) -> None:
    added(offered, Wanted(str(MINI), "mine"))
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.act == "model.added")).one()
    assert (event.actor_id, event.target) == (superior().id, "model mine")
    assert event.detail == {"kind": "folder", "source": "a path of this machine"}


def test_all_numbers_are_said_before(offered: Models, slow_place: SlowPlace) -> None:
    needs = offered.adder.look(Wanted("them/slow"))
    assert (needs.download, needs.disk, needs.problem) == (100, 100, "")
    assert needs.disk_free > 0
    assert 0 < needs.memory_free <= needs.memory_total
    folder = offered.adder.look(Wanted(str(MINI), "mine"))
    assert (folder.download, folder.disk) == (0, 0)
    assert folder.memory == room.memory_needed(6_822_144, offered.library.width)
    assert slow_place.calls == 0
    assert offered.library.installed()[-1].name == "echo-mini"  # nothing was done


def test_no_room_is_said_before_with_both_numbers(
    offered: Models, slow_place: SlowPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "disk_free", lambda _folder: 1_000)
    problem = offered.adder.look(Wanted("them/slow")).problem
    assert "needs 250 MB" in problem
    assert "1 kB are free" in problem


def told_to(tab: Tab) -> list[Any]:
    return [payload["adding"] for payload in tab.named("models_changed")]


def test_progress_is_told_to_administrators_alone(
    app: Flask,
    offered: Models,
    slow_place: SlowPlace,
    open_tab: Callable[[User], Tab],
    make_user: Callable[..., User],
) -> None:
    boss, ada = open_tab(make_user("boss", role=RoleName.ADMIN)), open_tab(make_user("ada"))
    offered.adder.begin(superior(), Wanted("them/slow"))
    eventually(lambda: offered.adder.current.step.done == 40)
    eventually(lambda: 0.4 in [(adding or {}).get("progress") for adding in told_to(boss)])
    told = told_to(boss)[-1]
    assert told["told"] == "package 1 of 2: 0 kB of 0 kB"
    assert (told["name"], told["state"], told["error"]) == ("slow", "adding", None)
    slow_place.goes_on = True
    eventually(lambda: (told_to(boss)[-1] or {}).get("state") == "added")
    names = [model["name"] for model in boss.named("models_changed")[-1]["models"]]
    assert "slow" in names
    eventually(lambda: bool(ada.named("models_changed")))
    assert not any("adding" in told or "mark" in told for told in ada.named("models_changed"))


def test_one_at_a_time(offered: Models, slow_place: SlowPlace) -> None:
    offered.adder.begin(superior(), Wanted("them/slow"))
    with pytest.raises(Conflict, match="slow is being added"):
        offered.adder.begin(superior(), Wanted(str(MINI), "mine"))
    slow_place.goes_on = True
    eventually(lambda: offered.adder.current is None)
    added(offered, Wanted(str(MINI), "mine"))


def test_stopped_and_gone_on_with(offered: Models, slow_place: SlowPlace) -> None:
    adding = offered.adder.begin(superior(), Wanted("them/slow"))
    eventually(lambda: adding.step.done == 40)
    offered.adder.stop()
    assert adding.told == "Being stopped…"
    eventually(lambda: adding.state == "stopped")
    assert "kept" in adding.error
    assert offered.adder.unfinished() == []  # it is shown as what was stopped
    offered.adder.put_away()
    assert [model.name for model in offered.adder.unfinished()] == ["slow"]
    assert "slow" not in [view.name for view in offered.views()]
    slow_place.goes_on = True
    added(offered, Wanted("slow"))
    assert offered.adder.unfinished() == []
    acts = db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)).all()
    assert acts == ["model.added"]


def test_what_was_cut_can_be_removed(offered: Models, slow_place: SlowPlace) -> None:
    adding = offered.adder.begin(superior(), Wanted("them/slow"))
    eventually(lambda: adding.step.done == 40)
    with pytest.raises(Conflict, match="being added"):
        offered.remove(superior(), "slow")
    offered.adder.stop()
    eventually(lambda: adding.state == "stopped")
    offered.remove(superior(), "slow")
    offered.adder.put_away()
    assert offered.adder.unfinished() == []
    assert not (offered.library.folder / "slow").exists()


def test_a_failure_is_said_in_words_and_leaves_the_others_alone(
    offered: Models, slow_place: SlowPlace
) -> None:
    before = [view.name for view in offered.views()]
    slow_place.failure = "The slow place is closed."
    adding = offered.adder.begin(superior(), Wanted("them/slow"))
    slow_place.goes_on = True
    eventually(lambda: adding.state == "failed")
    assert "The slow place is closed." in adding.error
    assert [view.name for view in offered.views()] == before
    offered.adder.put_away()
    assert offered.adder.last is None


@pytest.mark.slow
def test_a_download_of_the_hub_that_was_cut_goes_on_where_it_was(
    hub: Hub, offered: Models, tmp_path: Path
) -> None:
    folder = made_models.folder(tmp_path / "made", vocabulary=20_000)
    hub.repos["ada/little"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.cut_after = 300_000
    adding = offered.adder.begin(superior(), Wanted("ada/little"))
    eventually(lambda: adding.state == "failed")
    assert "refuses ada/little" in adding.error
    offered.adder.put_away()
    assert [model.name for model in offered.adder.unfinished()] == ["little"]
    hub.cut_after = None
    added(offered, Wanted("little"))
    assert hub.ranges_of("model.safetensors")[-1] == "bytes=262144-"
    assert offered.view("little").status.state == "installed"
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.act == "model.added")).one()
    assert event.detail == {"kind": "hub", "source": "hub:ada/little"}


def test_a_bug_is_logged_and_said_in_general(
    offered: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offered.library, "add", lambda *_: 1 / 0)
    adding = offered.adder.begin(superior(), Wanted(str(MINI), "mine"))
    eventually(lambda: adding.state == "failed")
    assert "log" in adding.error
    assert "zero" not in adding.error


@pytest.mark.parametrize("wanted", [Wanted("/no/such/folder"), Wanted(str(ROOT / "docs"), "docs")])
def test_what_is_no_model_is_refused_before_anything_begins(
    offered: Models, wanted: Wanted
) -> None:
    for act in (offered.adder.look, lambda w: offered.adder.begin(superior(), w)):
        with pytest.raises(InvalidInput):
            act(wanted)
    assert offered.adder.last is None


def test_a_name_that_is_taken_is_refused(offered: Models) -> None:
    added(offered, Wanted(str(MINI), "mine"))
    with pytest.raises(Conflict, match="taken"):
        offered.adder.look(Wanted(str(MINI), "Mine"))


def test_it_is_told_four_times_a_second_at_most(
    app: Flask, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    boss = open_tab(make_user("boss", role=RoleName.ADMIN))
    eventually(lambda: bool(boss.named("models_changed")) or True)
    before = len(boss.named("models_changed"))
    for _ in range(200):
        signals.models_changed.send(None)
        eventually(lambda: True)
    eventually(lambda: len(boss.named("models_changed")) > before)
    assert len(boss.named("models_changed")) - before <= 2
