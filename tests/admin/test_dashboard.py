"""The dashboard's numbers, its range, its pictures and downloads."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from echo.admin import charts, ranges
from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.extensions import cache, db
from echo.models import Conversation, Message, MessageRating
from echo.services import reports


@pytest.fixture
def dated(people):
    """The four people signed up on known days, two of them on one."""
    days = [
        "2026-01-31T23:59:59",
        "2026-02-01T00:00:00",
        "2026-02-01T23:59:59",
        "2026-03-05T12:00:00",
    ]
    for person, moment in zip(people.values(), days, strict=True):
        person.created_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    db.session.commit()
    return people


def test_signups_by_utc_day(dated):
    assert reports.signups_by_day(date(2026, 2, 1), date(2026, 3, 5)) == [
        (date(2026, 2, 1), 2),
        (date(2026, 3, 5), 1),
    ]
    assert reports.signups_by_day(date(2026, 2, 2), date(2026, 3, 4)) == []
    assert reports.users_before(date(2026, 2, 1)) == 1


def test_totals(people):
    user_id = people["user"].id
    talk = Conversation(user_id=user_id)
    gone = Conversation(user_id=user_id, deleted_at=utc_now())
    db.session.add_all([talk, gone])
    db.session.flush()
    for ordinal, thumb in enumerate((1, 1, -1), 1):
        row = Message(conversation_id=talk.id, user_id=user_id, ordinal=ordinal, role="assistant")
        db.session.add(row)
        db.session.flush()
        db.session.add(MessageRating(message_id=row.id, user_id=user_id, rating=thumb))
    people["user"].last_seen_at = utc_now()
    db.session.commit()
    found = reports.totals()
    assert (found.users, found.admins, found.active_today) == (4, 2, 1)
    assert (found.conversations, found.messages_today) == (1, 3)
    assert (found.liked, found.rated) == (2, 3)


def test_cards_are_shown(root):
    text = root.get("/admin/").text
    for name in ("People", "Active today", "Admins", "Conversations", "Satisfaction"):
        assert name in text
    assert "No answers rated yet" in text


def test_preset_and_own_range(root, dated):
    text = root.get("/admin/?from=2026-01-31&to=2026-02-02").text
    assert "3 in all, 31 Jan 2026 to 2 Feb 2026" in text
    assert '<th scope="row">2026-02-01</th><td>2</td><td>3</td>' in text
    assert "from=2026-01-31&amp;to=2026-02-02" in text
    assert root.get("/admin/?days=365").status_code == 200


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
    assert "Shown instead" in page.text
    assert root.get(f"/admin/charts/signups.svg?{query}").status_code == 400


def test_tomorrow_is_allowed_for_the_far_east():
    tomorrow = utc_now().date() + timedelta(days=1)
    args = MultiDict({"from": str(tomorrow), "to": str(tomorrow)})
    assert ranges.read(args).days == 1
    with pytest.raises(InvalidInput):
        ranges.read(MultiDict({"from": str(tomorrow), "to": str(tomorrow + timedelta(days=1))}))


@pytest.mark.parametrize("span", ["from=2026-02-01&to=2026-02-01", "from=2020-01-01&to=2020-12-31"])
def test_pictures_of_one_day_and_of_nothing(root, dated, span):
    svg = root.get(f"/admin/charts/signups.svg?theme=dark&{span}")
    assert svg.status_code == 200
    assert svg.mimetype == "image/svg+xml"
    assert ("Nobody signed up" in svg.text) == ("2020" in span)
    png = root.get(f"/admin/charts/signups.png?{span}")
    assert png.data.startswith(b"\x89PNG")
    assert "attachment" in png.headers["Content-Disposition"]


def test_themes_differ_and_take_their_colours_from_the_tokens(root):
    light, dark = (
        root.get(f"/admin/charts/signups.svg?theme={theme}").text for theme in ("light", "dark")
    )
    assert light != dark
    for theme, svg in (("light", light), ("dark", dark)):
        assert charts._colours()[theme]["surface"] in svg


@pytest.mark.parametrize("query", ["theme=pink", "size=huge"])
def test_unknown_looks_are_refused(root, query):
    assert root.get(f"/admin/charts/signups.svg?{query}").status_code == 400


def test_unknown_kind(root):
    assert root.get("/admin/charts/signups.exe").status_code == 404


def test_csv(root, dated):
    answer = root.get("/admin/charts/signups.csv?from=2026-01-31&to=2026-02-02")
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["day_from", "signups", "users_in_all"],
        ["2026-01-31", "1", "1"],
        ["2026-02-01", "2", "3"],
        ["2026-02-02", "0", "3"],
    ]


def test_a_chart_is_drawn_once_for_all(root, monkeypatch):
    from echo import hub

    drawn = []

    def counted(work, *args):
        drawn.append(work.__name__)
        return work(*args)

    monkeypatch.setattr(hub, "run_native", counted)
    for _time in range(3):
        root.get("/admin/charts/signups.svg?days=7&theme=dark")
    assert drawn == ["_draw"]


def test_charts_are_drawn_one_at_a_time(app, monkeypatch):
    import eventlet

    from echo import hub

    running, most = 0, 0

    def slow(_work, *_args):
        nonlocal running, most
        running += 1
        most = max(most, running)
        eventlet.sleep(0.01)
        running -= 1
        return b"picture"

    monkeypatch.setattr(hub, "run_native", slow)

    def ask(days):
        with app.app_context():
            return charts.signups_picture(ranges.preset(days), "light", "svg", "wide")

    threads = [eventlet.spawn(ask, days) for days in (*ranges.PRESETS, *ranges.PRESETS)]
    assert [thread.wait() for thread in threads] == [b"picture"] * 8
    assert most == 1


def test_a_failed_chart_frees_the_next_one(app, monkeypatch):
    from echo import hub

    def broken(*_args):
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(hub, "run_native", broken)
        with pytest.raises(RuntimeError):
            charts.signups_picture(ranges.preset("7"), "light", "svg", "wide")
    cache.clear()
    assert charts.signups_picture(ranges.preset("7"), "light", "svg", "wide")
