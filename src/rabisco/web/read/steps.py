"""Titles of the steps that lead from a picture to what a model sees."""

from flask_babel import LazyString, gettext, lazy_gettext

_TITLES: dict[str, LazyString] = {
    "polarity": lazy_gettext("Light on dark"),
    "ink": lazy_gettext("Only the ink"),
    "crop": lazy_gettext("Cut out"),
    "result": lazy_gettext("28 × 28, centred"),
}


def step_title(name: str, image_shape: tuple[int, ...]) -> str:
    """Return the translated title of a step; an unknown step shows its own name.

    Args:
        name: Of a step.
        image_shape: ``(H, W, C)`` of what the model is given; of three channels, it is a picture made smaller.
    """
    if name == "result" and image_shape[-1] == 3:
        return str(gettext("%(height)s × %(width)s pixels", height=image_shape[0], width=image_shape[1]))
    return str(_TITLES.get(name, name))
