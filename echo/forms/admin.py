"""The admin side's forms: people, invitations, settings, models. They know neither tables nor services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wtforms import (
    BooleanField,
    FileField,
    FloatField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Optional

from echo import limits
from echo.forms.fields import (
    EMAIL,
    PASSWORD_LENGTH,
    USERNAME,
    Form,
    choices,
    longest,
    no_line_breaks,
    required,
    storable_text,
    stripped,
)
from echo.languages import gettext, lazy_gettext, mark, number

DESCRIPTION_MAX: Final = 200
ALLOWANCE_MAX: Final = 2**31 - 1


def _in_range(_form: Any, field: Any) -> None:
    """Validator: an allowance that a column can hold; wtforms' own fails on numbers past any float."""
    if field.data is not None and not 0 <= field.data <= ALLOWANCE_MAX:
        most = number(ALLOWANCE_MAX)
        raise ValidationError(
            gettext("Enter a whole number from 0 to %(most)s, or nothing.", most=most)
        )


ALLOWANCE = [Optional(), _in_range]
RELOAD: Final = mark("Please reload the page and make your changes again.")
SIGNUP_MODES: Final = {
    "open": mark("Everybody"),
    "invite": mark("People with an invitation"),
    "closed": mark("Nobody: administrators make accounts"),
}
SWITCH: Final = {"on": mark("On"), "off": mark("Off")}
SHARING: Final = {
    "public": mark("Everybody who has the link"),
    "people": mark("People with an account here"),
    "off": mark("Nobody"),
}


def between(low: float, high: float) -> Callable[[Any, Any], None]:
    """Return a validator for numbers in a range, or nothing."""

    def check(_form: Any, field: Any) -> None:
        if field.data is not None and not low <= field.data <= high:  # NaN is in no range
            ends = {"low": number(low), "high": number(high)}
            raise ValidationError(gettext("Enter a number from %(low)s to %(high)s.", **ends))

    return check


class Versioned(Form):
    """A form that carries a mark of what was stored when it was shown."""

    version = HiddenField(lazy_gettext("Version"), [required(lazy_gettext(RELOAD)), longest(64)])


class EditUserForm(Versioned):
    """An account as an administrator sees it; who may not give roles gets it without `role`."""

    username = StringField(lazy_gettext("Name"), USERNAME, filters=[stripped])
    email = StringField(lazy_gettext("E-mail"), [*EMAIL, no_line_breaks], filters=[stripped])
    role = SelectField(lazy_gettext("Role"), [required(lazy_gettext("Choose a role."))])
    active = BooleanField(lazy_gettext("May sign in"))


class CreateUserForm(Form):
    """A new account, with a first password that its owner changes later."""

    username = StringField(lazy_gettext("Name"), USERNAME, filters=[stripped])
    email = StringField(lazy_gettext("E-mail"), [*EMAIL, no_line_breaks], filters=[stripped])
    password = PasswordField(
        lazy_gettext("First password"),
        [
            required(lazy_gettext("Choose a first password.")),
            PASSWORD_LENGTH,
        ],
        filters=[storable_text],
    )
    role = SelectField(lazy_gettext("Role"), [required(lazy_gettext("Choose a role."))])


class RoleForm(Versioned):
    """What a role says and allows; an empty allowance means without limit."""

    description = StringField(
        lazy_gettext("Description"),
        [longest(DESCRIPTION_MAX)],
        filters=[stripped, storable_text],
    )
    daily_messages = IntegerField(lazy_gettext("Messages a day"), ALLOWANCE)
    daily_tokens = IntegerField(lazy_gettext("Tokens a day"), ALLOWANCE)


class AnswerForm(Versioned):
    """An answer to somebody's feedback."""

    answer = TextAreaField(
        lazy_gettext("Answer"),
        [DataRequired(lazy_gettext("Write an answer.")), longest(limits.FEEDBACK_MAX)],
        filters=[stripped, storable_text],
    )


class PictureForm(Form):
    """A picture for somebody, by the number of their account."""

    user_id = StringField(
        lazy_gettext("Person's number"),
        [required(lazy_gettext("Enter the number of an account.")), longest(20)],
    )
    picture = FileField(lazy_gettext("Picture"), [required(lazy_gettext("Choose a picture."))])


class DeleteUserForm(Form):
    """The account's name, typed as a confirmation."""

    typed = StringField(
        lazy_gettext("Name of the account"),
        [required(lazy_gettext("Type the name of the account."))],
        filters=[stripped],
    )


