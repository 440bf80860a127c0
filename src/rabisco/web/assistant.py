"""``GET /assistant`` and ``GET /model``: a question asked on a page, and its answer."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from rabisco.errors import AssistantUnavailableError, InvalidRequestError
from rabisco.web.problems import wants_page
from rabisco.web.routing import route

blueprint = Blueprint("assistant", __name__)


@route(
    blueprint,
    "GET",
    "/assistance",
    "assistant_page_in_french",
    lazy_gettext("The same page under its French name."),
    ("curl {url}/assistance",),
    page=True,
)
@route(
    blueprint,
    "GET",
    "/assistant",
    "assistant_page",
    lazy_gettext("The page on which a question is asked."),
    ("curl {url}/assistant",),
    page=True,
    query=("question",),
)
def index() -> ResponseReturnValue:
    """Show the form for a question."""
    return render_template("assistant.html", question=_question())


@route(
    blueprint,
    "GET",
    "/model",
    "ask_assistant",
    lazy_gettext("Takes the question of that page; answers 503 until an assistant is configured."),
    ("curl -G --data-urlencode 'question=Why is a 7 read as a 1?' {url}/model",),
    page=True,
    query=("question",),
    problems=(400, 503),
    guarded=True,
)
def answer() -> ResponseReturnValue:
    """Say that there is no assistant; the page keeps the question.

    Raises:
        InvalidRequestError: There is no question.
        AssistantUnavailableError: No assistant is configured.
    """
    if not _question():
        raise InvalidRequestError(gettext("expected a question as “question”, received none; write one"))
    if wants_page():
        return render_template("assistant.html", question=_question(), asked=True), 503
    raise AssistantUnavailableError(gettext("no assistant is configured on this server; ask whoever runs it"))


def _question() -> str:
    return request.args.get("question", "").strip()
