"""What pages call a model: by its architecture, in the reader's language."""

from flask_babel import LazyString, lazy_gettext

from rabisco.artifacts import Card

_TITLES: dict[str, LazyString] = {
    "cnn": lazy_gettext("Neural network"),
    "cnn-tiny": lazy_gettext("Tiny neural network"),
    "linear": lazy_gettext("Linear model"),
}

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
    return str(_TITLES.get(name, name))


def model_title(card: Card) -> str:
    """Return the title of a model; one of an unknown architecture is called by its own name."""
    return str(_TITLES.get(card.architecture, card.name))


def distinct_title(card: Card, cards: list[Card]) -> str:
    """Return the title of a model among others; where two would share it, the model's own name."""
    titles = [model_title(other) for other in cards]
    return model_title(card) if titles.count(model_title(card)) == 1 else card.name
