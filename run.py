"""Entry point: patches eventlet, then hands over to the command line; with no sub-command it serves."""

import gc
import os
import warnings

# What is imported stays to the end. Python would look through it for garbage every 700 objects, which is
# a third of the start, and a pause of the hub each time afterwards.
gc.set_threshold(50_000)

# The hub stays responsive only if OpenMP workers sleep, not spin, between the engine's operations.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# eventlet is in bug-fix mode; why Echo uses it, and the way out: docs/decisions/0001-thread-border.md
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

# `thread=False` keeps locks native. A fully patched process hangs as soon as the engine's own thread
# and a greenlet meet on one lock, for instance inside `logging` (docs/decisions/0001-thread-border.md).
eventlet.monkey_patch(thread=False)

from echo.cli import main

if __name__ == "__main__":
    main()
