"""Starting without pandas and matplotlib: they come with the first chart."""

import subprocess
import sys

PROGRAM = """
import sys
import eventlet
eventlet.monkey_patch(thread=False)
import echo.admin
heavy = {"pandas", "matplotlib", "seaborn"} & set(sys.modules)
sys.exit(f"imported at start: {heavy}" if heavy else 0)
"""


def test_nothing_heavy_is_imported_at_start():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
