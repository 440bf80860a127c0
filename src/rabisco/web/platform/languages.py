"""Which language a reader gets: ``?lang=``, else the cookie, else what the browser accepts, else English."""

from flask import Flask, Response, request
from flask_babel import Babel, get_locale

from rabisco.web.platform.messages import messages

# Primary language tag -> (locale of the catalog, tag for HTML, the language's own name).
LANGUAGES = {
    "en": ("en", "en", "English"),
    "pt": ("pt_BR", "pt-BR", "Português"),
    "es": ("es", "es", "Español"),
    "fr": ("fr", "fr", "Français"),
    "ru": ("ru", "ru", "Русский"),
}
COOKIE = "lang"
SECONDS = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Choose the language of each request and give the templates what they need to show and switch it."""
    Babel(app, locale_selector=_locale, default_translation_directories="translations")
    app.after_request(_remember)
    app.context_processor(
        lambda: {
            "languages": LANGUAGES,
            "language": chosen(),
            "language_tag": LANGUAGES[chosen()][1],
            "messages": messages(),
        }
    )


def chosen() -> str:
    """Return the primary tag of the language that this request is answered in, a key of ``LANGUAGES``."""
    asked = (request.args.get("lang"), request.cookies.get(COOKIE), *request.accept_languages.values())
    return next((tag for tag in map(_primary, asked) if tag in LANGUAGES), "en")


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
