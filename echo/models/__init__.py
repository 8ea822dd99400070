"""The tables. They do not know forms, services, sockets or the engine."""

from echo.models.conversation import Conversation
from echo.models.device import Device
from echo.models.feedback import Feedback
from echo.models.message import Message, MessageRating, MessageStatus
from echo.models.one_time_link import OneTimeLink
from echo.models.user import Role, RoleName, User

__all__ = [
    "Conversation",
    "Device",
    "Feedback",
    "Message",
    "MessageRating",
    "MessageStatus",
    "OneTimeLink",
    "Role",
    "RoleName",
    "User",
]
