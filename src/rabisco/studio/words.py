"""The words of the studio, in the languages of the pages."""

from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent.parent / "web" / "translations"
LANGUAGES = {"English": "en", "Português": "pt_BR", "Español": "es", "Français": "fr", "Русский": "ru"}


@lru_cache
def translations(locale: str) -> NullTranslations:
    """Return the catalog of a locale, one of ``LANGUAGES``'s; sentences that it lacks stay English."""
    return Translations.load(FOLDER, [locale])
