"""Made-up rows of every kind, the same for the same range, and two looks."""

import html
import math
import random
import re
from datetime import date, timedelta

from analytics import frames
from analytics.style import Look

LIGHT = Look(
    surface="#fffdfa", text="#241f26", faint="#655c68", line="#e2dbd1", mark="#a11d80",
    series=("#a11d80", "#2f65e0", "#44a4a7", "#82913a", "#722d07", "#382051"),
    good="#17663f", bad="#b3261e",
)  # fmt: skip
DARK = Look(surface="#1d1722", text="#ece8ef", faint="#a298aa", line="#2b2432", mark="#ec6fc4")
FIRST = date(2026, 3, 1)
NAMES = ("echo-mini", "_hidden $x$", *(f"model-{place}" for place in range(10)))
MEASURES = {"queue_ms": 4.5, "first_token_ms": 6.0, "total_ms": 8.3, "tokens_per_second": 3.6}
ENDINGS = ("complete", "length", "stopped", "interrupted", "failed")
KINDS = (
    "signups", "active", "cohorts", "hours", "usage", "questions", "endings", "errors", "timing",
    "thumbs", "feedback", "top_users", "lengths", "decisions", "features",
)  # fmt: skip


def labels(svg):
    """Return the texts of a picture: letters are drawn as shapes, each text before them is a comment."""
    return [html.unescape(text) for text in re.findall(r"<!-- (.*?) -->", svg.decode())]


def days(count, first=FIRST):
    return [first + timedelta(days=offset) for offset in range(count)]


def bucket(value):
    return round(math.log(value) / math.log(1.05)) if value >= 1 else 0


def rows(count, models=3):
    """Return rows of every kind for so many days from FIRST."""
    chance = random.Random(count * 31 + models)
    each, names = days(count), NAMES[:models]
    found = {kind: [] for kind in KINDS}
    for day in each:
        found["signups"].append((day, chance.randint(0, 9)))
        found["active"].append((day, chance.randint(1, 20), 40, 90))
        found["questions"].append((day, chance.randint(0, 200)))
        found["endings"] += [(day, ending, chance.randint(0, 40)) for ending in ENDINGS]
        found["errors"] += [(day, code, chance.randint(0, 3)) for code in ("busy", "timeout")]
        found["decisions"] += [
            (day, act, chance.randint(0, 3)) for act in ("flag", "mask", "refuse")
        ]
        found["feedback"].append((day, chance.choice(("bug", "idea")), 2, 2, chance.randint(2, 10)))
        for name in names:
            found["usage"].append((day, name, chance.randint(1, 90), 4000, 2000))
            found["thumbs"].append((day, name, chance.randint(0, 6), chance.randint(0, 2)))
        for measure, middle in MEASURES.items():
            values = [math.exp(chance.gauss(middle, 0.6)) for _ in range(4)]
            found["timing"] += [(day, names[0], measure, bucket(value), 1) for value in values]
    found["cohorts"] = list(_cohorts(each, chance))
    found["hours"] = [(w, h, chance.randint(0, 50)) for w in range(7) for h in range(24)]
    found["top_users"] = [(f"person_{place}", 900 - place, 5, 6) for place in range(20)]
    found["features"] = [("all", 200), ("documents", 40), ("persona", 25), ("tags", 3)]
    found["lengths"] = [(messages, 200 // messages) for messages in range(1, 150)]
    return found


def _cohorts(each, chance):
    week = each[0] - timedelta(days=each[0].weekday())
    while week <= each[-1]:
        size = chance.randint(5, 40)
        for age in range((each[-1] - week).days // 7 + 1):
            yield week, size, age, chance.randint(0, size)
        week += timedelta(days=7)


def nothing():
    return {kind: [] for kind in KINDS}


def daily_counts(rows, first, last):
    """Return one whole number per day, out of rows (day, count)."""
    return frames.daily(rows, ("count",), first, last)["count"]
