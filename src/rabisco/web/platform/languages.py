"""Which language a reader gets: ``?lang=``, else the cookie, else what the browser accepts, else English.

Sentences of the core, and those that JavaScript shows, are told in it.
"""

import math
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from babel.support import Translations
from flask import Flask, Request, Response, request
from flask_babel import Babel, get_locale, gettext, lazy_gettext

from rabisco.errors import Sentence
from rabisco.runs.states import PHASES, STATES

# Primary language tag -> (locale of the catalog, tag for HTML, the language's own name).
LANGUAGES = {
    "en": ("en", "en", "English"),
    "pt": ("pt_BR", "pt-BR", "Português"),
    "es": ("es", "es", "Español"),
    "fr": ("fr", "fr", "Français"),
    "ru": ("ru", "ru", "Русский"),
}
COOKIE = "lang"
_TRANSLATIONS = Path(__file__).parents[1] / "translations"
SECONDS = 365 * 24 * 3600
# What the pages' JavaScript shows, by ``<body data-messages>``; it fills in ``{name}``.
_MESSAGES = {
    "agree": lazy_gettext("Both models read {category}."),
    "disagree": lazy_gettext("They disagree. {first}: {category}, {second}: {other}."),
    "one": lazy_gettext("{first} reads {category}."),
    "all": lazy_gettext("All models read {category}."),
    "split": lazy_gettext("They disagree. {readings}"),
    "waiting": lazy_gettext("Draw, and watch what each model reads."),
    "waiting_many": lazy_gettext("Draw a row of characters and watch what each model reads."),
    "draw_class": lazy_gettext("Draw: {name} ({number} of {each})"),
    "all_drawn": lazy_gettext("All drawn. Send them, or draw a few more."),
    "blank": lazy_gettext("Nothing is drawn in this picture."),
    "alike": lazy_gettext("Often written alike: {names}"),
    "failed": lazy_gettext("No answer: {reason}"),
    "offline": lazy_gettext("the server cannot be reached"),
    "thanks": lazy_gettext("Thank you, it is saved."),
    "learned": lazy_gettext("✓ Learned: this is {label}."),
    "learned_none": lazy_gettext("✓ Learned: this is not a character."),
    "learned_other": lazy_gettext("✓ Learned: this is another character."),
    "nothing_worse": lazy_gettext("Nothing else got worse: {unchanged} of {counted} test images are read as before."),
    "some_changed": lazy_gettext("{unchanged} of {counted} test images are read as before."),
    "undone": lazy_gettext("Undone. The model has forgotten it."),
    "remembered": lazy_gettext("remembered"),
    "by_heart": lazy_gettext(
        "A corrected picture is recognized as a whole, so no part of it mattered more than another."
    ),
    "letter": lazy_gettext("This looks like the letter {letter}."),
    "will_notify": lazy_gettext("You will be notified"),
    "pen_down": lazy_gettext("Pen down"),
    "pen_up": lazy_gettext("Pen up"),
    "copy": lazy_gettext("Copy"),
    "close": lazy_gettext("Close"),
    "copied": lazy_gettext("Copied"),
    "selected": lazy_gettext("Selected: copy it with Ctrl+C"),
    "cell": lazy_gettext("{category} read as {read_as}: {count} of {total} ({share})"),
    "cell_right": lazy_gettext("{category} read as itself: {count} of {total} ({share})"),
    "latency": lazy_gettext("{milliseconds} ms"),
    "sent": lazy_gettext("{done} of {all} MB sent"),
    "stored": lazy_gettext("All sent; the server is storing it."),
    "curve": lazy_gettext("{figure} after {epochs} epochs: training images {train}, validation images {validation}"),
    "epoch_values": lazy_gettext("Epoch {epoch}: {values}"),
    "required": lazy_gettext("required"),
    "file": lazy_gettext("file"),
    "lines": lazy_gettext("One per line"),
    "save": lazy_gettext("Save {name}"),
}


def init_app(app: Flask) -> None:
    """Choose the language of each request and give the templates what they need to show and switch it."""
    Babel(app, locale_selector=_locale, default_translation_directories="translations")
    app.after_request(_remember)
    app.context_processor(
        lambda: {
            "languages": LANGUAGES,
            "language": chosen(),
            "language_tag": LANGUAGES[chosen()][1],
            "messages": _messages(),
        }
    )


def chosen() -> str:
    """Return the primary tag of the language that this request is answered in, a key of ``LANGUAGES``."""
    return _chosen(request)


def translated(sentence: Sentence, locale: str = "") -> str:
    """Return a sentence in the reader's language, its numbers as that language writes them.

    Args:
        sentence: In English.
        locale: Of the reader's catalog; of the current request if not given.
    """
    locale = locale or str(get_locale() or "en")
    message = _catalog(locale).gettext(sentence.message) if sentence else ""  # "" stands for the catalog's head
    values = {name: _shown(value, locale) for name, value in sentence.values.items()}
    return message % values if values else message


def locale_of(environ: dict[str, Any]) -> str:
    """Return the locale of the catalog for who made a request, by its environment (PEP 3333)."""
    return LANGUAGES[_chosen(Request(environ))][0]


def _chosen(request: Request) -> str:
    asked = (request.args.get("lang"), request.cookies.get(COOKIE), *request.accept_languages.values())
    return next((tag for tag in map(_primary, asked) if tag in LANGUAGES), "en")


@cache
def _catalog(locale: str) -> NullTranslations:
    return Translations.load(_TRANSLATIONS, [locale])


def _primary(tag: str | None) -> str:
    return (tag or "").replace("_", "-").split("-")[0].lower()


def _locale() -> str:
    return LANGUAGES[chosen()][0]


def _remember(response: Response) -> Response:
    if response.mimetype in ("text/html", "application/problem+json") or request.endpoint == "docs.openapi":
        response.headers["Content-Language"] = str(get_locale()).replace("_", "-")
        response.vary.update(("Accept", "Accept-Language", "Cookie"))
    if _primary(request.args.get("lang")) in LANGUAGES:
        response.set_cookie(COOKIE, _primary(request.args["lang"]), max_age=SECONDS, samesite="Lax")
    return response


def _shown(value: object, locale: str) -> str:
    if isinstance(value, Sentence):
        return translated(value, locale)
    if isinstance(value, int) or (isinstance(value, float) and (value == 0 or 1e-6 <= abs(value) < math.inf)):
        return format_decimal(value, "#,##0.######", locale)
    return str(value)


def _messages() -> dict[str, str]:
    states = {f"run_{name}": gettext(words) for name, words in STATES.items()}
    phases = {f"phase_{name}": gettext(words) for name, words in PHASES.items()}
    return {key: str(message) for key, message in _MESSAGES.items()} | states | phases