class InviteForm(Form):
    """A new invitation."""

    note = StringField(
        lazy_gettext("Note"),
        [longest(limits.INVITE_NOTE_CHARS)],
        filters=[stripped, storable_text],
    )
    max_uses = IntegerField(
        lazy_gettext("Accounts"),
        [required(lazy_gettext("For how many accounts?")), between(1, limits.INVITE_USES_MAX)],
        default=1,
    )
    days = IntegerField(
        lazy_gettext("Days"),
        [required(lazy_gettext("For how many days?")), between(1, limits.INVITE_DAYS_MAX)],
        default=7,
    )


def _slider(name: str) -> list[Any]:
    limit = limits.GENERATION_RANGES[name]
    return [Optional(), between(limit.low, limit.high)]


class _Answers(Form):
    """How answers are written; an empty field means what somebody else says."""

    system_prompt = TextAreaField(
        lazy_gettext("System prompt"),
        [longest(limits.SYSTEM_PROMPT_CHARS)],
        filters=[stripped, storable_text],
    )
    temperature = FloatField(lazy_gettext("Temperature"), _slider("temperature"))
    top_p = FloatField(lazy_gettext("Top p"), _slider("top_p"))
    top_k = IntegerField(lazy_gettext("Top k"), _slider("top_k"))
    repetition_penalty = FloatField(
        lazy_gettext("Repetition penalty"), _slider("repetition_penalty")
    )
    max_new_tokens = IntegerField(lazy_gettext("Longest answer, tokens"), _slider("max_new_tokens"))


class SettingsForm(_Answers):
    """Settings that act at once; their names are those of `services/site_settings`."""

    signup_mode = SelectField(
        lazy_gettext("Who may sign up"),
        [required(lazy_gettext("Choose one."))],
        choices=choices(SIGNUP_MODES),
    )
    retention_days = IntegerField(
        lazy_gettext("Days that unused conversations are kept"),
        [Optional(), between(1, limits.RETENTION_DAYS_MAX)],
    )
    banner = StringField(
        lazy_gettext("Notice above the chat"),
        [longest(limits.BANNER_CHARS)],
        filters=[stripped, storable_text],
    )
    help = SelectField(
        lazy_gettext("Echo knows itself"),
        [required(lazy_gettext("Choose one."))],
        choices=choices(SWITCH),
    )
    titles = SelectField(
        lazy_gettext("The model writes titles"),
        [Optional()],
        choices=choices(SWITCH),
    )
    tools = SelectField(
        lazy_gettext("Calculator, calendar and units"),
        [Optional()],
        choices=choices(SWITCH),
    )
    contributors = SelectField(
        lazy_gettext("Visitors see who talks with Echo most"),
        [Optional()],
        choices=choices(SWITCH),
    )
    sharing = SelectField(
        lazy_gettext("Who may open shared chats"),
        [Optional()],
        choices=choices(SHARING),
    )


class ModelSettingsForm(_Answers):
    """What holds for one model; an empty field means what the model's files say."""

    least_role = SelectField(
        lazy_gettext("Who may use it"), [required(lazy_gettext("Choose one."))]
    )
    help = BooleanField(lazy_gettext("Help in its answers"))
    calls_tools = BooleanField(lazy_gettext("It may call tools"))
    context_length = IntegerField(
        lazy_gettext("Window, tokens"),
        [Optional(), between(limits.CONTEXT_TOKENS_LEAST, limits.CONTEXT_TOKENS_MOST)],
    )
    template = TextAreaField(
        lazy_gettext("Chat template"), [longest(limits.TEMPLATE_CHARS)], filters=[storable_text]
    )


class SharedPromptForm(Form):
    """A prompt for everybody, or from a role on."""

    name = StringField(
        lazy_gettext("Name"),
        [
            required(lazy_gettext("Give it a name.")),
            longest(limits.PROMPT_NAME_CHARS),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    text = TextAreaField(
        lazy_gettext("Text"),
        [DataRequired(lazy_gettext("Write its text.")), longest(limits.PROMPT_CHARS)],
        filters=[stripped, storable_text],
    )
    least_role = SelectField(
        lazy_gettext("Who sees it"), [required(lazy_gettext("Choose one."))], default="user"
    )
    version = HiddenField(lazy_gettext("Version"), [Optional(), longest(64)])


class AddModelForm(Form):
    """A model by a name of the catalogue, a path of the server, or its name on the Hub."""

    source = StringField(
        lazy_gettext("What to add"),
        [
            required(lazy_gettext("Say which one: a path of the server, or a name of the Hub.")),
            longest(limits.MODEL_SOURCE_CHARS),
            no_line_breaks,
        ],
        filters=[stripped, storable_text],
    )
    name = StringField(
        lazy_gettext("Name"), [longest(limits.MODEL_NAME_MAX)], filters=[stripped, storable_text]
    )
    base = SelectField(lazy_gettext("Stands on"), [Optional()], default="")
