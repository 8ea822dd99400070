"""Settings of the site: each acts at once, is written down, and gives way to the environment's again."""

import html
import re

import pytest
from flask import current_app

from echo.errors import InvalidInput
from echo.extensions import db
from echo.models import AuditEvent, SiteSetting
from echo.services import site_settings
from echo.services.serving import Models
from echo.services.turns import sampling

WHOLE = {
    "signup_mode": "open",
    "retention_days": "",
    "banner": "",
    "system_prompt": "You are Echo, a friendly assistant. Answer briefly and honestly.",
    "help": "on",
    "temperature": "",
    "top_p": "",
    "top_k": "",
    "repetition_penalty": "",
    "max_new_tokens": "",
}


SHOWN = (
    "signup_mode", "retention_days", "banner", "contributors", "sharing", "system_prompt", "help", "titles",
    "tools", "temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens",
)  # fmt: skip


def save(client, **changes):
    return client.post("/admin/settings/", data={**WHOLE, **changes})


@pytest.fixture
def environment(app):
    return app.extensions["settings"]


# --- the service


def test_nothing_is_changed_at_first(app, environment):
    assert site_settings.current() == site_settings.environment()
    assert site_settings.current().system_prompt == environment.system_prompt


def test_a_change_wins_over_the_environment_and_a_reset_gives_way(app, environment, people):
    environment.temperature = 0.5
    environment.signup = "closed"
    assert site_settings.current().signup_mode == "closed"
    changed = site_settings.change(people["admin"], temperature=1.5, signup_mode="invite")
    assert (changed.temperature, changed.signup_mode) == (1.5, "invite")
    assert site_settings.reset(people["admin"], "temperature").temperature == 0.5
    assert site_settings.current().signup_mode == "invite"


def test_none_wins_over_the_environment_too(app, environment):
    environment.temperature = 0.5
    environment.retention_days = 30
    site_settings.change(None, temperature=None, retention_days=None)
    db.session.expire_all()
    assert site_settings.changed() == {"temperature": None, "retention_days": None}
    assert (site_settings.current().temperature, site_settings.current().retention_days) == (
        None,
        None,
    )


