"""What the modules that look inside a model say; filled in by JavaScript, like ``messages``."""

from flask_babel import lazy_gettext

_WORDS = {
    "stage": lazy_gettext("Stage {number}: {count} maps of {height} × {width}"),
    "stem": lazy_gettext("First layer: {count} maps of {height} × {width}"),
    "kernels": lazy_gettext("All {count} kernels"),
    "answers": lazy_gettext("What each answers, at every place"),
    "kernel": lazy_gettext("Kernel {number}: {answer}"),
    "feature": lazy_gettext("Map {map}, row {row}, column {column}"),
    "whole": lazy_gettext("Map {map}"),
    "plain": lazy_gettext("Feature {index}"),
    "rest": lazy_gettext("All others and the bias"),
    "score": lazy_gettext("Score of {category}"),
    "class": lazy_gettext("{category}: {logit}"),
    "template": lazy_gettext("Template"),
    "seen": lazy_gettext("Template × drawing"),
    "grad_cam": lazy_gettext("Where {category} was found"),
    "no_images": lazy_gettext("This model has no training images to show."),
    "erased": lazy_gettext("Without this square it reads {category} ({probability})."),
    "added": lazy_gettext("With ink in this square it reads {category} ({probability})."),
    "unmoved": lazy_gettext("No square that was tried changes the answer."),
    "by_heart": lazy_gettext("A corrected picture is recognized as a whole; this is what the weights make of it."),
    "ink": lazy_gettext("The ink, {height} × {width} pixels"),
    "outputs": lazy_gettext("Outputs"),
}


def inside_words() -> dict[str, str]:
    """Return every sentence in the language of the current request, by key."""
    return {key: str(words) for key, words in _WORDS.items()}
