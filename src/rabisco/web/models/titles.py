"""What pages call models, by their architecture, and ways to spoil images."""

from flask_babel import gettext

from rabisco.artifacts import BUNDLED_DIR, Card
from rabisco.evaluation.robustness import TITLES
from rabisco.models import architecture_names, get_architecture


def corruption_title(name: str) -> str:
    """Return the title of a way to spoil test images; an unknown one shows its own name."""
    return str(gettext(TITLES.get(name, name)))


def architecture_title(name: str) -> str:
    """Return the title of an architecture; an unknown one is called by its own name."""
    return gettext(get_architecture(name).title) if name in architecture_names() else name


def model_title(card: Card) -> str:
    """Return the title of a model: of a bundled one its architecture, of one's own the name that it was given."""
    known = card.architecture in architecture_names() and is_bundled(card.name)
    return architecture_title(card.architecture) if known else card.name


def is_bundled(name: str) -> bool:
    """Return whether a model comes with the package."""
    return (BUNDLED_DIR / name).is_dir()


def distinct_title(card: Card, cards: list[Card]) -> str:
    """Return the title of a model among others; where two would share it, the model's own name."""
    titles = [model_title(other) for other in cards]
    return model_title(card) if titles.count(model_title(card)) == 1 else card.name
