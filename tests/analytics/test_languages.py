"""Charts in the language of their reader: no text has gone past the translators, no letter is a box."""

import re
from dataclasses import asdict
from datetime import date, timedelta
from functools import cache

import matplotlib
import pytest
from babel.messages.mofile import write_mo
from babel.support import NullTranslations

from analytics import faces, jobs, language, render, report, words
from analytics.cards import Card
from analytics.catalogue import CHARTS, Span, texts
from scripts import translations
from tests.analytics import samples
from tests.analytics.samples import FIRST, LIGHT

pytestmark = pytest.mark.slow  # each chart is drawn in each language

EACH = pytest.mark.parametrize("name", CHARTS)
RANGES = ((1, "day"), (20, "day"), (40, "week"), (70, "month"))
PAIR = re.compile("⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[^\W\d_]{2}")
OF_DATA = {"busy", "timeout", *samples.NAMES, " _hidden $x$", *(f"person_{n}" for n in range(20))}


@cache
def gathered():
    """Return every text that translators are given."""
    found = set()
    for message in translations.texts("messages"):
        found.update((message.id,) if isinstance(message.id, str) else message.id)
    return found


class Bracketed(NullTranslations):
    """A language in which every gathered text stands in brackets, and no other one."""

    def ugettext(self, text):
        return f"⟦{text}⟧" if text in gathered() else text

    def ungettext(self, one, many, count):
        return self.ugettext(one if count == 1 else many)


def bare(text):
    """Return what stands outside of brackets, which may stand in each other."""
    while (rest := PAIR.sub("", text)) != text:
        text = rest
    return text


def dates(span):
    """Return how days and months of a range are named, which no translator is asked for."""
    days = [
        span.first + timedelta(days=number)
        for number in range(-7, (span.last - span.first).days + 1)
    ]
    forms = (
        language.day,
        language.month,
        language.short_day,
        language.short_month,
        language.dated_day,
    )
    weekdays = {language.short_weekday(place) for place in range(7)}
    return {form(day) for form in forms for day in days} | weekdays


def said_of(chart, rows, span):
    """Return the texts of a picture, those under its pointer, and its description."""
    frame = chart.prepare(rows, span)
    figure = chart.draw(frame, span, LIGHT)
    labels = samples.labels(render.to_svg(figure))
    under = [
        line for spot in chart.spots(figure, frame, span) for line in chart.read(frame, span, spot)
    ]
    return [*labels, *under, chart.describe(frame, span)]


def left_of(said, span):
    """Return what is said in words that neither a translator nor a calendar has seen."""
    known = OF_DATA | dates(span)
    rest = (bare(text) for text in said)
    units = re.compile(r"[\d.,]+ (ms|min|s|h)( [\d.,]+ (min|s))?")
    return {
        text
        for text in rest
        if WORD.search(text) and text not in known and not units.fullmatch(text)
    }


@EACH
def test_every_word_of_a_chart_is_said_by_translators(name):
    with language.spoken("de", Bracketed()):
        for days, step in RANGES:
            span = Span(FIRST, FIRST + timedelta(days=days - 1), step, before=3)
            for rows in (samples.rows(days, 9), samples.nothing()):
                assert left_of(said_of(CHARTS[name], rows, span), span) == set()


def test_what_is_left_is_found():
    span = Span(FIRST, FIRST)
    said = ["⟦in ⟦one⟧ day⟧: 3", "Mean of 3", "1. März", "busy", "20 ms"]
    with language.spoken("de", Bracketed()):
        assert left_of(said, span) == {"Mean of 3"}


def test_every_word_of_a_report_is_said_by_translators():
    cards = [
        Card("People", 5, 4, note="accounts in all"),
        Card("Tokens", 5, 0),
        Card("Stars", None),
    ]
    with language.spoken("de", Bracketed()):
        span = report.month_of(FIRST)
        page = report._title_page("⟦site⟧", span, cards, LIGHT)
        report._draw_contents(page, report._shared(list(CHARTS.values())), LIGHT)
        report._number(page, "⟦site⟧", 1, 2, LIGHT)
        none = report._title_page("⟦site⟧", span, [], LIGHT)
        whole = report._chart_page([CHARTS["endings"]], samples.rows(31), span, LIGHT)
        said = [text.get_text() for each in (page, none, *whole.subfigs) for text in each.texts]
        assert len(said) > 50
        assert left_of(said, span) == set()


def test_what_pages_say_of_charts_is_known_to_translators():
    numbered = re.compile(r"\d\d:00 \(questions\)|Week \d+ \(%\)|From")
    assert {text for text in texts() - gathered() if not numbered.fullmatch(text)} == set()


@pytest.fixture
def learnt(tmp_path):
    """Let this process know the translations of the repository for a test."""
    for code in translations.LANGUAGES:
        file = tmp_path / code / "LC_MESSAGES" / "messages.mo"
        file.parent.mkdir(parents=True)
        with file.open("wb") as out:
            write_mo(out, translations.read(code, "messages"))
    language.learn(tmp_path)
    yield
    language._folder.clear()
    language._translations.cache_clear()


