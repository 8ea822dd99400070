"""Documents to passages of text, in a process of their own (`worker.py`). Knows no database and no person.

Nothing here trusts what it reads: `worker.py` bounds time and memory, each reader what it counts.
"""

from echo.parsing.terms import terms

__all__ = ["terms"]
