"""Answers without a model: the entries of the documentation that fit a question best, found by SQLite's FTS5.

``pages`` is the documentation: ``questions.md`` holds short answers, ``questions.pt.md`` and so on the same in other
languages, the other files are in English.
"""

import re
import sqlite3
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rabisco.text import plain

LANGUAGES = ("en", "pt", "es", "fr", "ru")
FOLDER = Path(__file__).parent
QUESTIONS = "questions"
# Shorter words carry no meaning in these languages, longer ones do even where they are inflected: so many letters of
# the end are left out, and the rest is looked for as a beginning.
_SHORTEST, _ENDING = 3, 2
_COMMON = """
    the and for are was does did has have can how what why when which who with from this that not its into should would
    could there they you your about mean means que qual quais como por para uma uns com sem meu minha isso isto esse
    essa este esta porque quando fazer pode posso sao ser tem qué cuál cómo con sin una unos los las del mis cuando
    puedo hacer son hay les des une pour avec sans quoi quel quelle quels comment pourquoi mon mes est sont dans faire
    peut puis что как почему зачем когда где или для при без это этот эта мой моя мои мне его она они чем кто можно ли
    быть есть
"""


@dataclass(frozen=True)
class HelpSection:
    """One section of a page in ``docs/``: its heading, often a question, and its text, Markdown."""

    title: str
    page: str
    text: str
    language: str


def search(question: str, language: str = "en", most: int = 3) -> list[HelpSection]:
    """Return at most so many entries that fit a question best, best first; none if no word of it is known.

    The language is a tag of ``LANGUAGES``; others are answered in English.
    """
    language = language if language in LANGUAGES else "en"
    terms = _terms(question)
    if not terms:
        return []
    match = " OR ".join(f'"{term}"*' for term in terms)
    sections, index = _index()
    with _lock:
        rows = index.execute(
            "SELECT rowid - 1 FROM entries WHERE entries MATCH ? AND language = ? "
            "ORDER BY bm25(entries, 6, 1, 0) LIMIT ?",
            (f"{{title text}}: ({match})", language, most),
        ).fetchall()
    return [sections[number] for (number,) in rows]


def questions(language: str) -> list[HelpSection]:
    """Return the questions that the documentation answers, in the same order in every language."""
    start = "questions.md" if language == "en" else f"questions.{language}.md"
    path = FOLDER / "pages" / start
    return _sections(path, language) if path.is_file() else []


def _terms(question: str) -> list[str]:
    """Return the words that a question is looked for by, without their endings."""
    words = re.findall(r"\w+", plain(question))
    kept = [word for word in words if word not in _COMMON_PLAIN and (len(word) >= _SHORTEST or word.isdecimal())]
    return [word[: max(4, len(word) - _ENDING)] for word in kept][:40]


_COMMON_PLAIN = frozenset(plain(_COMMON).split())
_lock = threading.Lock()


@cache
def _index() -> tuple[list[HelpSection], sqlite3.Connection]:
    pages = FOLDER / "pages"
    english = [path for path in sorted(pages.glob("*.md")) if path.name.count(".") == 1]
    others = [(pages / f"{QUESTIONS}.{language}.md", language) for language in LANGUAGES[1:]]
    listed = [*((path, "en") for path in english), *others]
    sections = [section for path, language in listed if path.is_file() for section in _sections(path, language)]
    index = sqlite3.connect(":memory:", check_same_thread=False)
    index.execute("CREATE VIRTUAL TABLE entries USING fts5(title, text, language UNINDEXED, tokenize = 'unicode61')")
    index.executemany(
        "INSERT INTO entries VALUES (?, ?, ?)",
        [(plain(section.title), plain(section.text), section.language) for section in sections],
    )
    return sections, index


def _sections(path: Path, language: str) -> list[HelpSection]:
    """Return a page's sections; one of questions names in its last line the page that says more."""
    found = []
    for section in re.split(r"^(?=##? )", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        heading, _, body = section.partition("\n")
        text, page = body.strip(), path.name.partition(".")[0]
        if page == QUESTIONS and (more := re.search(r"\n\[[^]]+\]\(([\w-]+)\.md\)\Z", text)):
            text, page = text[: more.start()].strip(), more[1]
        elif page == QUESTIONS:
            continue
        if heading.startswith("#") and text:
            found.append(HelpSection(heading.lstrip("# "), page, text, language))
    return found
