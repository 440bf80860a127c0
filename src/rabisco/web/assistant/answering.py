"""Answering a question: by the documentation, or by a language model, whole or as it comes; failures in words."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

from flask import current_app, request
from flask_babel import LazyString, force_locale, get_locale, gettext, lazy_gettext
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel, Field

from rabisco import artifacts, assistant
from rabisco.assistant import Facts, Failure, HelpSection, Message, ModelServerError, Text, ToolUse
from rabisco.errors import (
    N_,
    AssistantFailedError,
    AssistantQuotaError,
    AssistantTimeoutError,
    BusyError,
    RabiscoError,
    StorageError,
)
from rabisco.settings import Settings
from rabisco.web.assistant.question import Question
from rabisco.web.platform import access
from rabisco.web.platform.languages import chosen, translated
from rabisco.web.platform.logs import LOGGER
from rabisco.web.platform.outages import known
from rabisco.web.platform.routing import app_settings
from rabisco.web.platform.shared_counts import SharedCounts
from rabisco.web.platform.streams import Event


class AssistantPage(BaseModel):
    """A page of the documentation that an answer comes from."""

    page: str
    title: str


class AssistantAnswer(BaseModel):
    """What the assistant says."""

    answer: str = Field(description="Markdown.")
    source: Literal["model", "documentation"]
    html: str = Field(description="The same as safe HTML.")
    pages: list[AssistantPage]
    tools: list[str] = Field(description="What the language model looked up.")
    note: str

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return an answer as it was kept."""
        note = "" if message.source == "model" else gettext("From the documentation: no language model answered this.")
        if not message.details.get("kept", True):
            note = " ".join(filter(None, (note, gettext("The database does not answer, so this is not kept."))))
        found = {name: message.details.get(name, []) for name in ("pages", "tools")}
        told = {"answer": message.text, "source": message.source, "html": assistant.to_html(message.text)}
        return cls.model_validate({**told, **found, "note": str(note)})


MOST_COMPARED = 12  # models whose accuracy an answer tells
QUESTIONS = parse("20/minute")  # that one address may ask a language model
_places: dict[int, threading.BoundedSemaphore] = {}

FAILURES: dict[Failure, LazyString] = {
    "unreachable": lazy_gettext(
        "the language model’s server cannot be reached; check RABISCO_ASSISTANT_URL and that it runs"
    ),
    "slow": lazy_gettext("the language model did not answer in time; ask again, or raise RABISCO_ASSISTANT_TIMEOUT"),
    "broken": lazy_gettext("the answer broke off; ask again"),
    "key": lazy_gettext("the language model’s server refused its key; check RABISCO_ASSISTANT_KEY"),
    "model": lazy_gettext(
        "the language model’s server knows no such model or address; check RABISCO_ASSISTANT_MODEL and "
        "RABISCO_ASSISTANT_URL, which ends in /v1"
    ),
    "quota": lazy_gettext(
        "the language model’s server takes no more questions now: its quota is used up; try again later"
    ),
    "server": lazy_gettext("the language model’s server failed; try again later"),
    "malformed": lazy_gettext(
        "the language model’s server sent something that is no answer; check that RABISCO_ASSISTANT_URL "
        "is an OpenAI-compatible API, ending in /v1"
    ),
    "refused": lazy_gettext("the language model declined to answer this; put it another way"),
    "rejected": lazy_gettext(
        "the language model’s server did not accept the question; make it shorter, or use another model"
    ),
}
ERRORS: dict[Failure, type[RabiscoError]] = {"slow": AssistantTimeoutError, "quota": AssistantQuotaError}


def repeated(question: Question, visitor: str) -> Message | None:
    """Return the last answer where the same question is asked again, as by a page that is loaded again."""
    last = known(lambda: assistant.latest(visitor, 2), [], programs=True)
    same = len(last) == 2 and (last[0].role, last[0].text) == ("user", question.question)
    wanted = "documentation" if question.source or not asks_model(question) else "model"
    return last[1] if same and last[1].source == wanted else None


def from_documentation(question: Question) -> Message:
    """Return what the documentation says, and what this server's own figures are where they matter."""
    language = chosen()
    found = assistant.search(question.question, language)
    if not found:
        words = gettext("The documentation says nothing about this. Try other words, or a suggested question.")
        return Message("assistant", str(words), "documentation", {"pages": [], "tools": []})
    best, *others = found
    parts = [f"**{best.title}**", best.text]
    if question.readings:
        parts.append(str(gettext("In your drawing, the models read:")))
        parts.append(
            "\n".join(f"- {one.model}: {_plain(one.category)} ({one.probability:.1%})" for one in question.readings)
        )
    if best.page == "measurements" and (lines := _figures()):
        parts += [str(gettext("On this server, on test images:")), "\n".join(lines)]
    if others:
        titles = " · ".join(dict.fromkeys(_plain(entry.title) for entry in others))
        parts.append(str(gettext("See also: %(titles)s", titles=titles)))
    return Message("assistant", "\n\n".join(parts), "documentation", {"pages": _pages(found), "tools": []})


def _figures() -> list[str]:
    """Return a line for each model: its accuracy on its test images, with the interval."""
    lines = []
    for card in (artifact.card for artifact in artifacts.list_artifacts()[:MOST_COMPARED]):
        figures = card.metrics
        if {"test_accuracy", "test_accuracy_low", "test_accuracy_high"} <= figures.keys():
            low, high = figures["test_accuracy_low"], figures["test_accuracy_high"]
            lines.append(f"- {card.name}: {figures['test_accuracy']:.2%} ({low:.2%} – {high:.2%})")
    return lines


