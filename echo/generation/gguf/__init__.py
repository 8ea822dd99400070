"""Reading GGUF files: what a file says of itself, and the folder that the engine serves it from.

Files come from anywhere and are not trusted. It does not know the engine, people or settings.
"""

from .apart import convert_apart
from .conversion import Progress, convert, is_current
from .record import Record
from .record import read as read_record
from .summary import GgufSummary, inspect

__all__ = [
    "GgufSummary",
    "Progress",
    "Record",
    "convert",
    "convert_apart",
    "inspect",
    "is_current",
    "read_record",
]
