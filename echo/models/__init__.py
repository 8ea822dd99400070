"""The tables. They do not know forms, services, sockets or the engine."""

from echo.models.administration import AuditEvent, Invite, SiteSetting
from echo.models.api import ApiCall, ApiKey, KeptResponse
from echo.models.chat_import import ChatImport, ImportState
from echo.models.collection import (
    Collection,
    CollectionDocument,
    ConversationCollection,
    FolderCollection,
)
from echo.models.conversation import Conversation, Message, MessageRating, MessageStatus
from echo.models.document import (
    ConversationDocument,
    Document,
    DocumentPicture,
    DocumentStatus,
    Passage,
)
from echo.models.feedback import Feedback, FeedbackState
from echo.models.folder import Folder
from echo.models.guard import (
    GuardAct,
    GuardDecision,
    GuardKind,
    GuardPlace,
    GuardRule,
    GuardState,
)
from echo.models.member import ConversationMember
from echo.models.model_setting import ModelSetting
from echo.models.persona import Persona, PersonaPicture
from echo.models.prompts import Memory, PersonalPrompt, SavedPrompt, SharedPrompt
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
from echo.models.share import Share, Visibility
from echo.models.sign_in import Device, LoginFailure, OneTimeLink, Passkey, RecoveryCode
from echo.models.tag import ConversationTag, Tag
from echo.models.user import Picture, Role, User
from echo.policies import RoleName

__all__ = [
    "ActiveDay",
    "ActivitySlot",
    "ApiCall",
    "ApiKey",
    "AuditEvent",
    "ChatImport",
    "CohortWeek",
    "Collection",
    "CollectionDocument",
    "Conversation",
    "ConversationCollection",
    "ConversationDocument",
    "ConversationMember",
    "ConversationTag",
    "Device",
    "Document",
    "DocumentPicture",
    "DocumentStatus",
    "ErrorSlot",
    "Feedback",
    "FeedbackSlot",
    "FeedbackState",
    "Folder",
    "FolderCollection",
    "GuardAct",
    "GuardDecision",
    "GuardKind",
    "GuardPlace",
    "GuardRule",
    "GuardState",
    "ImportState",
    "Invite",
    "KeptResponse",
    "LoginFailure",
    "Memory",
    "Message",
    "MessageRating",
    "MessageStatus",
    "ModelSetting",
    "OneTimeLink",
    "Passage",
    "Passkey",
    "Persona",
    "PersonaPicture",
    "PersonalPrompt",
    "Picture",
    "RecoveryCode",
    "ReplySlot",
    "Role",
    "RoleName",
    "SavedPrompt",
    "Share",
    "SharedPrompt",
    "SiteSetting",
    "StaleDay",
    "Tag",
    "TimingSpan",
    "User",
    "UserDay",
    "UserTotal",
    "Visibility",
]
