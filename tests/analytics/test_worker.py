"""The worker as the process it is: it answers each request, lives on after a bad one, ends at the end."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from analytics import wire
from analytics.cards import Card
from analytics.catalogue import CHARTS
from tests.analytics import samples

ROOT = Path(__file__).resolve().parent.parent.parent
LOOK = asdict(samples.LIGHT)
SPAN = {"first": "2026-03-01", "last": "2026-03-30", "step": "day", "before": 4}
ROWS = samples.rows(30)

pytestmark = pytest.mark.slow  # each starts a process that draws


class Worker:
    """A running worker and the two ends of its pipes."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "analytics.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def read(self):
        return wire.read(self.process.stdout)

    def ask(self, **header):
        self.process.stdin.write(wire.encode(header))
        self.process.stdin.flush()
        return self.read()

    def chart(self, name, kind="svg", **more):
        rows = {kind: ROWS[kind] for kind in CHARTS[name].rows}
        request = {"id": 1, "act": "chart", "chart": name, "rows": rows, "span": SPAN, "look": LOOK}
        return self.ask(**{**request, "kind": kind, **more})

    def end(self):
        """Close the input; return the exit status, what was left of the output, and the errors."""
        rest, errors = self.process.communicate(timeout=120)
        return self.process.returncode, rest, errors


@pytest.fixture(scope="module")
def worker():
    started = Worker()
    try:
        header, body = started.read()
        assert (header["ready"], body) == (True, b"")
        assert [chart["name"] for chart in header["charts"]] == list(CHARTS)
        yield started
    finally:
        started.process.kill()
        started.end()


def test_pictures_and_table(worker):
    svg = worker.chart("signups", id="a")
    assert svg.header["id"] == "a"
    assert svg.header["ok"] is True
    assert svg.body.startswith(b"<?xml")
    assert svg.header["bytes"] == len(svg.body)
    total = sum(count for _day, count in ROWS["signups"])
    assert svg.header["alt"].startswith(f"{total} sign-ups")
    assert worker.chart("hours", "png", size="narrow").body.startswith(b"\x89PNG")
    table = worker.chart("retention", "table").header["table"]
    assert table["columns"][:2] == ["Signed up in the week from", "People"]
    assert table["names"][:2] == ["cohort", "size"]
    assert table["rows"][-1][-1] is None


def test_a_report(worker):
    cards = [asdict(Card("Accounts", 3, 2))]
    pdf = worker.ask(
        id=2, act="report", site="Echo", month="2026-03-01", cards=cards, rows={}, look=LOOK,
        charts=["signups"],
    )  # fmt: skip
    assert pdf.body.startswith(b"%PDF")
    assert pdf.header["pages"] == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"chart": "nonsense"}, "no chart"),
        ({"chart": ["signups"]}, "no chart"),
        ({"act": "dance"}, "an act is"),
        ({"kind": "gif"}, "a kind is"),
        ({"size": "huge"}, "a size is"),
        ({"rows": {}}, "missing"),
        ({"rows": {"signups": [["banana", 1]]}}, ""),
        ({"rows": {"signups": [["2026-03-01", "many"]]}}, ""),
        ({"rows": {"signups": [["2026-03-01", None]]}}, ""),
        ({"rows": {"signups": [[{}, []]]}}, ""),
        ({"rows": {"signups": [1, 2]}}, ""),
        ({"rows": [3]}, ""),
        ({"span": {"first": "2026-03-02", "last": "2026-03-01"}}, "before it begins"),
        ({"span": {"first": "soon"}}, ""),
        ({"span": None}, ""),
        ({"look": {"surface": "#fff"}}, ""),
        ({"look": {**LOOK, "mark": "javascript:1"}}, "a colour is"),
        ({"look": {**LOOK, "series": ["#a11d80"]}}, "at least 6"),
        ({"look": {**LOOK, "glow": "#ffffff"}}, "a look has no glow"),
    ],
)
def test_a_bad_request_is_answered_and_the_next_one_works(worker, more, words):
    answer = worker.chart("signups", **{"id": 7, **more})
    assert answer.header["ok"] is False
    assert answer.header["id"] == 7
    assert words in answer.header["error"]
    assert answer.body == b""
    assert worker.chart("signups", "table").header["ok"] is True


def test_an_id_that_cannot_be_sent_back_is_left_out(worker):
    text = b'{"id":NaN,"act":"dance","bytes":0}'
    worker.process.stdin.write(len(text).to_bytes(4, "big") + text)
    worker.process.stdin.flush()
    assert worker.read().header["id"] is None


def test_two_requests_in_a_row_are_answered_in_order(worker):
    both = [
        wire.encode({"id": place, "act": "chart", "chart": "signups", "rows": {"signups": []},
                     "span": SPAN, "look": LOOK, "kind": "table"})
        for place in (1, 2)
    ]  # fmt: skip
    worker.process.stdin.write(b"".join(both))
    worker.process.stdin.flush()
    assert [worker.read().header["id"] for _ in both] == [1, 2]


def test_it_ends_with_its_input_and_writes_nothing_else():
    own = Worker()
    assert own.read().header["ready"] is True
    assert own.end() == (0, b"", b"")


def test_input_that_is_no_frame_ends_it_with_an_error():
    own = Worker()
    assert own.read().header["ready"] is True
    own.process.stdin.write(b"GET / HTTP/1.1\r\n\r\n")
    status, rest, errors = own.end()
    assert (status, rest) == (1, b"")
    assert b"analytics.worker" in errors


def test_it_ends_quietly_when_nobody_reads_its_answers():
    own = Worker()
    assert own.read().header["ready"] is True
    own.process.stdout.close()
    own.process.stdin.write(wire.encode({"id": 1}))
    own.process.stdin.close()
    with own.process.stderr:
        assert own.process.stderr.read() == b""
    assert own.process.wait(timeout=120) == 0
