"""``/about``: what five courses asked for, criterion by criterion, each looked up as the page is asked for."""

from datetime import UTC, datetime

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from rabisco import __version__
from rabisco.web.about.criteria import DOCUMENTS

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def index() -> ResponseReturnValue:
    """Show every criterion with whether it is met and where that can be seen."""
    return render_template("about.html", documents=DOCUMENTS, version=__version__)


@blueprint.get("/about/report.md")
def report() -> ResponseReturnValue:
    """Return the same as a file to hand in."""
    text = render_template("about.md", documents=DOCUMENTS, version=__version__, now=datetime.now(UTC))
    headers = {"Content-Disposition": "attachment; filename=rabisco-report.md"}
    return Response(text, mimetype="text/markdown", headers=headers)
