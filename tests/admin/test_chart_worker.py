"""The drawing process as a process: it starts once, is replaced when it dies or hangs, and ends with Echo."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from echo.admin import chart_worker
from echo.admin.chart_worker import ChartWorker
from echo.errors import Busy, InvalidInput
from tests.live.server import PATIENCE, ROOT, LiveServer, wait_until

DAY = "2026-02-01"
REQUEST = {
    "act": "chart",
    "chart": "signups",
    "kind": "table",
    "rows": {"signups": [[DAY, 3]]},
    "span": {"first": DAY, "last": DAY},
}

LARGE = """
import eventlet
eventlet.monkey_patch(thread=False)  # as run.py does
import sys, time
from pathlib import Path
from echo.admin.chart_worker import ChartWorker
from tests.admin.test_chart_worker import REQUEST

worker = ChartWorker(Path(sys.argv[1]), 150.0)
worker.start()
ticks = []
eventlet.spawn(lambda: [(ticks.append(1), eventlet.sleep(0.005)) for _ in range(100_000)])
rows = [["2026-02-01", "m" * 40, number] for number in range(180_000)]
began = len(ticks)
answer = worker.ask({**REQUEST, "rows": {"signups": [["2026-02-01", 3]], "unused": rows}})
print(len(answer.header["table"]["rows"]), len(ticks) - began)
worker.stop()
"""


@pytest.fixture
def worker(matplotlib_folder):
    made = ChartWorker(matplotlib_folder, PATIENCE)
    yield made
    made.stop()


def pid(worker):
    return worker._process.pid


def is_gone(process):
    """Neither running nor waiting to be buried."""
    try:
        return " Z " in f" {Path(f'/proc/{process}/stat').read_text().rpartition(')')[2]} "
    except FileNotFoundError:
        return True


def test_it_starts_when_asked_and_once(worker):
    assert worker.ready == {}
    first = worker.ask(REQUEST)
    began = pid(worker)
    assert first.header["table"]["rows"] == [[DAY, 3, 3]]
    assert len(worker.ready["charts"]) == 22
    worker.start()
    assert worker.ask(REQUEST).header["table"] == first.header["table"]
    assert pid(worker) == began


def test_without_its_face_it_does_not_start_and_says_why(worker, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(chart_worker, "FACES", tmp_path)
    with pytest.raises(Busy, match="log says why"):
        worker.start()
    assert worker.ready == {}
    assert "make setup" in caplog.text
    monkeypatch.undo()
    worker.start()
    assert len(worker.ready["charts"]) == 22


def test_a_request_without_sense_is_refused_and_the_process_lives_on(worker):
    worker.start()
    began = pid(worker)
    with pytest.raises(InvalidInput):
        worker.ask({**REQUEST, "chart": "nothing"})
    assert worker.ask(REQUEST).header["ok"]
    assert pid(worker) == began


def test_killed_in_the_middle_of_a_request(worker):
    worker.start()
    began = pid(worker)
    os.kill(began, signal.SIGSTOP)  # so that the request is on its way when the end comes
    killer = threading.Timer(0.3, os.kill, (began, signal.SIGKILL))
    killer.start()
    with pytest.raises(Busy) as refused:
        worker.ask(REQUEST)
    killer.join()
    assert refused.value.status == 503
    assert worker.ask(REQUEST).header["ok"]
    assert pid(worker) != began


def test_killed_between_two_requests(worker):
    worker.start()
    began = pid(worker)
    os.kill(began, signal.SIGKILL)
    wait_until(lambda: worker._process.poll() is not None, what="all its threads are gone")
    assert worker.ask(REQUEST).header["ok"]


def test_one_that_hangs_is_replaced(worker):
    worker.start()
    began = pid(worker)
    os.kill(began, signal.SIGSTOP)
    worker.patience = 0.5
    asked = time.monotonic()
    with pytest.raises(Busy):
        worker.ask(REQUEST)
    assert 0.4 < time.monotonic() - asked < 25
    assert is_gone(began)
    worker.patience = PATIENCE
    assert worker.ask(REQUEST).header["ok"]


def test_one_that_cannot_start(worker, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Busy):
        worker.start()
    monkeypatch.undo()
    worker.start()
    assert worker.ready


def test_waiting_for_ones_turn_has_an_end(worker):
    worker.patience = 0.05
    with worker.turn(), pytest.raises(Busy), worker.turn():
        pytest.fail("two had their turn at once")
    with worker.turn():
        pass  # and it is free again


def test_a_large_request_in_a_process_of_green_threads(tmp_path):
    """Green sockets do not block: more than a pipe holds must get through while others run."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LARGE, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    length, ticks = map(int, done.stdout.split())
    assert length == 1
    assert ticks > 5, "nobody else ran meanwhile"


def drawing_process_of(server):
    """The process id of the server's drawing process."""
    assert server.process
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    for child in children.read_text().split():
        if b"analytics.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


@pytest.mark.live
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_it_ends_with_the_server(tmp_path, end):
    """However the server ends, and even when the drawing process hangs at an orderly end."""
    server = LiveServer(tmp_path).start()
    person = server.member("root", role="super_admin")
    address = f"{server.url}/admin/"
    page = wait_until(  # a busy machine may need longer for a process than its page would wait
        lambda: (got := person.http.get(address, timeout=PATIENCE)).ok and got, what="the dashboard"
    )
    assert len(re.findall("data-part=", page.text)) == 22
    drawing = wait_until(lambda: drawing_process_of(server), what="the drawing process is there")
    if end == "stop":
        os.kill(drawing, signal.SIGSTOP)
    getattr(server, end)()
    wait_until(lambda: is_gone(drawing), what="the drawing process is gone")
