"""The page of models: who may, each act with its words, what is refused, settings, adding, removing."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent, Device, RoleName
from echo.services.serving import Models, Wanted
from tests.conftest import superior
from tests.generation.helpers import request
from tests.model_fixtures import (
    MINI,
    SlowPlace,
    eventually,
    offered,
    script,
    script_with_files,
    slow_place,
)
from tests.web.browser import AJAX

__all__ = ["offered", "script", "script_with_files", "slow_place"]

AT = "/admin/models"


def card(page: str, name: str) -> str:
    found = re.search(rf'<li [^>]*data-model="{re.escape(name)}".*?</li>', page, re.DOTALL)
    assert found, page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def act(client: FlaskClient, what: str, name: str) -> Any:
    return client.post(f"{AT}/{what}/", data={"name": name})


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def add(client: FlaskClient, source: str, name: str = "", step: str = "begin") -> Any:
    return client.post(f"{AT}/{step}/", data={"source": source, "name": name, "base": ""})


def have_mine(offered: Models) -> None:
    adding = offered.adder.begin(superior(), Wanted(str(MINI), "mine"))
    eventually(lambda: adding.state == "added")


# --- the list


def test_a_card_says_what_a_model_is_does_and_takes(offered: Models, root: FlaskClient) -> None:
    page = root.get(f"{AT}/").text
    mine = card(page, "a")
    for words in (
        "default", "ready", "Speed now idle", "0 answering, 0 waiting", "7 MB weights, 0 kB keys",
        "Who may use it Everybody", "as its files say", "Weights of its own",
        "fixed replies, window of 8,192 tokens", "Unload a", "Settings of a",
    ):  # fmt: skip
        assert words in mine
    assert "Load a" not in mine
    assert "Remove" not in mine
    other = card(page, "echo-mini")
    assert "not in memory" in other
    assert "told once it is loaded" in other
    assert "7 MB, without a bound" in unescape(page)
    assert 'href="/admin/models/" aria-current="page"' in page


def test_what_failed_says_why_and_what_to_do(offered: Models, root: FlaskClient) -> None:
    act(root, "load", "bad")
    eventually(lambda: offered.view("bad").status.state == "failed")
    said = card(root.get(f"{AT}/").text, "bad")
    assert "cannot be loaded" in said
    assert "The script says that bad is broken. Nobody can use it." in said
    assert "Load again bad" in said


def test_the_part_is_the_list_alone(offered: Models, root: FlaskClient) -> None:
    part = root.get(f"{AT}/", headers=AJAX).text
    assert part.count("data-model=") == 4
    assert "<html" not in part
    assert f'data-mark="{offered.mark()}"' in part


def test_the_mark_changes_with_what_is_shown_and_not_with_figures(offered: Models) -> None:
    marks = [offered.mark()]
    assert offered.mark() == marks[0]
    for change in (
        lambda: offered.settle(superior(), "b", {"least_role": "admin"}),
        lambda: offered.make_default(superior(), "echo-mini"),
        lambda: have_mine(offered),
    ):
        change()
        marks.append(offered.mark())
    assert len(set(marks)) == 4


# --- who may


@pytest.mark.parametrize("role", ["admin", "analyst", "user"])
def test_others_look_at_most(role: str, offered: Models, as_role: Any) -> None:
    client = as_role(role)
    page = client.get(f"{AT}/")
    assert page.status_code == (200 if role == "admin" else 403)
    assert "<form" not in page.text.partition('id="models"')[2]
    for what in ("load", "unload", "default", "remove", "refresh", "add", "begin", "stop"):
        assert act(client, what, "a").status_code == 403, what
    assert client.get(f"{AT}/edit/?name=a").status_code == 403
    assert acts() == []


@pytest.mark.parametrize(
    ("method", "page"),
    [
        ("POST", "default/"), ("GET", "edit/?name=a"), ("POST", "edit/?name=a"), ("GET", "add/"),
        ("GET", "remove/?name=mine"), ("POST", "remove/"), ("POST", "add/"), ("POST", "begin/"),
    ],
)  # fmt: skip
def test_what_gives_power_asks_for_a_fresh_proof(
    method: str, page: str, offered: Models, root: FlaskClient
) -> None:
    db.session.execute(update(Device).values(confirmed_at=utc_now() - timedelta(minutes=11)))
    db.session.commit()
    answer = root.open(f"{AT}/{page}", method=method)
    assert (answer.status_code, answer.location[:8]) == (302, "/confirm")
    assert acts() == []


# --- acts


def test_load_unload_and_default(offered: Models, root: FlaskClient) -> None:
    assert act(root, "load", "b").status_code == 302
    assert "b is being loaded." in root.get(f"{AT}/").text
    eventually(lambda: offered.view("b").status.state == "ready")
    assert act(root, "default", "b").status_code == 302
    assert "b answers now wherever no other is chosen." in root.get(f"{AT}/").text
    assert offered.view("b").is_default
    assert act(root, "unload", "b").status_code == 302
    eventually(lambda: offered.view("b").status.state == "installed")
    assert "b is no longer in memory, and is loaded again when" in root.get(f"{AT}/").text
    assert acts() == ["model.loaded", "model.made_default", "model.unloaded"]


def test_a_default_that_does_not_outlive_a_restart_is_said_to(
    app: Flask, offered: Models, root: FlaskClient
) -> None:
    have_mine(offered)
    app.extensions["settings"].model = "weights/other"
    act(root, "default", "mine")
    page = unescape(root.get(f"{AT}/").text)
    assert "mine answers now wherever no other is chosen. After a restart it is ECHO_MODEL" in page
    assert offered.library.default == "mine"


def test_a_model_that_answers_is_not_unloaded_and_the_list_says_so(
    offered: Models, root: FlaskClient
) -> None:
    stream = offered.engine.submit(request("Hi", max_new_tokens=5000))
    eventually(lambda: offered.engine.counters().running == 1)
    answer = act(root, "unload", "a")
    assert answer.status_code == 409
    assert "is answering somebody now" in answer.text
    assert "1 answering" in card(answer.text, "a")
    stream.cancel()
    assert acts() == []


@pytest.mark.parametrize("what", ["load", "unload", "default", "remove"])
def test_a_model_that_is_not_here(what: str, offered: Models, root: FlaskClient) -> None:
    answer = act(root, what, "nothing <b>")
    assert answer.status_code in (400, 404)
    assert "nothing &lt;b&gt;" in answer.text
    assert acts() == []


def test_what_was_added_by_command_is_offered_after_a_look(
    offered: Models, root: FlaskClient
) -> None:
    library = offered.library
    library.add(library.plan(str(MINI), "mine"))
    assert "mine" not in [view.name for view in offered.views()]
    root.post(f"{AT}/refresh/")
    assert "mine" in [view.name for view in offered.views()]
    library.remove("mine")
    root.post(f"{AT}/refresh/")
    assert "mine" not in [view.name for view in offered.views()]


def test_a_default_that_was_removed_by_command_goes_on_answering(offered: Models) -> None:
    have_mine(offered)
    offered.make_default(superior(), "mine")
    offered.library.remove("mine")
    offered.refresh()
    assert offered.choose(RoleName.USER, None).name == "mine"


# --- settings

WHOLE = {
    "least_role": "user", "help": "y", "calls_tools": "", "system_prompt": "", "temperature": "",
    "top_p": "", "top_k": "", "repetition_penalty": "", "max_new_tokens": "", "context_length": "",
    "template": "",
}  # fmt: skip


def settle(client: FlaskClient, name: str = "b", **changes: str) -> Any:
    return client.post(f"{AT}/edit/?name={name}", data={**WHOLE, **changes})


def test_settings_are_kept_shown_and_taken_back(offered: Models, root: FlaskClient) -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    given = {
        "least_role": "admin", "help": "", "calls_tools": "y", "system_prompt": "You are <terse>.",
        "temperature": "0.3",
        "top_k": "0", "max_new_tokens": "99", "context_length": "512", "template": template,
    }  # fmt: skip
    assert settle(root, **given).status_code == 302
    settled = offered.view("b").settled
    assert (settled.least_role, settled.help, settled.context_length) == ("admin", False, 512)
    assert settled.calls_tools
    assert settled.sampling == {"temperature": 0.3, "top_k": 0, "max_new_tokens": 99}
    assert settled.template == template
    form = root.get(f"{AT}/edit/?name=b").text
    assert "You are &lt;terse&gt;." in form
    assert 'value="0.3"' in form
    assert "{% for m in messages %}" in unescape(form)
    said = card(root.get(f"{AT}/").text, "b")
    assert "temperature 0.3, top k 0, longest answer 99, own system prompt, window 512" in said
    assert "own chat template, help off, may call tools" in said
    assert "Who may use it Administrators" in said
    assert settle(root).status_code == 302
    assert "as its files say" in card(root.get(f"{AT}/").text, "b")
    assert acts() == ["model.changed", "model.changed"]


@pytest.mark.parametrize(
    "change",
    [
        {"least_role": "king"}, {"temperature": "2.1"}, {"temperature": "nan"}, {"top_p": "0"},
        {"top_k": "-1"}, {"context_length": "3"}, {"context_length": "9" * 30},
        {"system_prompt": "x" * 2001}, {"template": "x" * 50_001}, {"template": "{% for x in %}"},
        {"template": "{{ " + "(" * 40_000}, {"max_new_tokens": "many"},
    ],
)  # fmt: skip
def test_wrong_settings_are_told_at_their_field_and_nothing_is_kept(
    change: dict[str, str], offered: Models, root: FlaskClient
) -> None:
    answer = settle(root, **{"system_prompt": "typed", **change})
    assert answer.status_code == 400
    (name,) = change
    assert re.search(rf'name="{name}"[^>]*aria-invalid="true"', answer.text), answer.text
    assert offered.view("b").settled.system_prompt is None
    assert acts() == []


def test_a_template_with_the_marks_of_training_is_one(offered: Models, root: FlaskClient) -> None:
    text = "{%- generation -%}{{ messages[0].content }}{%- endgeneration %}{% break %}"
    assert settle(root, template=text.replace("{% break %}", "")).status_code == 302
    assert offered.view("b").settled.template


def test_it_is_said_when_something_holds_only_after_loading(
    offered: Models, root: FlaskClient
) -> None:
    settle(root, context_length="512")
    assert "hold from the next answer on" in root.get(f"{AT}/").text
    offered.load(superior(), "b")
    eventually(lambda: offered.view("b").status.state == "ready")
    settle(root, context_length="256")
    assert "change when it is loaded next" in root.get(f"{AT}/").text


# --- adding


def test_the_catalogue_and_its_numbers(offered: Models, root: FlaskClient) -> None:
    page = unescape(root.get(f"{AT}/add/").text)
    for entry in offered.library.catalogue.models:
        assert entry.title in page
        assert entry.licence in page
    for words in (
        "not tried yet", "98 MB", "84 / 199 / 215 tokens/s for 1 / 8 / 32 at once", "installed",
        "asked of the Hub first", "HF_TOKEN",
    ):  # fmt: skip
        assert words in page
    places = [page.index(name) for name in ("1.5B-Instruct, Q4", "135M", "Qwen2.5-3B", "360M")]
    assert places == sorted(places)  # what was tried first, and of that the best


def test_all_numbers_are_said_before_anything_is_fetched(
    offered: Models, root: FlaskClient, slow_place: SlowPlace
) -> None:
    page = unescape(add(root, "them/slow", step="add").text)
    assert "Add slow?" in page
    assert re.search(r"needs 0 kB, [\d.]+ [MG]B are free", page)
    assert "Licence" in page
    assert "MIT" in page
    page = unescape(add(root, str(MINI), "mine", step="add").text)
    assert "nothing: its files stay where they are" in page
    assert re.search(r"needs [\d.]+ MB, [\d.]+ [MG]B of [\d.]+ GB are free", page)
    assert 'name="name" value="mine"' in page
    assert (slow_place.calls, offered.adder.last) == (0, None)


def test_added_with_progress_that_survives_a_reload(
    offered: Models, root: FlaskClient, slow_place: SlowPlace
) -> None:
    assert add(root, "them/slow").location == f"{AT}/"
    eventually(lambda: offered.adder.current.progress == 0.4)
    for _ in range(2):
        page = root.get(f"{AT}/").text
        assert 'aria-label="Adding slow" value="0.4"' in page
        assert "package 1 of 2" in page
        assert '<noscript><meta http-equiv="refresh"' in page
    second = add(root, str(MINI), "mine")
    assert second.status_code == 409
    assert "slow is being added" in second.text
    slow_place.goes_on = True
    eventually(lambda: offered.adder.last.state == "added")
    page = root.get(f"{AT}/").text
    assert "not in memory" in card(page, "slow")
    assert "Adding slow" not in page
    assert "model.added" in acts()
    assert "added a model" in root.get("/admin/audit/").text


def test_stopped_put_away_and_gone_on_with(
    offered: Models, root: FlaskClient, slow_place: SlowPlace
) -> None:
    add(root, "them/slow")
    eventually(lambda: offered.adder.current.progress == 0.4)
    root.post(f"{AT}/stop/")
    eventually(lambda: offered.adder.last.state == "stopped")
    page = root.get(f"{AT}/").text
    assert "Stopped: slow" in page
    assert 'name="source" value="them/slow"' in page
    root.post(f"{AT}/put-away/")
    page = root.get(f"{AT}/").text
    assert "Not all here: slow" in page
    assert "0 kB so far" in page
    assert "Add slow?" in add(root, "slow", step="add").text
    assert act(root, "remove", "slow").status_code == 302
    assert "Not all here" not in root.get(f"{AT}/").text


def test_a_failure_stands_in_the_list_with_a_way_on(
    offered: Models, root: FlaskClient, slow_place: SlowPlace
) -> None:
    slow_place.failure, slow_place.goes_on = "The place <is> closed.", True
    add(root, "them/slow")
    eventually(lambda: offered.adder.last.state == "failed")
    page = root.get(f"{AT}/").text
    assert "The place &lt;is&gt; closed." in page
    assert "Try again" in page


@pytest.mark.parametrize(
    ("source", "name", "field"),
    [
        ("", "", "source"), ("/no/such/place", "", "source"), ("x" * 1001, "", "source"),
        ("a\nb", "", "source"), (str(MINI), "no name!", "name"), (str(MINI), "x" * 65, "name"),
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_told_at_its_field(
    source: str, name: str, field: str, offered: Models, root: FlaskClient
) -> None:
    for step in ("add", "begin"):
        answer = add(root, source, name, step)
        assert answer.status_code == 400
        assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)
        assert "models list" not in answer.text
    assert offered.adder.last is None


# --- removing


def test_removed_after_a_page_that_says_what_goes(offered: Models, root: FlaskClient) -> None:
    have_mine(offered)
    offered.settle(superior(), "mine", {"help": False})
    page = unescape(root.get(f"{AT}/remove/?name=mine").text)
    assert "Its files stay where they are" in page
    assert str(MINI) in page
    assert act(root, "remove", "mine").status_code == 302
    assert "mine" not in [view.name for view in offered.views()]
    assert MINI.exists()
    have_mine(offered)
    assert offered.view("mine").settled.help  # what was settled for the former one is forgotten
    assert acts().count("model.removed") == 1


def test_what_stays_says_why(offered: Models, root: FlaskClient) -> None:
    assert "part of Echo" in root.get(f"{AT}/remove/?name=echo-mini").text
    have_mine(offered)
    offered.make_default(superior(), "mine")
    page = root.get(f"{AT}/remove/?name=mine").text
    assert "choose another one first" in page
    assert "Keep it" not in page
    answer = act(root, "remove", "mine")
    assert answer.status_code == 409
    assert "choose another one first" in answer.text
    assert root.get(f"{AT}/remove/?name=nothing").status_code == 404


def test_scripted_replies_are_looked_at_and_nothing_is_added(
    root: FlaskClient, offered: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offered, "library", None)
    monkeypatch.setattr(offered, "adder", None)
    assert "Add a model" not in root.get(f"{AT}/").text
    for answer in (
        root.get(f"{AT}/add/"),
        root.get(f"{AT}/remove/?name=a"),
        act(root, "stop", "a"),
    ):
        assert answer.status_code == 400
        assert "scripted" in answer.text.lower()
