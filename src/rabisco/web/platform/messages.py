"""Strings that the pages' JavaScript shows; they reach it, translated, through ``<body data-messages>``."""

from flask_babel import gettext, lazy_gettext

from rabisco.runs.states import PHASES, STATES

_MESSAGES = {
    "agree": lazy_gettext("Both models read {category}."),
    "disagree": lazy_gettext("They disagree. {first}: {category}, {second}: {other}."),
    "one": lazy_gettext("{first} reads {category}."),
    "all": lazy_gettext("All models read {category}."),
    "split": lazy_gettext("They disagree. {readings}"),
    "waiting": lazy_gettext("Draw, and watch what each model reads."),
    "waiting_many": lazy_gettext("Draw a row of characters and watch what each model reads."),
    "draw_class": lazy_gettext("Draw: {name} ({number} of {each})"),
    "all_drawn": lazy_gettext("All drawn. Send them, or draw a few more."),
    "blank": lazy_gettext("Nothing is drawn in this picture."),
    "alike": lazy_gettext("Often written alike: {names}"),
    "failed": lazy_gettext("No answer: {reason}"),
    "offline": lazy_gettext("the server cannot be reached"),
    "thanks": lazy_gettext("Thank you, it is saved."),
    "learned": lazy_gettext("✓ Learned: this is {label}."),
    "learned_none": lazy_gettext("✓ Learned: this is not a character."),
    "learned_other": lazy_gettext("✓ Learned: this is another character."),
    "nothing_worse": lazy_gettext("Nothing else got worse: {unchanged} of {counted} test images are read as before."),
    "some_changed": lazy_gettext("{unchanged} of {counted} test images are read as before."),
    "undone": lazy_gettext("Undone. The model has forgotten it."),
    "remembered": lazy_gettext("remembered"),
    "by_heart": lazy_gettext(
        "A corrected picture is recognized as a whole, so no part of it mattered more than another."
    ),
    "letter": lazy_gettext("This looks like the letter {letter}."),
    "will_notify": lazy_gettext("You will be notified"),
    "pen_down": lazy_gettext("Pen down"),
    "pen_up": lazy_gettext("Pen up"),
    "copy": lazy_gettext("Copy"),
    "close": lazy_gettext("Close"),
    "copied": lazy_gettext("Copied"),
    "selected": lazy_gettext("Selected: copy it with Ctrl+C"),
    "cell": lazy_gettext("{category} read as {read_as}: {count} of {total} ({share})"),
    "cell_right": lazy_gettext("{category} read as itself: {count} of {total} ({share})"),
    "latency": lazy_gettext("{milliseconds} ms"),
    "sent": lazy_gettext("{done} of {all} MB sent"),
    "stored": lazy_gettext("All sent; the server is storing it."),
    "curve": lazy_gettext("{figure} after {epochs} epochs: training images {train}, validation images {validation}"),
    "epoch_values": lazy_gettext("Epoch {epoch}: {values}"),
    "required": lazy_gettext("required"),
    "file": lazy_gettext("file"),
    "lines": lazy_gettext("One per line"),
    "save": lazy_gettext("Save {name}"),
}


def messages() -> dict[str, str]:
    """Return every message in the language of the current request, by key; ``{name}`` is filled in by JavaScript."""
    states = {f"run_{name}": gettext(words) for name, words in STATES.items()}
    phases = {f"phase_{name}": gettext(words) for name, words in PHASES.items()}
    return {key: str(message) for key, message in _MESSAGES.items()} | states | phases
