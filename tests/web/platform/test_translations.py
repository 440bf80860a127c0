"""Every string that a reader sees is translated into every language, and the compiled catalogs are up to date."""

import io
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import rabisco.web
from rabisco.web.platform.languages import LANGUAGES

WEB = Path(rabisco.web.__file__).parent
LOCALES = [locale for locale, _, _ in LANGUAGES.values() if locale != "en"]
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.md", "jinja2")]
KEYWORDS = {"N_": None, "gettext": None, "lazy_gettext": None, "_": None, "ngettext": (1, 2)}
ADVICE = "run: pybabel extract, update and compile, as CONTRIBUTING says"


@cache
def strings() -> set[str | tuple[str, ...]]:
    return {message for _, _, message, _, _ in extract_from_dir(WEB.parent, METHODS, keywords=KEYWORDS)}


def catalog(locale: str) -> Catalog:
    with (WEB / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def forms(message) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


@pytest.mark.slow
def test_strings_are_found_in_python_and_in_templates() -> None:
    assert {"There is no such model", "Draw a digit", ("%(count)s image", "%(count)s images")} <= strings()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_string_is_untranslated_fuzzy_or_left_over(locale: str) -> None:
    entries = {tuple(m.id) if m.pluralizable else m.id: m for m in catalog(locale) if m.id}
    assert strings() - entries.keys() == set(), ADVICE
    assert entries.keys() - strings() == set(), ADVICE
    assert [m.id for m in entries.values() if m.fuzzy or not all(forms(m.string))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_survive_translation(locale: str) -> None:
    for message in catalog(locale):
        expected = {field for text in forms(message.id) for field in placeholders(text)}
        for translated in forms(message.string) if message.id else []:
            assert placeholders(translated) <= expected, message.id
    assert not [error for message in catalog(locale) for error in message.check()]


def placeholders(text: str) -> set[str]:
    if "%(" in text:
        return {part.split(")")[0] for part in text.split("%(")[1:]}
    if '{"' in text:  # an example of JSON, not a format
        return set()
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalog_is_the_written_one(locale: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog(locale))
    path = WEB / "translations" / locale / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        stored = {str(m.id): m.string for m in read_mo(file) if m.id}
    compiled.seek(0)
    assert stored == {str(m.id): m.string for m in read_mo(compiled) if m.id}, ADVICE
