"""``GET /assistant`` and ``GET /model``: a question asked on a page, and its answer."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from rabisco.errors import AssistantUnavailableError, InvalidRequestError
from rabisco.web.problems import wants_page

blueprint = Blueprint("assistant", __name__)


@blueprint.get("/assistant")
def index() -> ResponseReturnValue:
    """Show the form for a question."""
    return render_template("assistant.html", question=_question())


@blueprint.get("/model")
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
