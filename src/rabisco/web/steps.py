"""Titles of the steps that lead from a picture to what a model sees."""

from flask_babel import LazyString, lazy_gettext

_TITLES: dict[str, LazyString] = {
    "polarity": lazy_gettext("Light on dark"),
    "ink": lazy_gettext("Only the ink"),
    "crop": lazy_gettext("Cut out"),
    "result": lazy_gettext("28 × 28, centred"),
}


def step_title(name: str) -> str:
    """Return the translated title of a step; an unknown step shows its own name."""
    return str(_TITLES.get(name, name))
