"""Sentences of the core in the reader's language: what errors, findings and titles say."""

import math

from flask_babel import format_decimal, gettext

from rabisco.errors import Sentence


def translated(sentence: Sentence) -> str:
    """Return a sentence in the reader's language, its numbers as that language writes them."""
    message = str(gettext(sentence.message)) if sentence else ""  # the empty one's translation is the catalog's head
    values = {name: _shown(value) for name, value in sentence.values.items()}
    return message % values if values else message


def _shown(value: object) -> str:
    if isinstance(value, Sentence):
        return translated(value)
    if isinstance(value, int) or (isinstance(value, float) and (value == 0 or 1e-6 <= abs(value) < math.inf)):
        return str(format_decimal(value, "#,##0.######"))
    return str(value)