@pytest.mark.parametrize(
    "values",
    [
        {"signup_mode": "maybe"},
        {"help": "sometimes"},
        {"temperature": 2.1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_k": 201},
        {"repetition_penalty": 0.5},
        {"max_new_tokens": 0},
        {"max_new_tokens": 5000},
        {"retention_days": 0},
        {"banner": "x" * 301},
        {"system_prompt": "x" * 2001},
        {"secret_key": "x"},
    ],
)
def test_what_cannot_be_used_changes_nothing(values, app):
    with pytest.raises(InvalidInput) as refusal:
        site_settings.change(None, banner="Hello", **values) if "banner" not in values else (
            site_settings.change(None, **values)
        )
    assert refusal.value.field == next(iter(values))
    assert db.session.query(SiteSetting).count() == 0


def test_changes_are_written_down_without_prose(people):
    me = people["super_admin"]
    site_settings.change(me, temperature=1.5, banner="Ask Bob at bob@example.org", top_k=None)
    site_settings.change(me, temperature=1.5)  # no change
    site_settings.reset(me, "temperature")
    site_settings.reset(me, "temperature")  # nothing left to reset
    rows = db.session.query(AuditEvent).order_by(AuditEvent.id).all()
    assert [(row.act, row.actor_id) for row in rows] == [("settings.changed", me.id)] * 2
    assert [row.detail for row in rows] == [
        {"temperature": [None, 1.5], "banner": "changed"},
        {"temperature": "reset"},
    ]


# --- the page


def test_the_page_shows_values_and_the_usual_ones(root, environment):
    environment.top_k = 33
    save(root, top_k="44", banner="Back at <b>noon</b>")
    page = root.get("/admin/settings/").text
    assert 'value="44"' in page
    assert "Usual: 33" in page
    assert "Back at &lt;b&gt;noon&lt;/b&gt;" in page
    assert "Usual: none" in page


def holds(client):
    """Return the sentence below each setting's field, in the page's order."""
    page = client.get("/admin/settings/").text
    lines = re.findall(r'<p class="usual">(.*?)</p>', page, re.DOTALL)
    said = [" ".join(html.unescape(re.sub(r"<[^>]+>", "", line)).split()) for line in lines]
    return dict(zip(SHOWN, said, strict=True))


def test_each_setting_says_what_holds_now_and_who_says_so(root, environment, monkeypatch):
    said = holds(root)
    assert said["signup_mode"] == "Holds now: Everybody · Echo’s usual value"
    assert said["retention_days"] == "Holds now: without end · Echo’s usual value"
    assert said["temperature"].startswith("Holds now: ")
    assert "from the files of scripted" in said["temperature"]
    monkeypatch.setattr(environment, "signup", "closed")
    monkeypatch.setattr(environment, "top_k", 33)
    said = holds(root)
    assert said["signup_mode"].endswith("from ECHO_SIGNUP in the server’s environment")
    assert said["top_k"] == "Holds now: 33 · from ECHO_TOP_K in the server’s environment"
    save(root, signup_mode="closed", top_k="44")
    said = holds(root)
    assert said["top_k"].startswith("Holds now: 44 · set here, ")
    assert said["top_k"].endswith("Usual: 33 Reset Top k")


def test_what_holds_is_the_models_where_it_has_its_own(root, people):
    Models.here().settle(
        people["super_admin"], "scripted",
        {"sampling": {"temperature": 0.3}, "system_prompt": "Rhyme.", "help": False},
    )  # fmt: skip
    save(root, temperature="1.5")
    said = holds(root)
    assert said["temperature"].startswith("Holds now: 0.3 · set for scripted under Models")
    assert said["system_prompt"].startswith("Holds now: Rhyme. · set for scripted under Models")
    assert said["help"].endswith("Otherwise for scripted: Off.")
    chosen = Models.here().choose(people["user"].role_name, None)
    assert sampling.defaults(site_settings.current(), chosen).temperature == 0.3
    assert sampling.system_prompt(site_settings.current(), chosen) == "Rhyme."


def test_an_empty_field_wins_over_the_environment_and_says_so(root, environment, monkeypatch):
    monkeypatch.setattr(environment, "temperature", 0.5)
    assert holds(root)["temperature"].startswith("Holds now: 0.5 · from ECHO_TEMPERATURE")
    save(root)
    assert "from the files of scripted" in holds(root)["temperature"]
    assert "Usual: 0.5" in holds(root)["temperature"]


def test_a_models_page_says_what_holds_where_its_field_is_empty(root):
    page = "/admin/models/edit/?name=scripted"
    assert "Empty: " in root.get(page).text
    save(root, temperature="1.5", system_prompt="Be brief.")
    shown = root.get(page).text
    assert "Empty: 1.5, set under Settings." in shown
    assert "“Be brief.”, set under Settings." in shown


def test_saving_stores_only_what_differs(root):
    assert save(root, temperature="0.7").status_code == 302
    assert site_settings.changed() == {"temperature": 0.7}


def test_reset(root):
    save(root, temperature="0.7", top_k="5")
    assert root.post("/admin/settings/reset/", data={"name": "temperature"}).status_code == 302
    assert site_settings.changed() == {"top_k": 5}
    assert root.post("/admin/settings/reset/", data={"name": "secret_key"}).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"signup_mode": "maybe"}, {"help": "maybe"}, {"temperature": "2.1"}, {"temperature": "nan"},
        {"top_p": "0"}, {"temperature": "hot"}, {"top_k": "-1"}, {"max_new_tokens": "9" * 400},
        {"retention_days": "0"}, {"banner": "x" * 301}, {"system_prompt": "x" * 2001},
    ],
)  # fmt: skip
def test_wrong_values_are_told_at_their_field(change, root):
    page = save(
        root,
        banner=change.get("banner", "kept as typed"),
        **{k: v for k, v in change.items() if k != "banner"},
    )
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.text
    assert site_settings.changed() == {}


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_only_super_admins(role, as_role):
    client = as_role(role)
    assert save(client, signup_mode="closed").status_code == 403
    assert client.post("/admin/settings/reset/", data={"name": "banner"}).status_code == 403
    assert site_settings.changed() == {}