def drawn(name, code, **more):
    rows = samples.rows(30)
    request = {
        "act": "chart", "chart": name, "rows": rows, "look": asdict(LIGHT), "language": code,
        "span": {"first": FIRST, "last": date(2026, 3, 30)}, "kind": "svg", "titled": True, **more,
    }  # fmt: skip
    request["span"] = {key: str(day) for key, day in request["span"].items()}
    answer = jobs.answer(request)
    assert answer.header["ok"], answer.header
    return answer


@EACH
@pytest.mark.usefixtures("learnt")
def test_each_title_is_in_german_with_its_range(name):
    german = translations.read("de", "messages").get(CHARTS[name].title).string
    titles = [
        text for text in samples.labels(drawn(name, "de").body) if text.startswith(f"{german}, ")
    ]
    assert german != CHARTS[name].title
    assert len(titles) == 1
    assert titles[0].endswith("30. März 2026")


@pytest.mark.usefixtures("learnt")
def test_axes_have_the_days_and_numbers_of_the_language():
    german = samples.labels(drawn("tokens", "de").body)
    assert {"1. März", "5.000"} <= set(german)
    assert {"1 mars", "5\u202f000"} <= set(samples.labels(drawn("tokens", "fr").body))
    assert {"Mar 1", "5,000"} <= set(samples.labels(drawn("tokens", "en").body))
    assert "So" in samples.labels(drawn("hours", "de").body)


@pytest.mark.usefixtures("learnt")
def test_a_legend_on_a_phone_has_its_whole_words():
    said = samples.labels(drawn("endings", "de", size="narrow").body)
    assert any(re.fullmatch(r"fehlgeschlagen [\d,]+ %", text) for text in said)


@pytest.mark.usefixtures("learnt")
def test_arabic_is_written_with_the_faces_that_every_machine_has():
    said = samples.labels(drawn("endings", "ar").body)
    assert "1 مارس" in said
    assert any("مكتملة" in text for text in said)
    assert all(faces.can_write(text) for text in said)


@pytest.mark.usefixtures("learnt")
@pytest.mark.parametrize(("code", "day"), [("zh", "3月1日"), ("hi", "1 मार्च")])
def test_a_script_without_a_face_is_drawn_in_english_and_told_in_its_language(
    code, day, monkeypatch
):
    def on_a_machine(that_can):
        monkeypatch.setattr(faces, "can_write", lambda letters: that_can or letters.isascii())
        answer = drawn("signups", code)
        picture, _start, places = answer.body.partition(b'<g id="values"')
        return set(samples.labels(picture)), places.decode(), answer.header["alt"]

    with language.spoken(code):
        full = language.day(FIRST)
    for that_can, shown in ((False, "Mar 1"), (True, day)):
        labels, places, told = on_a_machine(that_can)
        assert shown in labels
        assert full in places
        assert full in told


def test_a_letter_that_no_face_has_is_known():
    assert faces.can_write("Aé، ")
    assert not faces.can_write("A\U0001f9ff")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(matplotlib.rcParams, "font.family", ["DejaVu Sans"])
        faces.can_write.cache_clear()
        assert not faces.can_write(language.letters("zh"))
        assert not faces.can_write(language.letters("hi"))
        assert faces.can_write(language.letters("ar"))
    faces.can_write.cache_clear()


@pytest.mark.usefixtures("learnt")
def test_a_table_is_in_english_for_programs_and_told_in_the_language():
    rows = {"signups": [["2026-03-01", 2]]}
    day = {"first": "2026-03-01", "last": "2026-03-01"}
    answer = drawn("signups", "de", kind="table", rows=rows, span=day)
    assert answer.header["table"]["columns"] == ["Day", "Sign-ups", "Accounts in all"]
    assert "1. März 2026" in answer.header["alt"]


@pytest.mark.parametrize("code", ["xx", "", None, 3, "../de"])
def test_an_unknown_language_is_refused(code):
    answer = jobs.answer({"act": "chart", "chart": "signups", "language": code})
    assert answer.header["ok"] is False
    assert "there is no language" in answer.header["error"]


def test_numbers_and_headlines_have_the_readers_signs():
    with language.spoken("de"):
        assert [words.number(12480), words.number(3.25), words.short(12_400)] == [
            "12.480",
            "3,2",
            "12,4 k",
        ]
        assert [words.percent(0.045), words.duration(1400)] == ["4,5 %", "1,4 s"]
        assert words.headline("Title", Span(FIRST, FIRST)) == "Title, 1. März 2026"
    with language.spoken("hi"):
        assert words.number(1_248_000) == "12,48,000"
    assert words.number(12480) == "12,480"


def test_lines_of_chinese_have_half_as_many_letters():
    assert [len(line) for line in words.wrapped("字" * 12, 10).split("\n")] == [5, 5, 2]
    assert words.wrapped("one two three", 8) == "one two\nthree"
    assert words.wrapped("", 8) == ""


def test_a_worker_without_translations_speaks_english():
    with language.spoken("de"):
        assert language.gettext("Sign-ups") == "Sign-ups"
        assert language.gettext("") == ""
        assert language.ngettext("%(num)s reply", "%(num)s replies", 1) == "1 reply"
