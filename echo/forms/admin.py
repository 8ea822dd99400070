"""The admin side's forms: people, invitations, settings, models. They know neither tables nor services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    BooleanField,
    FileField,
    FloatField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length, Optional

from echo import limits
from echo.forms.fields import (
    EMAIL,
    PASSWORD_LENGTH,
    USERNAME,
    Form,
    no_line_breaks,
    required,
    storable_text,
    stripped,
)

DESCRIPTION_MAX: Final = 200
ALLOWANCE_MAX: Final = 2**31 - 1


def _in_range(_form: Any, field: Any) -> None:
    """Validator: an allowance that a column can hold; wtforms' own fails on numbers past any float."""
    if field.data is not None and not 0 <= field.data <= ALLOWANCE_MAX:
        raise ValidationError(f"Enter a whole number from 0 to {ALLOWANCE_MAX:,}, or nothing.")


ALLOWANCE = [Optional(), _in_range]
RELOAD: Final = "Please reload the page and make your changes again."
SIGNUP_MODES: Final = {
    "open": "Everybody",
    "invite": "People with an invitation",
    "closed": "Nobody: administrators make accounts",
}
SWITCH: Final = {"on": "On", "off": "Off"}
SHARING: Final = {
    "public": "Everybody who has the link",
    "people": "People with an account here",
    "off": "Nobody",
}


def between(low: float, high: float) -> Callable[[Any, Any], None]:
    """Return a validator for numbers in a range, or nothing."""

    def check(_form: Any, field: Any) -> None:
        if field.data is not None and not low <= field.data <= high:  # NaN is in no range
            raise ValidationError(f"Enter a number from {low:,} to {high:,}.")

    return check


def _at_most(chars: int) -> Length:
    return Length(max=chars, message=f"Use at most {chars:,} characters.")


class Versioned(Form):
    """A form that carries a mark of what was stored when it was shown."""

    version = HiddenField("Version", [required(RELOAD), _at_most(64)])


class EditUserForm(Versioned):
    """An account as an administrator sees it; who may not give roles gets it without `role`."""

    username = StringField("Name", USERNAME, filters=[stripped])
    email = StringField("E-mail", [*EMAIL, no_line_breaks], filters=[stripped])
    role = SelectField("Role", [required("Choose a role.")])
    active = BooleanField("May sign in")


class CreateUserForm(Form):
    """A new account, with a first password that its owner changes later."""

    username = StringField("Name", USERNAME, filters=[stripped])
    email = StringField("E-mail", [*EMAIL, no_line_breaks], filters=[stripped])
    password = PasswordField(
        "First password",
        [
            required("Choose a first password."),
            PASSWORD_LENGTH,
        ],
        filters=[storable_text],
    )
    role = SelectField("Role", [required("Choose a role.")])


class RoleForm(Versioned):
    """What a role says and allows; an empty allowance means without limit."""

    description = StringField(
        "Description",
        [Length(max=DESCRIPTION_MAX, message=f"Use at most {DESCRIPTION_MAX} characters.")],
        filters=[stripped, storable_text],
    )
    daily_messages = IntegerField("Messages a day", ALLOWANCE)
    daily_tokens = IntegerField("Tokens a day", ALLOWANCE)


class AnswerForm(Versioned):
    """An answer to somebody's feedback."""

    answer = TextAreaField(
        "Answer",
        [DataRequired("Write an answer."), _at_most(limits.FEEDBACK_MAX)],
        filters=[stripped, storable_text],
    )


class PictureForm(Form):
    """A picture for somebody, by the number of their account."""

    user_id = StringField(
        "Person's number", [required("Enter the number of an account."), _at_most(20)]
    )
    picture = FileField("Picture", [required("Choose a picture.")])

    def picture_bytes(self) -> bytes:
        """Return what was uploaded, of one that is too large only the beginning; empty when nothing was."""
        upload: Any = self.picture.data
        return bytes(upload.read(limits.PICTURE_BYTES + 1)) if hasattr(upload, "read") else b""


class DeleteUserForm(Form):
    """The account's name, typed as a confirmation."""

    typed = StringField(
        "Name of the account", [required("Type the name of the account.")], filters=[stripped]
    )


