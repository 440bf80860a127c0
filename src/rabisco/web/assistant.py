"""``/assistant``: questions and their answers, by a language model that looks facts up, or by the documentation.

``GET /model`` answers one question, as JSON or as the page; ``POST /assistant/messages`` also streams. Without a
language model, or where a visitor may not use it, the documentation answers.
"""

import queue
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rabisco import artifacts, assistant
from rabisco.assistant import Entry, Facts, Failure, Message, ModelServerError, Text, ToolUse
from rabisco.errors import (
    AssistantFailedError,
    AssistantQuotaError,
    AssistantTimeoutError,
    BusyError,
    InvalidRequestError,
    RabiscoError,
)
from rabisco.settings import Settings
from rabisco.web import access, shapes
from rabisco.web.fields import only_known
from rabisco.web.languages import chosen
from rabisco.web.logs import LOGGER
from rabisco.web.problems import wants_page
from rabisco.web.routing import route
from rabisco.web.streams import Event, events
from rabisco.web.visitors import new_visitor, remember
from rabisco.web.visitors import visitor as this_visitor

blueprint = Blueprint("assistant", __name__)

MOST_CHARACTERS = 1000
MOST_IMAGE = 200_000  # characters of a data URL
QUESTIONS = parse("20/minute")  # that one address may ask a language model
_asked = FixedWindowRateLimiter(MemoryStorage())
_places: dict[int, threading.BoundedSemaphore] = {}

FAILURES: dict[Failure, tuple[type[RabiscoError], Any]] = {
    "unreachable": (
        AssistantFailedError,
        lazy_gettext("the language model’s server cannot be reached; check RABISCO_ASSISTANT_URL and that it runs"),
    ),
    "slow": (
        AssistantTimeoutError,
        lazy_gettext("the language model did not answer in time; ask again, or raise RABISCO_ASSISTANT_TIMEOUT"),
    ),
    "broken": (AssistantFailedError, lazy_gettext("the answer broke off; ask again")),
    "key": (
        AssistantFailedError,
        lazy_gettext("the language model’s server refused its key; check RABISCO_ASSISTANT_KEY"),
    ),
    "model": (
        AssistantFailedError,
        lazy_gettext(
            "the language model’s server knows no such model or address; check RABISCO_ASSISTANT_MODEL and "
            "RABISCO_ASSISTANT_URL, which ends in /v1"
        ),
    ),
    "quota": (
        AssistantQuotaError,
        lazy_gettext("the language model’s server takes no more questions now: its quota is used up; try again later"),
    ),
    "server": (
        AssistantFailedError,
        lazy_gettext("the language model’s server failed; try again later"),
    ),
    "malformed": (
        AssistantFailedError,
        lazy_gettext(
            "the language model’s server sent something that is no answer; check that RABISCO_ASSISTANT_URL "
            "is an OpenAI-compatible API, ending in /v1"
        ),
    ),
    "refused": (AssistantFailedError, lazy_gettext("the language model declined to answer this; put it another way")),
    "rejected": (
        AssistantFailedError,
        lazy_gettext("the language model’s server did not accept the question; make it shorter, or use another model"),
    ),
}

# The page of the documentation -> where that is done on these pages.
_PLACES = {
    "training": "train.index",
    "your-data": "train.index",
    "runs": "runs.index",
    "artifacts": "models.index",
    "measurements": "compare.index",
    "routes": "docs.index",
    "commands": "docs.index",
}
# Which questions of the documentation are suggested to a visitor who comes from such a page.
_SUGGESTED = (
    (("/train", "/upload-data", "/uploads", "/runs"), (10, 23, 20, 24)),
    (("/models", "/compare"), (7, 8, 16, 9)),
    (("/corrections",), (25, 26, 0)),
    (("/",), (0, 4, 1, 7)),
)


class PossibleClass(BaseModel):
    """One class that a model held possible."""

    model_config = ConfigDict(extra="ignore")

    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)


