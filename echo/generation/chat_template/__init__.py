"""Chat templates, which come with models and are not trusted: rendered in a sandbox with a budget."""

from .budget import BudgetExceeded
from .template import ChatTemplate, TemplateRefused

__all__ = ["BudgetExceeded", "ChatTemplate", "TemplateRefused"]
