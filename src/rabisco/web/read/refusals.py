"""Why a picture was not read, in the reader's language."""

from flask_babel import LazyString, lazy_gettext

from rabisco.rejection import Reason

_MESSAGES: dict[Reason, LazyString] = {
    "blank": lazy_gettext("Nothing is drawn in this picture."),
    "scribble": lazy_gettext("This does not look like one character: it looks scribbled."),
    "more-than-one-character": lazy_gettext("This does not look like one character: it looks like several."),
    "not-a-character": lazy_gettext("This does not look like one character: it looks like something else."),
    "none-of-the-classes": lazy_gettext("This does not look like any of the things that the model knows."),
}


def refusal_message(reason: Reason) -> str:
    """Return the translated sentence for a reason."""
    return str(_MESSAGES[reason])