def from_model(question: Question, visitor: str) -> Message:
    """Return the whole answer of the language model.

    Raises:
        BusyError: As many threads wait for it as may.
    """
    settings = app_settings()
    place = _places.setdefault(settings.threads, threading.BoundedSemaphore(max(1, settings.threads // 2)))
    if not place.acquire(blocking=False):
        raise BusyError(N_("other questions are being answered; ask again in a few seconds"))
    facts = question.facts()
    try:
        pieces = list(assistant.ask(question.question, _earlier(visitor), facts, settings, language=chosen()))
        text = "".join(piece.text for piece in pieces if isinstance(piece, Text))
        return _message(text, [piece.name for piece in pieces if isinstance(piece, ToolUse)], facts)
    except ModelServerError as error:
        note_cost(facts.tokens)
        raise ERRORS.get(error.failure, AssistantFailedError)(str(FAILURES[error.failure])) from None
    finally:
        place.release()


def streamed(question: Question, visitor: str) -> Iterator[Event | None]:
    """Yield the language model's answer as it comes; a thread waits for it, and is told when nobody listens."""
    settings, language, earlier = app_settings(), chosen(), _earlier(visitor)
    app, locale = current_app._get_current_object(), get_locale()  # type: ignore[attr-defined]
    words = {failure: str(text) for failure, text in FAILURES.items()}
    facts, cancelled, news = question.facts(), threading.Event(), queue.SimpleQueue[Event]()

    def wait_for_it() -> None:
        text, used = "", []
        try:
            for piece in assistant.ask(
                question.question, earlier, facts, settings, language=language, cancelled=cancelled
            ):
                if isinstance(piece, Text):
                    text += piece.text
                    news.put(Event({"text": piece.text}, "text"))
                else:
                    used.append(piece.name)
                    news.put(Event({"name": piece.name, "arguments": piece.arguments}, "tool"))
            message = _message(text, used, facts, stopped=cancelled.is_set())
            if text:
                message = keep(visitor, question, message)
            news.put(Event(AssistantAnswer.of(message).model_dump(), "done"))
        except ModelServerError as error:
            note_cost(facts.tokens)
            news.put(Event({"detail": words[error.failure]}, "problem"))
        except RabiscoError as error:
            with app.app_context(), force_locale(str(locale)):
                news.put(Event({"detail": translated(error.sentence)}, "problem"))
        except Exception:
            LOGGER.exception("unforeseen error while the assistant answered")
            news.put(Event({"detail": words["server"]}, "problem"))

    threading.Thread(target=wait_for_it, name="assistant", daemon=True).start()

    def told() -> Iterator[Event | None]:
        try:
            event = None
            while event is None or event.name not in ("done", "problem"):
                event = None if news.empty() else news.get()
                yield event
        finally:
            cancelled.set()

    return told()


def keep(visitor: str, question: Question, message: Message) -> Message:
    """Keep a question and its answer; return the answer, which says so where the database is silent."""
    try:
        assistant.add(visitor, Message("user", question.question), message)
    except StorageError as error:
        LOGGER.warning("%s", error)
        return replace(message, details={**message.details, "kept": False})
    return message


def note_cost(tokens: int) -> None:
    """Count what an answer has cost that is not kept: its tokens are spent all the same."""
    if tokens:
        assistant.add("", Message("cost", "", tokens=tokens))


def _message(text: str, used: list[str], facts: Facts, stopped: bool = False) -> Message:
    details = {"pages": [], "tools": used, "stopped": stopped}
    return Message("assistant", text, "model", details, facts.tokens or len(text) // 3)


def _pages(found: list[HelpSection]) -> list[dict[str, str]]:
    """Return where entries stand, each page once."""
    first = {entry.page: entry.title for entry in reversed(found)}
    return [{"page": page, "title": first[page]} for page in dict.fromkeys(entry.page for entry in found)]


def _plain(text: str) -> str:
    """Return text without what Markdown would read as more than text."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|!" else letter for letter in text)


def _earlier(visitor: str) -> list[dict[str, str]]:
    return [
        {"role": message.role, "content": message.text}
        for message in known(lambda: assistant.latest(visitor, 12), [], programs=True)
        if message.role in ("user", "assistant")
    ]


def asks_model(question: Question) -> bool:
    """Return whether a language model answers this; counts the question where it does.

    Raises:
        AssistantQuotaError: This address asked too often, or today's budget is spent.
    """
    settings = app_settings()
    if question.source == "documentation" or not assistant.is_configured(settings) or not may_ask(settings):
        return False
    asked = _asked(settings.shares_database)
    if not asked.test(QUESTIONS, request.remote_addr or ""):
        raise AssistantQuotaError(N_("too many questions in a minute; wait a little and ask again"))
    spent = known(assistant.tokens_today, None, programs=True) if settings.assistant_daily_tokens else 0
    if spent is None:
        return False  # what it may cost is not known now
    if settings.assistant_daily_tokens and spent >= settings.assistant_daily_tokens:
        raise AssistantQuotaError(
            N_(
                "today’s budget for the language model is spent (RABISCO_ASSISTANT_DAILY_TOKENS); it begins anew "
                "at midnight UTC. The documentation still answers"
            )
        )
    asked.hit(QUESTIONS, request.remote_addr or "")
    return True


@lru_cache
def _asked(shared: bool) -> FixedWindowRateLimiter:
    """Return how many questions of each address are counted, by all servers together or here."""
    return FixedWindowRateLimiter(SharedCounts() if shared else MemoryStorage())


def may_ask(settings: Settings) -> bool:
    """Return whether this visitor may cause what a language model costs."""
    return not settings.read_only and access.admits(settings, request.environ) and not access.is_foreign()
