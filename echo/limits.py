"""Lengths, counts and rates in one place, shared by forms, columns, payloads and documents.

It does not enforce anything. docs/configuration.md lists these tables and a test compares the two.
"""

from dataclasses import dataclass
from typing import Final

from echo.languages import mark

USERNAME_MIN: Final = 3
USERNAME_MAX: Final = 30
USERNAME_PATTERN: Final = r"[A-Za-z0-9_.\-]+"
EMAIL_MAX: Final = 254
PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 128
PASSWORD_MIN_SCORE: Final = 2  # of zxcvbn's 0 to 4: about 10^6 guesses
MESSAGE_CHARS: Final = 16_000
TITLE_CHARS: Final = 120
FOLDER_NAME_CHARS: Final = 60
FOLDERS_MAX: Final = 100  # of one person
TAG_CHARS: Final = 30
TAG_KEY_CHARS: Final = 3 * TAG_CHARS  # a letter folds to three at most
TAGS_PER_CHAT: Final = 10
TAGS_MAX: Final = 100  # of one person
PINNED_MAX: Final = 100  # of one person: all of them stand in the list, on each page that has it
BULK_CHATS: Final = 200  # that are changed at once
SYSTEM_PROMPT_CHARS: Final = 2_000
INSTRUCTIONS_CHARS: Final = 2_000
INSTRUCTIONS_TOKENS: Final = 300  # of a person's instructions for all chats, in each prompt
MEMORY_CHARS: Final = 200
MEMORY_TOKENS: Final = 200  # of all that a person has had remembered, in each prompt
MEMORIES_MAX: Final = 50
PERSONAL_WINDOW: Final = 2_048  # a model that reads fewer tokens is told as much less of a person
PROMPT_NAME_CHARS: Final = 60
PROMPT_CHARS: Final = 4_000
PROMPTS_MAX: Final = 200  # of one person; as many are shared
PERSONA_NAME_CHARS: Final = 60
PERSONA_WHAT_CHARS: Final = 200  # what it is, in a sentence
PERSONAS_MAX: Final = 50  # of one person; as many are for everybody
PERSONA_COLOURS: Final = 6  # those of tags
EMOJI_CHARS: Final = 16  # the longest have eleven
MODEL_NAME_CHARS: Final = 64
API_LISTED: Final = 1_000  # of tools, calls, stop strings: what stands in lists beside messages
API_MESSAGES: Final = 2_000  # of one request below /v1, or of a temporary chat
TOKENIZED_CHARS: Final = 200_000  # of one request
EMBEDDED_TEXTS: Final = 2_048  # of one request
KEPT_CHAIN_BYTES: Final = (
    10_000_000  # of all kept answers that one goes on from, as they are stored
)
KEPT_RESPONSE_DAYS: Final = 30  # after its last use, an answer below /v1/responses
TEMPLATE_CHARS: Final = 50_000
CONTEXT_TOKENS_LEAST: Final = 64
CONTEXT_TOKENS_MOST: Final = 1_048_576
MODEL_SOURCE_CHARS: Final = 1_000
BANNER_CHARS: Final = 300
INVITE_NOTE_CHARS: Final = 200
MODEL_NAME_MAX: Final = 64
MODEL_NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"
INVITE_USES_MAX: Final = 1_000
INVITE_DAYS_MAX: Final = 365
RETENTION_DAYS_MAX: Final = 36_500
MEMBERS_PER_CHAT: Final = 20  # beside its owner
CHATS_JOINED: Final = 200  # of others, that one person is in
SHARED_MESSAGES: Final = 1_000  # of one chat that is shown by a link
SHARED_CHARS: Final = 2_000_000
SHARE_SECONDS_MAX: Final = 3_650 * 24 * 3600
FEEDBACK_MIN: Final = 10
FEEDBACK_MAX: Final = 2_000
GUARD_NAME_CHARS: Final = 60
GUARD_WHAT_CHARS: Final = 10_000  # of all words of a rule, or of its pattern
GUARD_WORD_CHARS: Final = 100
GUARD_REASON_CHARS: Final = 300
GUARD_EXCERPT_CHARS: Final = 200
GUARD_OBJECTION_CHARS: Final = 500
GUARD_ANSWER_CHARS: Final = 1_000
GUARD_RULES: Final = 200
GUARD_MATCH_CHARS: Final = 200  # so much of an answer may wait for what follows it
GUARD_CALL_DAYS: Final = 180  # decisions about what is stored nowhere are kept so long
RATING_COMMENT_CHARS: Final = 1_000
CLIENT_ID_CHARS: Final = 64
SEARCH_CHARS: Final = 200
SEARCH_ROWS: Final = 20_000  # read by one search of one's own chats
SEARCH_SECONDS: Final = 1.5
FORM_MIN_SECONDS: Final = 3  # a person needs longer than this to fill in a form
FORM_MAX_SECONDS: Final = 24 * 3600
SOCKET_PAYLOAD_BYTES: Final = 200_000  # the longest message, each character as JSON's 12 bytes
SOCKET_POST_BYTES: Final = (
    4_000_000  # read only to be answered; beyond it the connection is refused
)
SOCKET_BYTES_A_SECOND: Final = 200_000  # of one connection; whoever sends more is read more slowly
SOCKET_BURST_BYTES: Final = 1_000_000
SOCKET_FRAME_COST: Final = 2_000  # what a frame costs at least
SOCKET_NETWORK_SHARE: Final = 10  # connections' worth that all of one network have together
SOCKET_CONNECT_SECONDS: Final = 10
SOCKET_VISITORS_A_SECOND: Final = 2  # polling connections that one network's visitors may begin
SOCKET_VISITORS_BURST: Final = 30
FORM_LINE_CHARS: Final = 1_000  # of a form's field that says no limit of its own
FORM_SLACK: Final = 4  # a letter and its marks, sent apart, are composed before they are counted
FORM_FIELDS: Final = 1_000
PART_HEADER_BYTES: Final = 2_000  # of one part of a multipart form: name, file's name and type
SOCKET_PACKETS: Final = 1_000  # of one polling request: what a client says in one breath
REQUEST_BYTES: Final = 2_000_000
VISITOR_REQUEST_BYTES: Final = 200_000  # of whoever is not signed in: a form, a few words
FORM_ESCAPES: Final = 100_000  # bytes written as %xx: a chat's longest message in emoji has 64,000
VALUES_IN_BODY, NAMES_IN_OBJECT = 50_000, 5_000  # of JSON: a reader makes an object of each
PICTURE_BYTES: Final = 5_000_000
PICTURE_PIXELS: Final = 40_000_000
PICTURE_REQUEST_BYTES: Final = 6_000_000  # a picture with the fields around it
IMPORT_BYTES: Final = 50_000_000  # of one file with chats
IMPORT_REQUEST_BYTES: Final = 51_000_000  # the file with what is around it
IMPORT_UNPACKED_BYTES: Final = 100_000_000
IMPORT_KEY_CHARS: Final = 100
IMPORT_CHATS: Final = 10_000
IMPORT_MESSAGES: Final = 100_000  # of all its chats together
IMPORT_CHAT_MESSAGES: Final = 5_000
IMPORT_CHAT_CHARS: Final = 5_000_000
IMPORT_MESSAGE_CHARS: Final = 200_000
DOCUMENT_BYTES: Final = 20_000_000
DOCUMENT_REQUEST_BYTES: Final = 21_000_000  # a document with the fields around it
DOCUMENT_PAGES: Final = 2_000
DOCUMENT_CHARS: Final = 2_000_000
DOCUMENT_NAME_CHARS: Final = 200
DOCUMENT_SECONDS: Final = 60  # of reading one; its process is ended then
DOCUMENT_MEMORY_BYTES: Final = 1_000_000_000  # of the process that reads one
DOCUMENT_PICTURE_PIXELS: Final = 64_000_000
DOCUMENT_PICTURE_SIDES: Final = (2_048, 480)  # of what is kept, and of its preview
DOCUMENT_PICTURE_BYTES: Final = 2_000_000  # of what is kept
DOCUMENT_PICTURE_BYTES_PER_PERSON: Final = 200_000_000
DESCRIPTION_CHARS: Final = 1_000  # of a picture, by its owner: one passage
DOCUMENTS_PER_PERSON: Final = 200
DOCUMENT_CHARS_PER_PERSON: Final = 20_000_000
DOCUMENTS_WAITING: Final = 20  # of one person that are not read yet
DOCUMENTS_PER_CHAT: Final = 20
COLLECTION_NAME_CHARS: Final = 60
COLLECTIONS_PER_PERSON: Final = 50
DOCUMENTS_PER_COLLECTION: Final = 100
COLLECTIONS_PER_CHAT: Final = 5  # and as many of its folder
PASSAGES_FOUND: Final = 20  # by one search at most
SOUND_BYTES: Final = 25_000_000  # of one file that is listened to
SOUND_REQUEST_BYTES: Final = 26_000_000  # the file with the fields around it
SOUND_SECONDS: Final = 600
SOUND_PROMPT_CHARS: Final = 2_000
SOUND_DECODING_SECONDS: Final = 60  # of reading one file; its process is ended then
SOUND_DECODING_MEMORY_BYTES: Final = 1_000_000_000  # of the process that reads one
SOUND_HEARING_SECONDS: Final = 300  # of writing down one; the process is ended then
SOUND_HEARING_MEMORY_BYTES: Final = 4_000_000_000  # addresses, not all of them memory
SOUNDS_WAITING: Final = 3  # of one person at a time
SPEECH_CHARS: Final = 4_096  # of one text that is read aloud, as OpenAI takes them
SPEECH_SPEEDS: Final = (0.25, 4.0)
SPEECH_SECONDS: Final = 60  # of speaking one piece of it; the process is ended then
SPEECH_MEMORY_BYTES: Final = 2_000_000_000  # addresses, not all of them memory
SPEECHES_AT_ONCE: Final = 3  # of one person
MESSAGES_PER_PAGE: Final = 50
CHARS_PER_PAGE: Final = 200_000  # of messages: the one in which they end is the last on its page
VERSIONS_TOLD: Final = 50  # of one question or answer, those around it
DOCUMENTS_PER_PAGE: Final = 50
CONVERSATIONS_PER_PAGE: Final = 40
PEOPLE_PER_PAGE: Final = 100

