"""What the corruptions of the robustness table are called, in the reader's language."""

from flask_babel import LazyString, lazy_gettext

_TITLES: dict[str, LazyString] = {
    "noise": lazy_gettext("Noise"),
    "blur": lazy_gettext("Blurred"),
    "rotation": lazy_gettext("Turned by 20°"),
    "scale": lazy_gettext("A quarter smaller or larger"),
    "shear": lazy_gettext("Slanted by 17°"),
    "translation": lazy_gettext("Moved by 3 pixels"),
    "thin strokes": lazy_gettext("Thinner strokes"),
    "thick strokes": lazy_gettext("Thicker strokes"),
    "brightness": lazy_gettext("Brighter by 20%"),
    "contrast": lazy_gettext("Contrast cut to 40%"),
    "lines": lazy_gettext("Ruled with grey lines"),
}


def corruption_title(name: str) -> str:
    """Return the title of a corruption; an unknown one shows its own name."""
    return str(_TITLES.get(name, name))
