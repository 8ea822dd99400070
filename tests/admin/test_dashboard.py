"""The dashboard's page: cards, ranges, the viewer's days, who sees which chart, the month's report."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict

from echo.admin import charts, ranges
from echo.admin.kept_charts import KeptCharts
from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.extensions import db
from echo.models import ActivitySlot, ReplySlot
from echo.services.numbers import slots
from echo.services.numbers.cards import KINDS

AJAX = {"X-Requested-With": "XMLHttpRequest"}
UTC_ZONE = ZoneInfo("UTC")
SVG = "/admin/charts/signups.svg"

pytestmark = pytest.mark.usefixtures("drawing")


def slot_at(moment):
    """The half hour of an ISO time in UTC."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) // slots.SECONDS


@pytest.fixture
def signed_up(people):
    """Sign-ups of known half hours: one on 31 January, two on 1 February, one on 5 March."""
    counts = {"2026-01-31T23:30": 1, "2026-02-01T00:00": 1, "2026-02-01T23:30": 1, "2026-03-05": 1}
    for moment, count in counts.items():
        db.session.add(ActivitySlot(slot=slot_at(moment), signups=count, questions=0))
    db.session.commit()


def card_of(text, name):
    """The card's text without tags."""
    found = [part for part in text.split('<li class="stat">')[1:] if f">{name}</span>" in part]
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found[0].split("</li>")[0]))


def lines_of(root, query, name="signups"):
    """The table's first two columns of a chart."""
    text = root.get(f"/admin/charts/{name}?{query}", headers=AJAX).text
    return re.findall(
        r'<th scope="row"><\w+ title="([^"]*)">[^<]*</\w+></th><td>([^<]*)</td>', text
    )


def test_cards_tell_value_change_and_sparkline(root):
    today = slots.day_number(utc_now()) * slots.PER_DAY
    for days_ago, count in ((0, 6), (3, 6), (40, 10)):
        slot = today - days_ago * slots.PER_DAY
        db.session.add(ActivitySlot(slot=slot, signups=count, questions=count))
    db.session.commit()
    page = root.get("/admin/").text
    told = card_of(page, "Sign-ups")
    assert "Sign-ups 12 +20 % (from 10)" in told
    assert page.count("<polyline") >= 6
    assert "22 +120 % (from 10)" in card_of(page, "People")
    assert "The last 30 days" in page


def test_cards_cover_the_chosen_preset(root):
    old = slots.day_number(utc_now() - timedelta(days=60)) * slots.PER_DAY
    db.session.add(ActivitySlot(slot=old, signups=5, questions=0))
    db.session.commit()
    assert "Sign-ups 0" in card_of(root.get("/admin/").text, "Sign-ups")
    page = root.get("/admin/?days=90").text
    assert "Sign-ups 5" in card_of(page, "Sign-ups")
    assert "The last 90 days" in page


@pytest.mark.parametrize(
    ("key", "value", "before", "change", "verdict"),
    [
        ("errors", 4, 2, "+100 % (from 2)", "bad"),
        ("signups", 62, 2, "×31 (from 2)", "good"),
        ("satisfaction", 0.74, 0.8, "−6 points (from 80 %)", "bad"),
        ("first_token_p50", 200.0, None, "nothing to compare with", "neutral"),
        ("tokens", 5, 0, "from 0", "neutral"),
    ],
)
def test_a_change_is_judged(key, value, before, change, verdict):
    card = replace(KINDS[key], value=value, previous=before)
    assert (card.change_text, card.verdict, card.points(120, 32)) == (change, verdict, "")


def test_an_empty_site_has_a_page(root, app):
    page = root.get("/admin/")
    assert page.status_code == 200
    assert "Satisfaction – nothing to compare with" in card_of(page.text, "Satisfaction")
    assert page.text.count('class="panel chart-panel"') == 22


def test_preset_and_own_range(root, signed_up):
    text = root.get("/admin/?from=2026-01-31&to=2026-02-02").text
    assert "from=2026-01-31&amp;to=2026-02-02" in text
    assert 'aria-current="true"' not in text
    assert lines_of(root, "from=2026-01-31&to=2026-02-02") == [
        ("2026-02-02", "0"),
        ("2026-02-01", "2"),
        ("2026-01-31", "1"),
    ]
    page = root.get("/admin/?days=365")
    assert page.status_code == 200
    assert re.search(r'days=365" aria-current="true"', page.text)


def test_running_totals_go_on_from_before(root, signed_up):
    text = root.get("/admin/charts/signups?from=2026-02-01&to=2026-02-01", headers=AJAX).text
    assert re.search(r'title="2026-02-01">[^<]*</time></th><td>2</td><td>3</td>', text)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-02-02&to=2026-02-01", "ends before it begins"),
        ("from=2026-02-02", "both days"),
        ("to=2026-02-02", "both days"),
        ("from=1066-10-14&to=2026-01-01", "from 2000-01-01 on"),
        ("from=2001-01-01&to=2026-01-01", "ten years"),
        ("from=2026-01-01&to=9999-12-31", "future"),
        ("from=2026-02-30&to=2026-03-01", "YYYY-MM-DD"),
        ("from=%00&to=1e9", "YYYY-MM-DD"),
        ("days=1000000000", "offered"),
    ],
)
def test_absurd_ranges_say_what_to_do(root, query, words):
    page = root.get(f"/admin/?{query}")
    assert page.status_code == 400
    assert words in page.text
    assert "Shown instead: the last 30 days" in page.text
    assert root.get(f"{SVG}?{query}").status_code == 400


