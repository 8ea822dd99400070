"""The models that people may choose from, and what administrators do with them. Knows no request.

Joins what is installed (`services/library`), what the engine does with it, and who may use it.
"""

from echo.generation import ModelStatus, ServerStatus
from echo.services.serving.adding import Adder, Wanted
from echo.services.serving.allowed_models import Chosen
from echo.services.serving.model_view import ModelView
from echo.services.serving.models import Models, spec_of

__all__ = [
    "Adder",
    "Chosen",
    "ModelStatus",
    "ModelView",
    "Models",
    "ServerStatus",
    "Wanted",
    "spec_of",
]
