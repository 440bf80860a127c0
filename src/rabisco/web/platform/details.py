"""What the core's errors and the notes of cards say, in the reader's language."""

import re
from collections.abc import Callable

from flask_babel import format_decimal, gettext, lazy_gettext

from rabisco.errors import RabiscoError

# The core knows no languages. Its sentences are named here too, so that the catalogs hold them; a test compares.
SENTENCES = (
    lazy_gettext("expected a whole picture file, received one that is truncated or damaged; export or send it again"),
    lazy_gettext("expected a data URL in base64 (data:image/png;base64,...), received another one"),
    lazy_gettext(
        "expected a picture as base64 text or data URL, received text that is not base64; "
        "send the file itself or encode all of it"
    ),
    lazy_gettext("expected a picture file, received zero bytes; choose the file again"),
    lazy_gettext(
        "expected a file of at most %(limit)s bytes, received %(received)s; send a smaller or more compressed picture"
    ),
    lazy_gettext("expected a whole PNG file, received one whose end or checksums are wrong; export or send it again"),
    lazy_gettext("expected a picture (%(formats)s), received something else; save it in one of these formats"),
    lazy_gettext("expected at most %(limit)s pixels, received far more; send the picture made smaller"),
    lazy_gettext("expected at most %(limit)s pixels, received %(width)s × %(height)s; send the picture made smaller"),
    lazy_gettext(
        "expected at most %(most)s characters in one picture, found %(found)s marks; "
        "send a part of it, or a picture of writing alone"
    ),
    lazy_gettext(
        "expected a model of characters to read several at once, received “%(name)s”, which looks at whole "
        "pictures; ask it for one"
    ),
    lazy_gettext(
        "expected a model that knows such characters (%(among)s), received one that knows %(names)s; "
        "ask another model, or for “any”"
    ),
    lazy_gettext(
        "no normaliser of that kind is called “%(name)s”; use the one that the model's card names: %(names)s"
    ),
    lazy_gettext(
        "a model's name must be 1 to 60 letters, digits, '-', '_' or '.', the first a letter or digit. "
        "Received: %(name)s; choose another name"
    ),
    lazy_gettext(
        "“%(name)s” is the short name of another model (%(model)s) and would be hidden by it; choose another "
        "name, such as my-%(name)s"
    ),
    lazy_gettext("no model has been trained yet; train one first: rabisco train mnist-cnn"),
    lazy_gettext(
        "a model is one of %(names)s. Received: %(name)s; choose one of them, or train another: rabisco train --help"
    ),
    lazy_gettext("the versions of model “%(name)s” are %(versions)s. Received: %(number)s; choose one of them"),
    lazy_gettext("the card of model “%(name)s” cannot be read; train it again: rabisco train %(name)s"),
    lazy_gettext(
        "%(file)s of model “%(name)s” is missing or is not the file its card describes; "
        "restore it or train again: rabisco train %(name)s"
    ),
    lazy_gettext(
        "going back needs a version of “%(name)s” that answered before version %(number)s; there is "
        "none. Choose a version by its number instead"
    ),
    lazy_gettext("version 0 comes with the package and cannot be deleted; use another instead"),
    lazy_gettext("version %(number)s of “%(name)s” is the one that answers, so it was not deleted; use another first"),
    lazy_gettext("“%(name)s” comes with the package and cannot be deleted"),
    lazy_gettext("“%(name)s” answers by default, so it was not deleted; promote another first"),
    lazy_gettext("going back needs a model that answered by default before; there is none"),
    lazy_gettext(
        "the folder of models must be writable and have room. Received: %(reason)s; nothing was "
        "changed. Free some space, or give write permission, and try again"
    ),
)

# What a training writes into the notes of its card; anything else there was written by a person.
_NOTES: tuple[tuple[str, Callable[..., str]], ...] = (
    (
        r"Ended: completed; weights of epoch (?P<epoch>\d+)\.",
        lambda epoch: gettext("Trained to the end; weights of epoch %(epoch)s.", epoch=epoch),
    ),
    (
        r"Ended: stopped; weights of epoch (?P<epoch>\d+)\.",
        lambda epoch: gettext("Stopped by hand; weights of epoch %(epoch)s.", epoch=epoch),
    ),
    (
        r"Ended: patience; weights of epoch (?P<epoch>\d+)\.",
        lambda epoch: gettext("Ended early, as it no longer got better; weights of epoch %(epoch)s.", epoch=epoch),
    ),
    (
        r"Trained on (?P<names>[\w, -]+) as well\.",
        lambda names: gettext("Trained on %(names)s as well.", names=names),
    ),
)


def detail_of(error: RabiscoError) -> str:
    """Return an error's sentence in the reader's language, its numbers as that language writes them."""
    values = {name: format_decimal(value) if isinstance(value, int) else value for name, value in error.values.items()}
    return str(gettext(error.message, **values))


def notes_of(notes: str) -> tuple[str, bool]:
    """Return a card's notes in the reader's language, and whether all of them are: else they are as written."""
    said = []
    rest = notes.strip()
    while rest:
        found = [(match, say) for pattern, say in _NOTES if (match := re.match(pattern, rest))]
        if not found:
            return notes, False
        match, say = found[0]
        said.append(say(**match.groupdict()))
        rest = rest[match.end() :].lstrip()
    return " ".join(said), True
