"""The words of the studio, in the languages of the pages."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from babel.support import NullTranslations, Translations

LANGUAGES = {"English": "en", "Português": "pt_BR", "Español": "es", "Français": "fr", "Русский": "ru"}


@lru_cache
def translations(locale: str) -> NullTranslations:
    """Return the catalog of a locale, one of ``LANGUAGES``'s; sentences that it lacks stay English."""
    return Translations.load(_folder(), [locale])


def _folder() -> Path:
    """Return where the catalogs lie, without importing the web application."""
    spec = find_spec("rabisco")
    root = Path((spec and spec.origin) or "").parent
    return next(root.rglob("translations"), root)