# --- each acts at once


def test_signing_up_at_once(root, as_role):
    visitor = as_role("visitor")
    assert 'name="username"' in visitor.get("/signup").text
    assert "Create an account" in visitor.get("/").text
    save(root, signup_mode="closed")
    assert 'name="username"' not in visitor.get("/signup").text
    assert "Create an account" not in visitor.get("/").text
    assert "Create an account" not in visitor.get("/login").text


def test_banner_at_once_as_text(root, as_role):
    visitor = as_role("visitor")
    assert 'id="banner"' not in visitor.get("/").text
    save(root, banner="Closed <today> & tomorrow")
    for client in (visitor, root):
        page = client.get("/").text
        assert "Closed &lt;today&gt; &amp; tomorrow" in page
    assert 'id="banner"' not in visitor.get("/login").text


def test_a_notice_that_was_put_away_stays_away(root, as_role):
    import re

    visitor = as_role("visitor")
    save(root, banner="First")
    mark = re.search(r'data-mark="(\w+)"', visitor.get("/").text).group(1)
    visitor.set_cookie("echo_banner", mark)
    assert 'id="banner"' not in visitor.get("/").text
    save(root, banner="Second")
    assert 'id="banner"' in visitor.get("/").text


def test_the_chat_begins_with_them(root):
    save(root, system_prompt="Be a pirate.", temperature="1.25", max_new_tokens="99")
    page = root.get("/").text
    assert '"system_prompt": "Be a pirate."' in page
    assert '"temperature": 1.25' in page
    assert '"max": 99' in page


def test_turns_use_them_at_once(people, open_tab, monkeypatch):
    turns = current_app.extensions["turns"]
    requests = []
    submit = turns.engine.submit
    monkeypatch.setattr(turns.engine, "submit", lambda r: requests.append(r) or submit(r))
    tab = open_tab(people["user"])

    def ask(text, **more):
        answer = tab.ask("send_message", {"text": text, "client_id": text, **more})
        assert answer["ok"], answer
        tab.wait_for("message_finished", answer.get("reply_id"))
        return requests[-1]

    assert ask("one").messages[0].content.startswith("You are Echo")
    site_settings.change(None, system_prompt="Be a pirate.", temperature=1.25, max_new_tokens=50)
    request = ask("two")
    assert request.messages[0].content.endswith("\n\nBe a pirate.")
    assert (request.sampling.temperature, request.sampling.max_new_tokens) == (1.25, 50)
    request = ask("three", settings={"temperature": 0.5, "max_new_tokens": 4000})
    assert (request.sampling.temperature, request.sampling.max_new_tokens) == (0.5, 50)
    site_settings.change(None, help="off")
    assert ask("four").messages[0].content == "Be a pirate."
    site_settings.change(None, system_prompt="")
    assert ask("five").messages[0].role == "user"


def test_retention_at_once(app):
    from echo.services.chats import retention

    assert retention.site_days() is None
    site_settings.change(None, retention_days=12)
    assert retention.site_days() == 12


def test_the_list_of_contributors_is_switched_on_the_page(root, as_role):
    assert "who talks with Echo most" in root.get("/admin/settings/").text
    assert site_settings.current().contributors == "off"
    for value in ("on", "off", "on"):
        assert save(root, contributors=value).status_code == 302
        db.session.expire_all()
        assert site_settings.current().contributors == value
    save(root)  # a form without it leaves it as it is
    assert site_settings.current().contributors == "on"
    assert save(root, contributors="perhaps").status_code == 400


def test_titles_by_the_model_are_switched_on_the_page(root):
    for value in ("on", "off"):
        assert save(root, titles=value).status_code == 302
        assert site_settings.current().titles == value
    assert save(root, titles="perhaps").status_code == 400