class CurrentReading(BaseModel):
    """What one model read in the visitor's drawing."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=120)
    category: str = Field(max_length=120)
    probability: float = Field(ge=0, le=1)
    top_k: list[PossibleClass] = Field(default=[], max_length=10)
    refused: str | None = Field(default=None, max_length=300)


class Question(BaseModel):
    """What is asked, and what it is about."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    page: str = Field(default="", max_length=300, description="Path of the page that the visitor came from.")
    readings: list[CurrentReading] = Field(default=[], max_length=8, description="What models read in the drawing.")
    image: str | None = Field(
        default=None,
        max_length=MOST_IMAGE,
        pattern="^data:image/png;base64,[A-Za-z0-9+/=]+$",
        description="The drawing, if it may be sent to the language model.",
    )
    source: str = Field(default="", pattern="^(documentation)?$", description="`documentation`: ask no model.")

    def facts(self) -> Facts:
        """Return what the question is about, as a language model gets it."""
        reading = {"models": [one.model_dump() for one in self.readings]} if self.readings else None
        return Facts(self.page, reading, self.image)


@route(
    blueprint,
    "GET",
    "/assistance",
    "assistant_page_in_french",
    lazy_gettext("The same page under its French name."),
    ("curl {url}/assistance",),
    page=True,
    problems=(507,),
)
@route(
    blueprint,
    "GET",
    "/assistant",
    "assistant_page",
    lazy_gettext("The page on which a question is asked, with the conversation so far."),
    ("curl {url}/assistant",),
    page=True,
    query=("question", "from"),
    problems=(507,),
)
def index() -> ResponseReturnValue:
    """Show the conversation and the form for a question."""
    return _page(request.args.get("question", "")[:MOST_CHARACTERS])


@route(
    blueprint,
    "GET",
    "/model",
    "ask_assistant",
    lazy_gettext(
        "Answers a question: by the language model that the server is connected to, else, or with "
        "“source=documentation”, by the documentation."
    ),
    ("curl -G --data-urlencode 'question=What is overfitting?' {url}/model",),
    answer=shapes.AssistantAnswer,
    page=True,
    query=("question", "source"),
    problems=(400, 502, 503, 504, 507),
)
def answer() -> ResponseReturnValue:
    """Answer one question: with a page in a browser, else with JSON."""
    return _answered(_checked({name: request.args[name] for name in ("question", "source") if name in request.args}))


@route(
    blueprint,
    "POST",
    "/assistant/messages",
    "send_question",
    lazy_gettext(
        "The same with what the question is about: the “page” and the “readings” of a drawing. For “Accept: "
        "text/event-stream” the answer comes piece by piece."
    ),
    ("""curl --json '{{"question": "What is overfitting?"}}' {url}/assistant/messages""",),
    answer=shapes.AssistantAnswer,
    page=True,
    receives="question",
    problems=(400, 408, 413, 422, 502, 503, 504, 507),
    open="without the access token only the documentation answers",
)
def ask() -> ResponseReturnValue:
    """Answer one question, as it comes where the client takes server-sent events."""
    given: Any = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(given, dict):
        raise InvalidRequestError(gettext("expected a JSON object with “question”; see the API page"))
    given.pop("csrf_token", None)
    only_known(given, tuple(Question.model_fields))
    question = _checked(given)
    if "text/event-stream" not in request.headers.get("Accept", ""):
        return _answered(question)
    token, visitor = new_visitor()
    response = events(
        _streamed(question, visitor)
        if _asks_model(question)
        else _told(_from_documentation(question), question, visitor)
    )
    remember(response, token)
    return response


@route(
    blueprint,
    "POST",
    "/assistant/clear",
    "clear_conversation",
    lazy_gettext("Deletes the conversation of this browser for good."),
    ("curl -b cookies.txt -X POST {url}/assistant/clear",),
    answer=shapes.Deleted,
    page=True,
    problems=(507,),
    open="each browser reaches only its own",
)
def clear() -> ResponseReturnValue:
    """Delete this browser's conversation."""
    assistant.clear(this_visitor())
    return redirect(url_for("assistant.index"), 303) if wants_page() else jsonify(deleted="conversation")


def _latest() -> str:
    return url_for("assistant.index", _anchor="latest")