FEEDBACK_CATEGORIES: Final = {
    "answers": mark("Answers"),
    "speed": mark("Speed"),
    "design": mark("Design"),
    "bug": mark("Something is broken"),
    "idea": mark("Idea"),
    "other": mark("Something else"),
}
RATING_REASONS: Final = {
    "inaccurate": mark("Inaccurate"),
    "off_topic": mark("Not what I asked"),
    "too_long": mark("Too long"),
    "unsafe": mark("Unsafe"),
    "other": mark("Other"),
}

RATE_LIMITS: Final = {
    # Flask endpoint: limit per address
    "home.index": "5/second",
    "language.choose": "5/second",
    "signup.index": "1/second",
    "account.login": "1/second",
    "account.logout": "3/second",
    "google_login.start": "3/second",
    "google_login.authorize": "3/second",
    "google_login.link": "3/second",
    "google_login.unlink": "3/second",
    "second_factor.challenge": "1/second",
    "second_factor.confirm": "1/second",
    "second_factor.begin_totp": "1/second",
    "second_factor.finish_totp": "1/second",
    "second_factor.renew_recovery_codes": "1/second",
    "passkeys.registration_options": "3/second",
    "passkeys.register": "1/second",
    "passkeys.sign_in_options": "5/second",
    "passkeys.sign_in": "1/second",
    "chat_forms.feedback": "1/second",
    "profile.index": "5/second",
    "profile.remove_picture": "5/second",
    "devices.revoke": "5/second",
    "devices.revoke_others": "1/second",
    "keys.make": "1/second",
    "keys.revoke": "5/second",
    "own_data.export": "6/minute",
    "own_data.retention": "5/second",
    "own_data.delete_me": "3/second",
    "own_data.object_to": "1/second",
    "chat_imports.begin": "10/minute",
    "chat_imports.stop": "5/second",
    "chat_imports.forget": "5/second",
    "api_decisions.object_to": "1/second",
    "personal.instructions": "5/second",
    "personal.memory": "5/second",
    "personal.titles": "5/second",
    "personal.tools": "5/second",
    "personal.invitations": "5/second",
    "personal.remember": "5/second",
    "personal.change_memory": "5/second",
    "personal.forget": "5/second",
    "prompts.make": "5/second",
    "prompts.change": "5/second",
    "prompts.remove": "5/second",
    "prompts.import_all": "1/second",
    "personas.make": "5/second",
    "personas.change": "5/second",
    "personas.copy": "5/second",
    "personas.remove": "5/second",
    "personas.restore": "5/second",
    "chat_forms.clear_discussion": "1/second",
    "bulk.act": "5/second",
    "bulk.export_zip": "1/second",
    "conversations.export_as": "2/second",
    "sharing.read": "10/second",
    "sharing.opened": "10/second",
    "sharing.go_on": "1/second",
    "sharing.stop": "5/second",
    "api_sharing.share": "5/second",
    "api_members.invite": "5/second",
    "api_members.take_out": "5/second",
    "chat_api.chat": "5/second",
    "v1.transcriptions": "120/minute",
    "v1.speech": "120/minute",
    "api_token.make": "1/second",
    "api_token.refresh": "5/second",
    "api_feedback.leave": "1/second",
    "api_conversations.export_as": "2/second",
    "api_conversations.import_file": "10/minute",
    "documents.add": "5/second",
    "api_documents.upload": "5/second",
    "api_documents.remove": "5/second",
    "api_documents.describe": "5/second",
    "api_documents.restore": "5/second",
    "api_documents.search": "5/second",
    "api_collections.create": "5/second",
    "api_collections.change": "5/second",
    "api_collections.remove": "5/second",
    "api_collections.restore": "5/second",
    "api_collections.put": "20/second",
    "api_collections.take_out": "20/second",
    "api_collections.share": "5/second",
    "api_conversations.attach": "5/second",
    "api_conversations.detach": "5/second",
    "recovery.forgot": "10/minute",
    "recovery.reset": "3/second",
    "recovery.verify": "3/second",
    "recovery.unlock": "3/second",
    "recovery.send_verification": "1/second",
}
OPENING: Final = "5/second"  # of a page whose form is sent to the same endpoint
API_PER_PERSON: Final = "300/minute"  # requests below /v1 and /api, whatever they show
LOGIN_PER_ACCOUNT: Final = "10/15 minutes"
MAILS_PER_ACCOUNT: Final = "3/hour"  # of each kind that somebody can ask for
PROOFS_PER_ACCOUNT: Final = (
    "20/15 minutes"  # codes at login, and what is asked before acts that matter
)
INVITATIONS_PER_ACCOUNT: Final = "30/hour"  # into chats, of right and of wrong names
SEARCHES_PER_ACCOUNT: Final = "60/10 seconds"  # typing asks five times a second
PASSKEYS_MAX: Final = 20
PASSKEY_NAME_CHARS: Final = 60
API_KEYS_MAX: Final = 50  # of one person that work
API_KEY_NAME_CHARS: Final = 60
API_KEY_DAYS_MAX: Final = 3_650
CODES_PER_SIGN_IN: Final = "5/15 minutes"  # longer than a sign-in waits, so five in all

EVENT_LIMITS: Final = {
    # socket event: limit per user
    "send_message": "60/minute",
    "regenerate_message": "60/minute",
    "edit_message": "60/minute",
    "save_message": "60/minute",
    "continue_message": "60/minute",
    "open_conversation": "300/minute",
    "close_conversation": "300/minute",
    "resume": "600/minute",
    "stop_message": "300/minute",
    "select_branch": "300/minute",
    "rate_message": "120/minute",
    "ask_temporary": "60/minute",
    "stop_temporary": "300/minute",
    "watch_stats": "60/minute",
}
UNKNOWN_EVENTS: Final = "120/minute"  # all events together that there are not


@dataclass(frozen=True)
class Range:
    """The values that a number may take, and the step of its slider."""

    low: float
    high: float
    step: float


GENERATION_RANGES: Final = {
    "temperature": Range(0.0, 2.0, 0.05),
    "top_p": Range(0.05, 1.0, 0.05),
    "top_k": Range(0, 200, 1),
    "repetition_penalty": Range(0.8, 2.0, 0.05),
    "max_new_tokens": Range(1, 4096, 1),
}
