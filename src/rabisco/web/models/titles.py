"""What pages call a model: by its architecture, in the reader's language."""

from flask_babel import LazyString, gettext, lazy_gettext

from rabisco.artifacts import Card
from rabisco.models import architecture_names, get_architecture

# States and phases of a training.
STATES: dict[str, LazyString] = {
    "queued": lazy_gettext("waiting"),
    "running": lazy_gettext("running"),
    "stopping": lazy_gettext("stopping"),
    "succeeded": lazy_gettext("succeeded"),
    "stopped": lazy_gettext("stopped early"),
    "cancelled": lazy_gettext("cancelled"),
    "failed": lazy_gettext("failed"),
    "interrupted": lazy_gettext("interrupted"),
}
PHASES: dict[str, LazyString] = {
    "starting": lazy_gettext("starting"),
    "loading": lazy_gettext("reading the data"),
    "training": lazy_gettext("training"),
    "refusing": lazy_gettext("learning what to refuse"),
    "judging": lazy_gettext("judging it on images it never saw"),
    "saving": lazy_gettext("saving the model"),
}


def architecture_title(name: str) -> str:
    """Return the title of an architecture; an unknown one is called by its own name."""
    return gettext(get_architecture(name).title) if name in architecture_names() else name


def model_title(card: Card) -> str:
    """Return the title of a model; one of an unknown architecture is called by its own name."""
    known = card.architecture in architecture_names()
    return architecture_title(card.architecture) if known else card.name


def distinct_title(card: Card, cards: list[Card]) -> str:
    """Return the title of a model among others; where two would share it, the model's own name."""
    titles = [model_title(other) for other in cards]
    return model_title(card) if titles.count(model_title(card)) == 1 else card.name
