"""``/assistant``: questions and their answers, by a language model that looks facts up, or by the documentation.

``GET /model`` answers one question, as JSON or as the page; ``POST /assistant/messages`` also streams. Without a
language model, or where a visitor may not use it, the documentation answers.
"""

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from pydantic import Field, field_validator

from rabisco import assistant
from rabisco.assistant import Message
from rabisco.errors import N_, AssistantFailedError, AssistantQuotaError, AssistantTimeoutError, BusyError
from rabisco.web.assistant.answering import (
    AssistantAnswer,
    asks_model,
    from_documentation,
    from_model,
    keep,
    may_ask,
    note_cost,
    repeated,
    streamed,
)
from rabisco.web.assistant.question import MOST_CHARACTERS, DocumentedQuestion, Question, asked
from rabisco.web.platform import schemas
from rabisco.web.platform.fields import Fields, Requests, given, refused
from rabisco.web.platform.languages import chosen, translated
from rabisco.web.platform.outages import known
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint, app_settings
from rabisco.web.platform.streams import Event, events
from rabisco.web.platform.visitors import new_visitor, remember
from rabisco.web.platform.visitors import visitor as this_visitor

blueprint = DocumentedBlueprint("assistant", __name__)


# The page of the documentation -> where that is done on these pages.
_PLACES = {
    "training": "train.train_page",
    "your-data": "train.train_page",
    "runs": "runs.list_runs",
    "artifacts": "models.list_models",
    "measurements": "compare.compare_models",
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


class AskingPage(Fields):
    """A question that stands in the form, and the page that the visitor came from."""

    requests: ClassVar[Requests] = ({"question": "What is overfitting?", "from": "/train"},)

    question: str = Field("", max_length=MOST_CHARACTERS)
    came_from: str = Field("", alias="from", max_length=300)

    @field_validator("came_from")
    @classmethod
    def _path(cls, path: str) -> str:
        if path and not re.match("/(?!/)", path):
            raise refused(
                N_("a path of this server was expected, such as /train, received “%(text)s”"), text=path[:40]
            )
        return path


@blueprint.get(
    "/assistance",
    operation="assistant_page_in_french",
    summary=lazy_gettext("The same page under its French name."),
    same_as="/assistant",
    page=True,
    receives=AskingPage,
    problems=(507,),
)
@blueprint.get(
    "/assistant",
    summary=lazy_gettext("The page on which a question is asked, with the conversation so far."),
    page=True,
    receives=AskingPage,
    problems=(507,),
)
def assistant_page() -> Answered:
    """Show the conversation and the form for a question."""
    asked = given(AskingPage)
    return _page(asked.question, came_from=asked.came_from)


@blueprint.get(
    "/model",
    summary=lazy_gettext(
        "Answers a question: by the language model that the server is connected to, else, or with "
        "“source=documentation”, by the documentation."
    ),
    examples=("curl -G --data-urlencode 'question=What is overfitting?' {url}/model",),
    answer=AssistantAnswer,
    page=True,
    receives=DocumentedQuestion,
    problems=(400, 502, 503, 504, 507),
)
def ask_assistant() -> Answered:
    """Answer one question: with a page in a browser, else with JSON."""
    return _answered(asked(DocumentedQuestion))


@blueprint.post(
    "/assistant/messages",
    summary=lazy_gettext(
        "The same with what the question is about: the “page” and the “readings” of a drawing. For “Accept: "
        "text/event-stream” the answer comes piece by piece."
    ),
    examples=("""curl --json '{{"question": "What is overfitting?"}}' {url}/assistant/messages""",),
    answer=AssistantAnswer,
    page=True,
    receives=Question,
    problems=(400, 408, 413, 422, 502, 503, 504, 507),
    open="without the access token only the documentation answers",
)
def send_question() -> Answered:
    """Answer one question, as it comes where the client takes server-sent events."""
    question = asked(Question)
    if "text/event-stream" not in request.headers.get("Accept", ""):
        return _answered(question)
    token, visitor = new_visitor()
    if asks_model(question):
        response = events(streamed(question, visitor))
    else:
        message = keep(visitor, question, from_documentation(question))
        response = events(iter([Event(AssistantAnswer.of(message).model_dump(), "done")]))
    remember(response, token)
    return response


@blueprint.post(
    "/assistant/clear",
    summary=lazy_gettext("Deletes the conversation of this browser for good."),
    examples=("curl -b cookies.txt -X POST {url}/assistant/clear",),
    answer=schemas.Deleted,
    page=True,
    problems=(507,),
    open="each browser reaches only its own",
)
def clear_conversation() -> Answered:
    """Delete this browser's conversation."""
    assistant.clear(this_visitor())
    return redirect_or_answer(url_for("assistant.assistant_page"), lambda: schemas.Deleted(deleted="conversation"))


def _page(
    question: str = "",
    problem: str = "",
    status: int = 200,
    visitor: str = "",
    came_from: str = "",
    *,
    unkept: tuple[Message, ...] = (),
) -> Answered:
    settings, came_from = app_settings(), came_from or _referring_path()
    so_far = known(lambda: assistant.latest(visitor or this_visitor()), [], programs=True)
    page = render_template(
        "assistant/assistant.html",
        question=question,
        problem=problem,
        messages_so_far=[_shown(message) for message in (*so_far, *unkept)],
        suggested=_suggested(came_from),
        came_from=came_from,
        connected=assistant.is_configured(settings),
        may_ask=may_ask(settings),
        model_name=settings.assistant_model,
        most_characters=MOST_CHARACTERS,
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answered(question: Question) -> Answered:
    """Answer at once; where that fails, a browser gets its question back."""
    token, visitor = new_visitor()
    known = bool(this_visitor())
    try:
        message = repeated(question, visitor) if known and request.method == "GET" else None
        if message is None:
            message = from_model(question, visitor) if asks_model(question) else from_documentation(question)
            if known or wants_page():
                message = keep(visitor, question, message)
            else:
                note_cost(message.tokens)
    except (AssistantFailedError, AssistantTimeoutError, AssistantQuotaError, BusyError) as error:
        if not wants_page():
            raise
        status = {AssistantTimeoutError: 504, AssistantQuotaError: 429, BusyError: 503}.get(type(error), 502)
        return _page(question.question, translated(error.sentence), status)
    if not wants_page():
        return AssistantAnswer.of(message)
    if not message.details.get("kept", True):
        return _page(visitor=visitor, unkept=(Message("user", question.question), message))
    if request.method == "GET":
        response = make_response(_page(visitor=visitor))
    else:
        response = make_response(redirect(url_for("assistant.assistant_page", _anchor="latest"), 303))
    remember(response, token)
    return response


def _shown(message: Message) -> dict[str, Any]:
    """Return a message as the page shows it: an answer as safe HTML, with links to where things are done."""
    if message.role != "assistant":
        return {"role": message.role, "text": message.text}
    pages = [{**page, "address": place_of(page["page"])} for page in message.details.get("pages", [])]
    return {
        **AssistantAnswer.of(message).model_dump(),
        "role": "assistant",
        "pages": pages,
        "stopped": message.details.get("stopped", False),
    }


def place_of(page: str) -> str:
    """Return the address on these pages that a page of the documentation is about; empty if there is none."""
    return url_for(_PLACES[page]) if page in _PLACES else ""


def _referring_path() -> str:
    """Return the path of the page of ours that the visitor came from, or an empty string."""
    before = urlsplit(request.referrer or "")
    return before.path[:300] if before.netloc == request.host else ""


def _suggested(came_from: str) -> list[str]:
    questions = assistant.questions(chosen())
    numbers = next((chosen_ for starts, chosen_ in _SUGGESTED if came_from.startswith(starts)), (0, 7, 10, 31))
    return [questions[number].title for number in numbers if number < len(questions)]