def _page(question: str = "", problem: str = "", status: int = 200, visitor: str = "") -> ResponseReturnValue:
    settings = _settings()
    came_from = _came_from()
    page = render_template(
        "assistant.html",
        question=question,
        problem=problem,
        messages_so_far=[_shown(message) for message in assistant.latest(visitor or this_visitor())],
        suggested=_suggested(came_from),
        came_from=came_from,
        connected=assistant.is_configured(settings),
        may_ask=_may_ask(settings),
        model_name=settings.assistant_model,
        most_characters=MOST_CHARACTERS,
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answered(question: Question) -> ResponseReturnValue:
    """Answer at once; where that fails, a browser gets its question back."""
    token, visitor = new_visitor()
    known = bool(this_visitor())
    try:
        message = _repeated(question, visitor) if known and request.method == "GET" else None
        if message is None:
            message = _from_model(question, visitor) if _asks_model(question) else _from_documentation(question)
            if known or wants_page():
                _keep(visitor, question, message)
            elif message.tokens:
                assistant.add("", Message("cost", "", tokens=message.tokens))
    except (AssistantFailedError, AssistantTimeoutError, AssistantQuotaError, BusyError) as error:
        if not wants_page():
            raise
        status = {AssistantTimeoutError: 504, AssistantQuotaError: 429, BusyError: 503}.get(type(error), 502)
        return _page(question.question, str(error), status)
    if not wants_page():
        return jsonify(_as_json(message))
    response = make_response(_page(visitor=visitor) if request.method == "GET" else redirect(_latest(), 303))
    remember(response, token)
    return response


def _repeated(question: Question, visitor: str) -> Message | None:
    """Return the last answer where the same question is asked again, as by a page that is loaded again."""
    last = assistant.latest(visitor, 2)
    same = len(last) == 2 and (last[0].role, last[0].text) == ("user", question.question)
    wanted = "documentation" if question.source or not _asks_model(question) else "model"
    return last[1] if same and last[1].source == wanted else None


def _from_documentation(question: Question) -> Message:
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
    for name in artifacts.list_names()[:6]:
        try:
            figures = artifacts.load_artifact(name).card.metrics
        except RabiscoError:
            continue
        if {"test_accuracy", "test_accuracy_low", "test_accuracy_high"} <= figures.keys():
            low, high = figures["test_accuracy_low"], figures["test_accuracy_high"]
            lines.append(f"- {name}: {figures['test_accuracy']:.2%} ({low:.2%} – {high:.2%})")
    return lines


def _from_model(question: Question, visitor: str) -> Message:
    """Return the whole answer of the language model.

    Raises:
        BusyError: As many threads wait for it as may.
    """
    settings = _settings()
    place = _places.setdefault(settings.threads, threading.BoundedSemaphore(max(1, settings.threads // 2)))
    if not place.acquire(blocking=False):
        raise BusyError(gettext("other questions are being answered; ask again in a few seconds"))
    try:
        facts = question.facts()
        pieces = list(assistant.ask(question.question, _earlier(visitor), facts, settings, language=chosen()))
        text = "".join(piece.text for piece in pieces if isinstance(piece, Text))
        return _message(text, [piece.name for piece in pieces if isinstance(piece, ToolUse)], facts)
    except ModelServerError as error:
        raise _failure(error.failure) from None
    finally:
        place.release()


def _streamed(question: Question, visitor: str) -> Iterator[Event | None]:
    """Yield the language model's answer as it comes; a thread waits for it, and is told when nobody listens."""
    settings, language, earlier = _settings(), chosen(), _earlier(visitor)
    words = {failure: (kind, str(text)) for failure, (kind, text) in FAILURES.items()}
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
                _keep(visitor, question, message)
            news.put(Event(_as_json(message), "done"))
        except ModelServerError as error:
            if facts.tokens:
                assistant.add("", Message("cost", "", tokens=facts.tokens))
            news.put(Event({"detail": words[error.failure][1]}, "problem"))
        except RabiscoError as error:
            news.put(Event({"detail": str(error)}, "problem"))
        except Exception:
            LOGGER.exception("unforeseen error while the assistant answered")
            news.put(Event({"detail": words["server"][1]}, "problem"))

    threading.Thread(target=wait_for_it, name="assistant", daemon=True).start()

    def told() -> Iterator[Event | None]:
        try:
            while True:
                try:
                    event = news.get_nowait()
                except queue.Empty:
                    yield None
                    continue
                yield event
                if event.name in ("done", "problem"):
                    return
        finally:
            cancelled.set()

    return told()


def _told(message: Message, question: Question, visitor: str) -> Iterator[Event]:
    """Yield an answer that is there already."""
    _keep(visitor, question, message)
    return iter([Event(_as_json(message), "done")])


def _keep(visitor: str, question: Question, message: Message) -> None:
    assistant.add(visitor, Message("user", question.question), message)


def _message(text: str, used: list[str], facts: Facts, stopped: bool = False) -> Message:
    details = {"pages": [], "tools": used, "stopped": stopped}
    return Message("assistant", text, "model", details, facts.tokens or len(text) // 3)


def _as_json(message: Message) -> dict[str, Any]:
    note = (
        "" if message.source == "model" else str(gettext("From the documentation: no language model answered this."))
    )
    return {
        "answer": message.text,
        "source": message.source,
        "html": assistant.to_html(message.text),
        "pages": message.details.get("pages", []),
        "tools": message.details.get("tools", []),
        "note": str(note),
    }


def _shown(message: Message) -> dict[str, Any]:
    """Return a message as the page shows it: an answer as safe HTML, with links to where things are done."""
    if message.role != "assistant":
        return {"role": message.role, "text": message.text}
    pages = [{**page, "address": place_of(page["page"])} for page in message.details.get("pages", [])]
    return {**_as_json(message), "role": "assistant", "pages": pages, "stopped": message.details.get("stopped", False)}


def place_of(page: str) -> str:
    """Return the address on these pages that a page of the documentation is about; empty if there is none."""
    return url_for(_PLACES[page]) if page in _PLACES else ""


def _pages(found: list[Entry]) -> list[dict[str, str]]:
    """Return where entries stand, each page once."""
    first = {entry.page: entry.title for entry in reversed(found)}
    return [{"page": page, "title": first[page]} for page in dict.fromkeys(entry.page for entry in found)]


def _plain(text: str) -> str:
    """Return text without what Markdown would read as more than text."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|!" else letter for letter in text)


def _earlier(visitor: str) -> list[dict[str, str]]:
    return [
        {"role": message.role, "content": message.text}
        for message in assistant.latest(visitor, 12)
        if message.role in ("user", "assistant")
    ]


def _asks_model(question: Question) -> bool:
    """Tell whether a language model answers this; counts the question where it does.

    Raises:
        AssistantQuotaError: This address asked too often, or today's budget is spent.
    """
    settings = _settings()
    if question.source == "documentation" or not assistant.is_configured(settings) or not _may_ask(settings):
        return False
    if not _asked.test(QUESTIONS, request.remote_addr or ""):
        raise AssistantQuotaError(gettext("too many questions in a minute; wait a little and ask again"))
    if settings.assistant_daily_tokens and assistant.tokens_today() >= settings.assistant_daily_tokens:
        raise AssistantQuotaError(
            gettext(
                "today’s budget for the language model is spent (RABISCO_ASSISTANT_DAILY_TOKENS); it begins anew "
                "at midnight UTC. The documentation still answers"
            )
        )
    _asked.hit(QUESTIONS, request.remote_addr or "")
    return True


def _may_ask(settings: Settings) -> bool:
    """Tell whether this visitor may cause what a language model costs."""
    return not settings.read_only and access.admits(settings, request.environ) and not access.is_foreign()


def _failure(failure: Failure) -> RabiscoError:
    kind, words = FAILURES[failure]
    return kind(str(words))


def _checked(given: dict[str, Any]) -> Question:
    """Return the question of a request.

    Raises:
        InvalidRequestError: There is none, it is too long, or what came with it has another form.
    """
    text = given.get("question")
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError(gettext("expected a question as “question”, received none; write one"))
    if len(text.strip()) > MOST_CHARACTERS:
        raise InvalidRequestError(
            gettext(
                "expected a question of at most %(most)s characters, received %(count)s; make it shorter",
                most=MOST_CHARACTERS,
                count=len(text.strip()),
            )
        )
    try:
        return Question.model_validate({**given, "question": text.strip().replace("\0", "")})
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise InvalidRequestError(
            gettext("“%(field)s” has not the form that the API page gives; correct it or leave it out", field=field)
        ) from None


def _came_from() -> str:
    """Return the path of the page of ours that the visitor came from, or an empty string."""
    asked = request.args.get("from", "")
    if asked.startswith("/") and not asked.startswith("//"):
        return asked[:300]
    before = urlsplit(request.referrer or "")
    return before.path[:300] if before.netloc == request.host else ""


def _suggested(came_from: str) -> list[str]:
    questions = assistant.questions(chosen())
    numbers = next((chosen_ for starts, chosen_ in _SUGGESTED if came_from.startswith(starts)), (0, 7, 10, 31))
    return [questions[number].title for number in numbers if number < len(questions)]


def _settings() -> Settings:
    settings: Settings = current_app.config["RABISCO"]
    return settings
