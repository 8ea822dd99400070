"""Tools, small and safe: a calculator, a calendar and units, for questions that plainly ask for them and for
models that call them; and which questions ask to look something up in one's documents.

Pure functions: they know no model, no rows and no request, run no code and fetch nothing. Whatever they are
given, they end after a bounded number of steps. What is not plainly one of their questions is none.
"""

from echo.services.tools import functions
from echo.services.tools.lookups import sought
from echo.services.tools.notes import TAG, before, unmarked
from echo.services.tools.steps import HELP, Step, compute, helped, looked_up, said, titled

__all__ = [
    "HELP", "TAG", "Step", "before", "compute", "functions", "helped", "looked_up", "said", "sought",
    "titled", "unmarked",
]  # fmt: skip
