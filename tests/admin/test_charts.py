"""Every chart in every form by the real drawing process: downloads, themes, gaps, and what is cached."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import eventlet
import flask_babel
import pytest
from babel.support import NullTranslations

from analytics.catalogue.feedback import CATEGORIES
from demo.data import demo_data
from echo.admin import charts, ranges
from echo.admin.kept_charts import KeptCharts
from echo.config import ROOT
from echo.errors import Busy
from echo.extensions import db
from echo.languages import spoken
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import ActivitySlot, Feedback, GuardDecision, TimingSpan
from echo.services.numbers import chart_rows, rollups, slots
from echo.services.numbers.cards import KINDS

UTC_ZONE = ZoneInfo("UTC")
ONE_DAY = "from=2026-02-01&to=2026-02-01"
NOBODY = "from=2010-01-01&to=2010-12-31"
DAYS = ranges.DayRange(date(2026, 2, 1), date(2026, 2, 3))

pytestmark = pytest.mark.usefixtures("drawing")


def query(chart="signups", days=DAYS):
    return charts.Query(chart, days, UTC_ZONE)


def names():
    return list(charts.known())


@pytest.fixture
def lively(app):
    """Made-up data of forty days, counted."""
    words = ["--users", "40", "--days", "40", "--messages", "600", "--seed", "5"]
    made = app.test_cli_runner().invoke(demo_data, words)
    assert made.exit_code == 0, made.output
    db.session.add(
        Feedback(user_id=1, opinion="Of some days there is none.", category="idea", rating=4)
    )
    met = {"rule_name": "Names", "place": "question", "reason": "No names here."}
    db.session.add(GuardDecision(user_id=1, act="mask", **met))
    db.session.commit()
    rollups.refresh()


@pytest.fixture
def one_signup(app):
    moment = datetime(2026, 2, 1, 12, tzinfo=UTC)
    slot = int(moment.timestamp()) // slots.SECONDS
    db.session.add(ActivitySlot(slot=slot, signups=3, questions=0))
    db.session.commit()


def test_there_are_twenty_two_charts(app):
    assert len(charts.known()) == 22


def rows_of(answer):
    """The cells of a file, which begins with the mark of its encoding."""
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_every_chart_in_every_form(root, lively):
    for name in names():
        svg = root.get(f"/admin/charts/{name}.svg?days=90")
        assert (svg.status_code, svg.mimetype) == (200, "image/svg+xml"), name
        assert "in this time" not in svg.text, f"{name} has nothing to show"
        assert "Content-Disposition" not in svg.headers
        png = root.get(f"/admin/charts/{name}.png?days=90")
        assert png.data.startswith(b"\x89PNG"), name
        lines = rows_of(root.get(f"/admin/charts/{name}.csv?days=90"))
        assert len(lines) > 1, name
        assert {len(line) for line in lines} == {len(lines[0])}, name
        table = root.get(f"/admin/charts/{name}?days=90").text
        assert table.count("<th scope=") == len(lines) + len(lines[0]) - 1, name


@pytest.mark.parametrize("span", [ONE_DAY, NOBODY])
def test_every_chart_of_one_day_and_of_nothing(root, span):
    for name in names():
        svg = root.get(f"/admin/charts/{name}.svg?{span}&theme=dark&size=narrow")
        assert svg.status_code == 200, name
        part = root.get(f"/admin/charts/{name}?{span}")
        assert part.status_code == 200, name
        assert re.search(r'alt="[^"]{20,}"', part.text), name


def test_a_day_with_something_has_no_words_of_nothing(root, one_signup):
    assert "Nobody signed up" not in root.get(f"/admin/charts/signups.svg?{ONE_DAY}").text
    assert "Nobody signed up" in root.get(f"/admin/charts/signups.svg?{NOBODY}").text


def test_themes_differ_and_take_their_colours_from_the_tokens(root):
    light, dark = (
        root.get(f"/admin/charts/signups.svg?theme={theme}").text for theme in ("light", "dark")
    )
    assert light != dark
    for theme, svg in (("light", light), ("dark", dark)):
        assert charts.looks()[theme]["surface"] in svg


def test_a_picture_says_its_values_and_the_table_the_same_lines(root, one_signup):
    svg = root.get(f"/admin/charts/signups.svg?{ONE_DAY}").text
    found = re.findall(r'data-line="(\d+)"><title>(.*?)</title>', svg, re.DOTALL)
    assert found == [("0", "February 1, 2026\nSign-ups: 3\nAccounts in all: 3")]
    part = root.get(f"/admin/charts/signups?{ONE_DAY}").text
    assert part.count('<tr data-line="0">') == 1
    assert 'data-values="Sign-ups"' in part
    assert '<time title="2026-02-01">Feb 1</time>' in part


def test_pictures_are_drawn_in_the_pages_face(root, one_signup):
    svg = root.get(f"/admin/charts/signups.svg?{ONE_DAY}").text
    assert "#Inter-" in svg
    assert "<text" not in svg


def test_a_wide_table_stands_below_its_chart_with_short_headings(root, one_signup):
    wide = root.get(f"/admin/charts/hours?{ONE_DAY}").text
    assert 'class="chart-and-table stacked"' in wide
    assert 'title="09:00 (questions)">09:00<' in wide
    assert "stacked" not in root.get(f"/admin/charts/signups?{ONE_DAY}").text


def test_csv_is_a_download_with_units(root, one_signup):
    answer = root.get(f"/admin/charts/signups.csv?{ONE_DAY}")
    assert answer.mimetype == "text/csv"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="echo-signups-2026-02-01-2026-02-01.csv"'
    assert rows_of(answer) == [
        ["Day", "Sign-ups", "Accounts in all"],
        ["2026-02-01", "3", "3"],
    ]


def test_a_png_is_a_download(root):
    answer = root.get(f"/admin/charts/signups.png?{ONE_DAY}")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_name_cannot_become_a_formula(root, app, monkeypatch):
    evil = "=HYPERLINK(0)"
    monkeypatch.setitem(chart_rows.ROWS, "top_users", lambda *_days: [(evil, 3, 2, 1)])
    text = root.get(f"/admin/charts/top-users.csv?{ONE_DAY}").text
    assert f'\r\n"\'{evil}",3' in text
    page = root.get(f"/admin/charts/top-users?{ONE_DAY}").text
    assert "=HYPERLINK" in page


def test_a_name_cannot_become_markup(root, monkeypatch):
    evil = "<script>alert(1)</script>"
    monkeypatch.setitem(chart_rows.ROWS, "top_users", lambda *_days: [(evil, 3, 2, 1)])
    for tail in ("", ".svg"):
        assert "<script>alert" not in root.get(f"/admin/charts/top-users{tail}?{ONE_DAY}").text


def test_a_time_chart_is_sent_its_own_measure_alone(app, monkeypatch):
    for model in ("one", "two"):
        for measure in ("queue_ms", "total_ms"):
            db.session.add(
                TimingSpan(step="day", day=slots.day_number(DAYS.first), model=model,
                           measure=measure, bucket=7, count=2)
            )  # fmt: skip
    db.session.commit()
    assert charts._request(query("queue-wait"))["rows"]["timing"] == [
        (DAYS.first, "", "queue_ms", 7, 4)
    ]
    assert charts._rows(charts.Needed("timing", ""), DAYS, UTC_ZONE)[0][1] == "one"
    table = charts.table(query("queue-wait"))
    assert table["rows"][0] == ["2026-02-01", 1, 1, 1, 4]


def test_a_cached_answer_asks_nothing(app, drawing, monkeypatch):
    first = charts.picture(query(), "svg"), charts.table(query())
    monkeypatch.setattr(drawing, "ask", lambda _header: pytest.fail("asked again"))
    monkeypatch.setattr(charts, "_rows", lambda *_all: pytest.fail("read again"))
    assert (charts.picture(query(), "svg"), charts.table(query())) == first
    app.extensions["kept_charts"] = KeptCharts()
    with pytest.raises(pytest.fail.Exception):
        charts.picture(query(), "svg")


def test_forms_of_one_chart_are_cached_apart(app):
    found = [
        charts.picture(query(), "svg"),
        charts.picture(query(), "svg", "dark"),
        charts.picture(query(), "svg", "light", "narrow"),
        charts.picture(query(), "png"),
        charts.csv(query()),
        charts.picture(query(days=ranges.DayRange(DAYS.first, DAYS.first)), "svg"),
        charts.csv(charts.Query("signups", DAYS, ZoneInfo("Asia/Tokyo"))),
    ]
    assert len(set(found[:6])) == 6
    assert sum(key.startswith("table/") for key in KeptCharts.of(app)) == 2


def test_each_language_is_drawn_and_kept_apart(app, drawing, monkeypatch):
    def pictures():
        return [
            charts.picture(query(), "svg"),
            charts.picture(query(), "png"),
            charts.table(query()),
        ]

    english = pictures()
    with spoken("de"):
        german = pictures()
    assert all(one != other for one, other in zip(english, german, strict=True))
    assert "1. Februar 2026" in german[0].decode()
    assert "February 1, 2026" in english[0].decode()
    assert english[2]["rows"] == german[2]["rows"]
    monkeypatch.setattr(drawing, "ask", lambda _header: pytest.fail("asked again"))
    with spoken("de"):
        assert pictures() == german
    assert pictures() == english


def test_whoever_looks_reads_their_own_language(root, one_signup):
    german = {"Accept-Language": "de"}
    for tail in ("", ".svg"):
        address = f"/admin/charts/signups{tail}?{ONE_DAY}"
        for headers, day in (
            ({}, "February 1, 2026"),
            (german, "1. Februar 2026"),
            ({}, "February 1"),
        ):
            answer = root.get(address, headers=headers)
            assert day in answer.text
            assert answer.headers["Cache-Control"] == "no-store"
    address = f"/admin/charts/signups.csv?{ONE_DAY}"
    assert root.get(address, headers=german).data == root.get(address).data


def test_a_report_is_in_the_language_of_whoever_prints_it(root):
    address = "/admin/report/2026-02.pdf"
    english, german = (
        root.get(address, headers={"Accept-Language": language}).data for language in ("en", "de")
    )
    assert b"February 2026" in english
    assert b"Februar 2026" in german


def test_names_of_people_are_no_words_and_those_of_days_and_categories_are(root, monkeypatch):
    """Whoever is called Monday is called so in German, too."""
    monkeypatch.setitem(chart_rows.ROWS, "top_users", lambda *_days: [("Monday", 3, 2, 1)])
    monkeypatch.setitem(chart_rows.ROWS, "hours", lambda *_days: [(0, 9, 4)])
    opinions = [("2026-02-01", "bug", 3, 0, 0), ("2026-02-01", "new_one", 1, 0, 0)]
    monkeypatch.setitem(chart_rows.ROWS, "feedback", lambda *_days: opinions)

    class Loud(NullTranslations):
        def ugettext(self, text):
            return f"⟦{text}⟧"

    monkeypatch.setattr(flask_babel.Domain, "get_translations", lambda _self: Loud())
    german = {"Accept-Language": "de"}
    found = {
        name: re.findall(
            r'<th scope="row"><span dir="auto" title="(.*?)">',
            root.get(f"/admin/charts/{name}?{ONE_DAY}", headers=german).text,
        )
        for name in ("top-users", "hours", "feedback-categories")
    }
    assert found["top-users"] == ["Monday"]
    assert found["hours"][0] == "⟦Monday⟧"
    assert found["feedback-categories"] == ["⟦Something is broken⟧", "new_one"]


def test_categories_are_called_as_they_are_where_one_is_chosen():
    assert CATEGORIES == FEEDBACK_CATEGORIES


def test_charts_that_are_kept_have_a_bound_in_bytes(app):
    """By the number of entries alone a few hundred ranges in a few zones kept hundreds of megabytes."""
    most = 2 * len(charts.picture(query(), "svg"))
    kept = app.extensions["kept_charts"] = KeptCharts(most)
    for day in range(1, 6):
        charts.picture(query(days=ranges.DayRange(DAYS.first, DAYS.first + timedelta(day))), "svg")
        assert 0 < kept.currsize <= most
    assert 0 < len(kept) < 5


def test_the_least_recently_asked_for_goes_first_and_nothing_stays_for_ever():
    now = [0.0]
    kept = KeptCharts(most=10, seconds=60, timer=lambda: now[0])
    kept.put("a", b"aaaa")
    kept.put("b", b"bbbb")
    assert kept.get("a") == b"aaaa"
    kept.put("c", b"cccc")
    assert (list(kept), kept.currsize) == (["a", "c"], 8)
    kept.put("c", b"c")
    assert kept.currsize == 5
    kept.put("large", b"x" * 11)
    assert (kept.get("large"), list(kept)) == (None, ["a", "c"])
    kept.put("table", {"rows": [1]})  # what is no picture counts as well
    assert kept.currsize <= 10
    now[0] = 61.0
    assert not any(kept.get(key) for key in list(kept))
    assert (list(kept), kept.currsize) == ([], 0)


def test_callers_for_one_cold_chart_draw_it_once(app, drawing, monkeypatch):
    drawn, running, most = [], 0, 0

    def slow(header):
        nonlocal running, most
        running += 1
        most = max(most, running)
        eventlet.sleep(0.01)
        running -= 1
        drawn.append(header["chart"])
        return charts_answer

    charts.known()
    charts_answer = drawing.ask(
        {**charts._request(query()), "kind": "svg", "look": charts.looks()["light"]}
    )
    monkeypatch.setattr(drawing, "ask", slow)

    def ask(name):
        with app.app_context():
            return charts.picture(query(name), "svg")

    callers = [eventlet.spawn(ask, name) for name in ("signups", "users", "signups", "users")]
    assert {caller.wait() for caller in callers} == {charts_answer.body}
    assert sorted(drawn) == ["signups", "users"]
    assert most == 1


def test_a_failed_chart_frees_the_next_one(app, drawing, monkeypatch):
    def broken(_header):
        raise Busy("broken")

    with monkeypatch.context() as patched:
        patched.setattr(drawing, "ask", broken)
        with pytest.raises(Busy):
            charts.picture(query(), "svg")
    assert charts.picture(query(), "svg").startswith(b"<?xml")


def test_every_kind_of_rows_is_read_somewhere_and_each_that_is_needed_can_be_read(app):
    needed = {name for info in charts.known().values() for name in info.rows}
    assert needed == set(chart_rows.ROWS)


def test_the_guide_tells_every_chart_and_every_card(app):
    guide = (ROOT / "docs" / "admin.md").read_text()
    for info in charts.known().values():
        assert f"| {info.title} | {info.question} | {info.formula} |" in guide, info.name
    for kind in KINDS.values():
        assert f"\n| {kind.name} | " in guide, kind.name