def test_what_was_typed_is_kept_and_escaped(root):
    page = root.get('/admin/?from="><script>&to=2026-02-01')
    assert page.status_code == 400
    assert 'value="&#34;&gt;&lt;script&gt;"' in page.text


def test_tomorrow_is_allowed_for_the_far_east():
    tomorrow = utc_now().date() + timedelta(days=1)
    args = MultiDict({"from": str(tomorrow), "to": str(tomorrow)})
    assert ranges.read(args, UTC_ZONE).days == 1
    later = MultiDict({"from": str(tomorrow), "to": str(tomorrow + timedelta(days=1))})
    with pytest.raises(InvalidInput):
        ranges.read(later, UTC_ZONE)


@pytest.mark.parametrize(
    ("cookie", "zone", "counts"),
    [
        ("America%2FNew_York", "America/New York", [("2026-02-01", "1"), ("2026-01-31", "2")]),
        ("Europe/Berlin", "Europe/Berlin", [("2026-02-01", "2"), ("2026-01-31", "0")]),
        ("Not%2FA_Zone", "UTC", [("2026-02-01", "2"), ("2026-01-31", "1")]),
        ("..%2F..%2Fetc%2Fpasswd", "UTC", [("2026-02-01", "2"), ("2026-01-31", "1")]),
    ],
)
def test_days_are_those_of_the_viewer(root, signed_up, cookie, zone, counts):
    root.set_cookie("tz", cookie)
    assert f"Days are those of {zone}." in root.get("/admin/").text
    assert lines_of(root, "from=2026-01-31&to=2026-02-01") == counts


def test_a_chart_is_a_page_or_a_part(root, signed_up):
    query = "from=2026-02-01&to=2026-02-01"
    part = root.get(f"/admin/charts/signups?{query}", headers=AJAX).text
    page = root.get(f"/admin/charts/signups?{query}").text
    assert "<html" not in part
    assert "<html" in page
    assert "How this is counted" in part
    for text in (part, page):
        assert 'alt="Sign-ups. 2 sign-ups on February 1, 2026."' in text
        assert 'class="only-dark"' in text
    assert "from=2026-02-01&amp;to=2026-02-01" in page


@pytest.mark.parametrize("tail", ["", ".svg", ".png", ".csv"])
def test_unknown_charts(root, tail):
    assert root.get(f"/admin/charts/nothing{tail}").status_code == 404


@pytest.mark.parametrize("query", ["theme=pink", "size=huge", "theme=", "size=WIDE"])
def test_unknown_looks_are_refused(root, query):
    assert root.get(f"{SVG}?{query}").status_code == 400


def test_unknown_kind(root):
    assert root.get("/admin/charts/signups.exe").status_code == 404


def test_an_analyst_sees_charts_and_no_people(as_role):
    analyst = as_role("analyst")
    page = analyst.get("/admin/").text
    assert page.count('class="panel chart-panel"') == 21
    assert "top-users" not in page
    assert analyst.get("/admin/charts/signups", headers=AJAX).status_code == 200
    for tail in ("", ".svg", ".png", ".csv"):
        assert analyst.get(f"/admin/charts/top-users{tail}").status_code == 403
    assert "top-users" in as_role("admin").get("/admin/").text
    assert as_role("admin").get("/admin/charts/top-users.csv").status_code == 200


@pytest.mark.parametrize("role", ["user", "visitor"])
def test_others_see_no_charts(as_role, role):
    for path in ("/admin/", "/admin/charts/signups", SVG, "/admin/report/2026-01.pdf"):
        assert as_role(role).get(path).status_code in (302, 403)


def asked_of_the_process(drawing, monkeypatch):
    asked = []
    ask = drawing.ask
    monkeypatch.setattr(drawing, "ask", lambda header: asked.append(header) or ask(header))
    return asked


def test_the_report_of_a_month(as_role, drawing, monkeypatch):
    asked = asked_of_the_process(drawing, monkeypatch)
    answer = as_role("admin").get("/admin/report/2026-01.pdf")
    assert answer.data.startswith(b"%PDF")
    assert answer.mimetype == "application/pdf"
    assert 'attachment; filename="echo-report-2026-01.pdf"' in str(answer.headers)
    assert "top-users" in asked[0]["charts"]
    assert len(asked[0]["cards"]) == 11


def test_an_analysts_report_names_nobody(app, as_role, drawing, monkeypatch):
    app.extensions["kept_charts"] = KeptCharts()
    asked = asked_of_the_process(drawing, monkeypatch)
    as_role("admin").get("/admin/report/2026-01.pdf")
    assert as_role("analyst").get("/admin/report/2026-01.pdf").data.startswith(b"%PDF")
    of_admin, of_analyst = asked  # the admin's is not handed to the analyst
    assert set(of_admin["charts"]) - set(of_analyst["charts"]) == {"top-users"}
    assert "top_users" not in of_analyst["rows"]


def test_cards_of_the_present_months_report_end_today(app):
    today = utc_now().date()
    slot = slots.day_number(today) * slots.PER_DAY
    db.session.add(ReplySlot(slot=slot, model="m", replies=3, complete=3))
    db.session.commit()
    found = {card.key: card for card in charts._cards(ranges.month(f"{today:%Y-%m}", UTC_ZONE))}
    assert found["messages"].series[-1] == 3


@pytest.mark.parametrize("month", ["2999-01", "1999-12", "2026-13", "2026", "next"])
def test_months_that_have_no_report(root, month):
    assert root.get(f"/admin/report/{month}.pdf").status_code == 400


def test_the_months_that_are_offered():
    months = ranges.past_months(UTC_ZONE)
    assert len({(month.year, month.month) for month in months}) == 12
    assert months == sorted(months, reverse=True)
    assert months[0] == utc_now().date().replace(day=1)
