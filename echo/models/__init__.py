"""The tables. They do not know forms, services, sockets or the engine."""

from echo.models.audit import AuditEvent
from echo.models.conversation import Conversation
from echo.models.device import Device
from echo.models.feedback import Feedback, FeedbackState
from echo.models.invite import Invite
from echo.models.login_failure import LoginFailure
from echo.models.message import Message, MessageRating, MessageStatus
from echo.models.one_time_link import OneTimeLink
from echo.models.picture import Picture
from echo.models.rollup import (
    ActiveDay,
    ActivitySlot,
    CohortWeek,
    ErrorSlot,
    FeedbackSlot,
    ReplySlot,
    StaleDay,
    TimingSpan,
    UserDay,
    UserTotal,
)
from echo.models.second_factor import Passkey, RecoveryCode
from echo.models.site_setting import SiteSetting
from echo.models.user import Role, User
from echo.policies import RoleName

__all__ = [
    "ActiveDay",
    "ActivitySlot",
    "AuditEvent",
    "CohortWeek",
    "Conversation",
    "Device",
    "ErrorSlot",
    "Feedback",
    "FeedbackSlot",
    "FeedbackState",
    "Invite",
    "LoginFailure",
    "Message",
    "MessageRating",
    "MessageStatus",
    "OneTimeLink",
    "Passkey",
    "Picture",
    "RecoveryCode",
    "ReplySlot",
    "Role",
    "RoleName",
    "SiteSetting",
    "StaleDay",
    "TimingSpan",
    "User",
    "UserDay",
    "UserTotal",
]
