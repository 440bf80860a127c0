"""Why a picture was not read, in the reader's language."""

from typing import Any

from flask_babel import LazyString, lazy_gettext

from rabisco.inference import Prediction
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


def as_json(prediction: Prediction) -> dict[str, Any] | None:
    """Return the reason and its sentence, or nothing for a picture that was read."""
    reason = prediction.refused
    return None if reason is None else {"reason": reason, "message": refusal_message(reason)}
