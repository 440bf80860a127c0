"""What pages call a model: by its architecture, in the reader's language."""

from flask_babel import LazyString, lazy_gettext

from rabisco.artifacts import Card

_TITLES: dict[str, LazyString] = {
    "cnn": lazy_gettext("Neural network"),
    "linear": lazy_gettext("Linear model"),
}


def model_title(card: Card) -> str:
    """Return the title of a model; one of an unknown architecture is called by its own name."""
    return str(_TITLES.get(card.architecture, card.name))
