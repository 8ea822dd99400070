"""A second try for tests that drive other processes, where it is asked for (`AGAIN=1`).

How the operating system hands out time differs from run to run, and among thousands of such tests some meet a
rare order of things. What fails twice has failed. What passes the second time is listed at the end with what
it said at first: it has found a fault, of Echo or of its own, that is to be looked for. Schedules of faults
get none: they are the proof that nothing is lost.
"""

from __future__ import annotations

import os

import pytest

IS_ASKED_FOR = os.environ.get("ECHO_TEST_AGAIN") == "1"
OTHER_PROCESSES = ("browser", "live", "server")
PROOF = "faults"


def allow(item: pytest.Item) -> None:
    """Let a test be tried again, if it drives more than this process and second tries are asked for."""
    drives_others = any(map(item.get_closest_marker, OTHER_PROCESSES))
    if IS_ASKED_FOR and drives_others and item.path.parent.name != PROOF:
        item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was said by each test that had a second try."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"had a second try: {report.nodeid}")
        terminalreporter.line(report.longreprtext)
