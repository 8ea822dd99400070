"""How makers of files tell how far they are. Knows neither who listens nor what is made."""

from collections.abc import Callable

Progress = Callable[[float], None]
"""Takes the part that is done, from 0 to 1; may be called from any thread."""
