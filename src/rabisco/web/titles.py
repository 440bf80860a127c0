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


def distinct_title(card: Card, cards: list[Card]) -> str:
    """Return the title of a model among others; where two would share it, the model's own name."""
    titles = [model_title(other) for other in cards]
    return model_title(card) if titles.count(model_title(card)) == 1 else card.name
