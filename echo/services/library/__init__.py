"""The library of models that are installed on this machine. Knows no database, no request and no engine."""

from echo.services.library.catalogue import Catalogue, Entry
from echo.services.library.choice import Choice
from echo.services.library.library import Library
from echo.services.library.models import InstalledModel, ModelFiles
from echo.services.library.plans import Plan
from echo.services.library.progress import Progress, Step

__all__ = [
    "Catalogue",
    "Choice",
    "Entry",
    "InstalledModel",
    "Library",
    "ModelFiles",
    "Plan",
    "Progress",
    "Step",
]