class InviteForm(Form):
    """A new invitation."""

    note = StringField(
        "Note", [_at_most(limits.INVITE_NOTE_CHARS)], filters=[stripped, storable_text]
    )
    max_uses = IntegerField(
        "Accounts",
        [required("For how many accounts?"), between(1, limits.INVITE_USES_MAX)],
        default=1,
    )
    days = IntegerField(
        "Days", [required("For how many days?"), between(1, limits.INVITE_DAYS_MAX)], default=7
    )


def _slider(name: str) -> list[Any]:
    limit = limits.GENERATION_RANGES[name]
    return [Optional(), between(limit.low, limit.high)]


class _Answers(Form):
    """How answers are written; an empty field means what somebody else says."""

    system_prompt = TextAreaField(
        "System prompt",
        [_at_most(limits.SYSTEM_PROMPT_CHARS)],
        filters=[stripped, storable_text],
    )
    temperature = FloatField("Temperature", _slider("temperature"))
    top_p = FloatField("Top p", _slider("top_p"))
    top_k = IntegerField("Top k", _slider("top_k"))
    repetition_penalty = FloatField("Repetition penalty", _slider("repetition_penalty"))
    max_new_tokens = IntegerField("Longest answer, tokens", _slider("max_new_tokens"))


class SettingsForm(_Answers):
    """Settings that act at once; their names are those of `services/site_settings`."""

    signup_mode = SelectField(
        "Who may sign up",
        [required("Choose one.")],
        choices=[SelectChoice(*option) for option in SIGNUP_MODES.items()],
    )
    retention_days = IntegerField(
        "Days that unused conversations are kept",
        [Optional(), between(1, limits.RETENTION_DAYS_MAX)],
    )
    banner = StringField(
        "Notice above the chat", [_at_most(limits.BANNER_CHARS)], filters=[stripped, storable_text]
    )
    help = SelectField(
        "Echo knows itself",
        [required("Choose one.")],
        choices=[SelectChoice(*option) for option in SWITCH.items()],
    )
    titles = SelectField(
        "The model writes titles",
        [Optional()],
        choices=[SelectChoice(*option) for option in SWITCH.items()],
    )
    tools = SelectField(
        "Calculator, calendar and units",
        [Optional()],
        choices=[SelectChoice(*option) for option in SWITCH.items()],
    )
    contributors = SelectField(
        "Visitors see who talks with Echo most",
        [Optional()],
        choices=[SelectChoice(*option) for option in SWITCH.items()],
    )
    sharing = SelectField(
        "Who may open shared chats",
        [Optional()],
        choices=[SelectChoice(*option) for option in SHARING.items()],
    )


class ModelSettingsForm(_Answers):
    """What holds for one model; an empty field means what the model's files say."""

    least_role = SelectField("Who may use it", [required("Choose one.")])
    help = BooleanField("Help in its answers")
    context_length = IntegerField(
        "Window, tokens",
        [Optional(), between(limits.CONTEXT_TOKENS_LEAST, limits.CONTEXT_TOKENS_MOST)],
    )
    template = TextAreaField(
        "Chat template", [_at_most(limits.TEMPLATE_CHARS)], filters=[storable_text]
    )


class SharedPromptForm(Form):
    """A prompt for everybody, or from a role on."""

    name = StringField(
        "Name",
        [required("Give it a name."), _at_most(limits.PROMPT_NAME_CHARS), no_line_breaks],
        filters=[stripped, storable_text],
    )
    text = TextAreaField(
        "Text",
        [DataRequired("Write its text."), _at_most(limits.PROMPT_CHARS)],
        filters=[stripped, storable_text],
    )
    least_role = SelectField("Who sees it", [required("Choose one.")], default="user")
    version = HiddenField("Version", [Optional(), _at_most(64)])


class AddModelForm(Form):
    """A model by a name of the catalogue, a path of the server, or its name on the Hub."""

    source = StringField(
        "What to add",
        [
            required("Say which one: a path of the server, or a name of the Hub."),
            _at_most(limits.MODEL_SOURCE_CHARS),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    name = StringField("Name", [_at_most(limits.MODEL_NAME_MAX)], filters=[stripped, storable_text])
    base = SelectField("Stands on", [Optional()], default="")
